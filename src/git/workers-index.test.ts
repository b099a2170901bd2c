/** A worker's own git in a sparse workspace: what it tells is data, and where it tells nothing, what the engine checked out counts. */
import { execFileSync } from "node:child_process";
import { copyFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { put } from "./git-world.testsuite.ts";
import { files, git, held, sparseWorld, ui } from "./sparse-world.testsuite.ts";
import { landed, runA, work } from "./trunk-steps.testsuite.ts";

const at = sparseWorld();
const { open, landedFiles } = at;

/** What a worker may make of its own git. */
const broken: { [how: string]: (inside: (...path: string[]) => string) => unknown } = {
  gone: (inside) => rm(inside(), { recursive: true }),
  "a file": async (inside) => {
    await rm(inside(), { recursive: true });
    await writeFile(inside(), "gitdir: /etc\n");
  },
  "an index that is a link to a secret": async (inside) => {
    await rm(inside("index"));
    await symlink("/etc/passwd", inside("index"));
  },
  "an index behind a link": async (inside) => {
    await rename(inside(), join(at.world.repository, "..", "away"));
    await symlink(join(at.world.repository, "..", "away"), inside());
  },
  "an index that is a pipe": async (inside) => {
    await rm(inside("index"));
    execFileSync("mkfifo", [inside("index")]);
  },
  "an index that is huge": (inside) => truncate(inside("index"), 200 * 1024 * 1024),
  "an index that is cut": (inside) => truncate(inside("index"), 300),
  "an index that is empty": async (inside) => writeFile(inside("index"), Buffer.concat([head(0), Buffer.alloc(20)])),
  "an index that claims to be long": (inside) =>
    writeFile(inside("index"), Buffer.concat([head(2 ** 32 - 1), Buffer.alloc(9_000)])),
  "an index that is no index": (inside) => writeFile(inside("index"), Buffer.alloc(5_000, 0xff)),
  "an index with a path without end": (inside) =>
    writeFile(
      inside("index"),
      Buffer.concat([head(1), Buffer.alloc(62, 1), Buffer.alloc(50_000_000, "/"), Buffer.alloc(40)]),
    ),
  "a split index": (inside) =>
    execFileSync("git", ["-C", join(inside(), ".."), "-c", "index.sparse=false", "update-index", "--split-index"]),
  "an index of version 4": (inside) =>
    execFileSync("git", ["-C", join(inside(), ".."), "update-index", "--index-version=4"]),
  "patterns that are a pipe": async (inside) => {
    await rm(inside("info", "sparse-checkout"));
    execFileSync("mkfifo", [inside("info", "sparse-checkout")]);
  },
  "patterns that are a link": async (inside) => {
    await rm(inside("info", "sparse-checkout"));
    await symlink("/etc/passwd", inside("info", "sparse-checkout"));
  },
  "patterns of everything but one": (inside) => writeFile(inside("info", "sparse-checkout"), "/*\n!app\n!/top.txt\n"),
};

function head(count: number): Buffer {
  const header = Buffer.from("DIRC\0\0\0\x02\0\0\0\0", "latin1");
  header.writeUInt32BE(count, 8);
  return header;
}

describe("a worker's own git that tells nothing", () => {
  test.each(Object.keys(broken))("%s: what the engine checked out counts", async (how) => {
    const workspace = await open();
    await broken[how]?.((...path) => join(workspace.path, ".git", ...path));
    await put(workspace.path, { "app/ui/button.ts": "mine\n", "lib/list.ts": "mine\n" });
    await rm(join(workspace.path, "app/ui/deep/icon.ts"));
    const changed = ["app/ui/button.ts", "app/ui/deep/icon.ts", "lib/list.ts"];
    expect(await at.world.trunk.takeIn(runA, workspace)).toMatchObject({ kind: "taken", change: { files: changed } });
    const [first] = await work(at.world, 90, at.world.base, { "lib/list.ts": "theirs\n" });
    await at.world.trunk.placeConflict(workspace, landed(first).commit);
    expect(await git(workspace, "status", "--porcelain")).toBe(
      "M  app/ui/button.ts\nD  app/ui/deep/icon.ts\nM  lib/list.ts",
    );
    expect(await held(workspace)).toContain("lib/list.ts");
  });

  test("a sparse index of the worker's is understood", async () => {
    const workspace = await open();
    await git(workspace, "sparse-checkout", "init", "--cone", "--sparse-index");
    expect(await git(workspace, "ls-files", "--sparse", "lib")).toBe("lib/");
    expect(await at.world.trunk.takeIn(runA, workspace)).toEqual({ kind: "unchanged" });
    await git(workspace, "sparse-checkout", "add", "docs");
    await rm(join(workspace.path, "docs/guide.md"));
    await rm(join(workspace.path, "app/main.ts"));
    expect(await landedFiles(workspace)).toEqual(["app/main.ts", "docs/guide.md"]);
  });

  test("an index of another repository is no more than a change of its own worker's", async () => {
    const workspace = await open();
    await copyFile(join(at.world.repository, ".git", "index"), join(workspace.path, ".git", "index"));
    // It says that all is checked out, so what is not there is gone.
    expect((await landedFiles(workspace)).length).toBe(Object.keys(files).length - ui.length);
  });
});
