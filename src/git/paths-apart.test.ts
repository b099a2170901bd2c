import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { IndexFormatError } from "./index-entries.ts";
import { pathsApart } from "./paths-apart.ts";

const id = "1".repeat(40);

/** What is apart between an index with these files and one in which git was given these orders. */
function world(files: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), "longhaul-index-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const git = (input: string, ...words: string[]) => execFileSync("git", ["-C", folder, ...words], { input });
  git("", "init", "--quiet");
  const read = () => readFileSync(join(folder, ".git", "index"));
  const add = (lines: readonly string[]) => git(`${lines.join("\n")}\n`, "update-index", "--index-info");
  add(files.map((path) => `100644 ${id}\t${path}`));
  const ours = read();
  return {
    git,
    read,
    add,
    write: (text: string) => writeFileSync(join(folder, "f"), text),
    apart: () => pathsApart(ours, read(), id),
  };
}

test("paths that only one of two indexes has are told, whatever lies between them", async () => {
  const { git, add, apart } = world(["a.b", "a/b", "dir/x", "dir/y", "m", "z"]);
  expect(await apart()).toEqual({ onlyOurs: [], onlyTheirs: [] });
  git("", "update-index", "--force-remove", "dir/y", "m", "z");
  add(["100755 " + id + "\ta.b", `100644 ${id}\t0`, `100644 ${id}\ta/b0`, `100644 ${id}\tzz`, `160000 ${id}\tmodule`]);
  expect(await apart()).toEqual({ onlyOurs: ["dir/y", "m", "z"], onlyTheirs: ["0", "a/b0", "zz"] });
});

test("in the middle of a merge a path is one, however many entries it has", async () => {
  const { git, add, apart } = world(["a", "b", "c"]);
  git("", "update-index", "--force-remove", "b");
  add(["b", "new"].flatMap((path) => [1, 2, 3].map((stage) => `100644 ${id} ${stage}\t${path}`)));
  expect(await apart()).toEqual({ onlyOurs: [], onlyTheirs: ["new"] });
});

test("an index that is no whole list of what is checked out tells nothing", async () => {
  const { git, add, write, apart } = world(["a", "f"]);
  write("f\n");
  git("", "update-index", "--skip-worktree", "f");
  expect(await apart()).toBeNull();
  git("", "update-index", "--no-skip-worktree", "f");
  add([`100644 ${id}\tb`]);
  git("", "update-index", "--split-index");
  git("", "update-index", "--force-remove", "a");
  expect(await apart()).toBeNull();
  git("", "update-index", "--no-split-index", "--index-version", "4");
  await expect(apart()).rejects.toThrow(IndexFormatError);
  git("", "update-index", "--index-version", "2");
  expect(await apart()).toEqual({ onlyOurs: ["a"], onlyTheirs: ["b"] });
  git("", "rm", "--quiet", "--cached", "-r", "-f", ".");
  expect(await apart()).toBeNull();
});

test("wherever an index is cut, and whatever it claims, no more of it is told than it has", async () => {
  const { read } = world(["a", "b", "c"]);
  const whole = read();
  const long = Buffer.from(whole);
  long.writeUInt32BE(2 ** 32 - 1, 8);
  const outcomes = await Promise.allSettled(
    [...whole.keys()].map((end) => pathsApart(whole, whole.subarray(0, end), id)).concat(pathsApart(whole, long, id)),
  );
  const told = outcomes.map((one) => (one.status === "rejected" ? (one.reason as Error).name : one.value));
  const allowed: unknown[] = ["IndexFormatError", "RangeError"];
  expect(told.filter((one) => !allowed.includes(one))).toEqual(
    told.filter((one) => !allowed.includes(one)).map(() => ({ onlyOurs: [], onlyTheirs: [] })),
  );
  expect(outcomes.filter(({ status }) => status === "rejected").length).toBeGreaterThan(200);
});
