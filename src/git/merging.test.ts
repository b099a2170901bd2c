/** Content: what lands equals what git's own merge makes of it. */
import { chmod, mkdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import type { RunId } from "../domain/ids.ts";
import type { Workspace } from "../engine/ports.ts";
import { makeGitWorld, put, userGit, type GitWorld } from "./git-world.testsuite.ts";
import { exists } from "./remove-tree.ts";
import { landNow, named, runA, submission } from "./trunk-steps.testsuite.ts";

// Many processes on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let world: GitWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

type Edit =
  | { kind: "line"; file: number; line: number; text: string }
  | { kind: "remove"; file: number }
  | { kind: "move"; file: number }
  | { kind: "add"; name: string; text: string };

const filesOfBase = Object.fromEntries(
  ["a.txt", "dir/b.txt", "dir/c.txt"].map((name) => [
    name,
    Array.from({ length: 12 }, (_, i) => `${name} ${i}`).join("\n") + "\n",
  ]),
);
const names = Object.keys(filesOfBase);
const fileIndex = fc.integer({ min: 0, max: names.length - 1 });
const text = fc.constantFrom("x", "y");
const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("line" as const),
      file: fileIndex,
      line: fc.integer({ min: 0, max: 11 }),
      text,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove" as const), file: fileIndex }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("move" as const), file: fileIndex }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("add" as const),
      name: fc.constantFrom("n.txt", "dir/m.txt", "a.txt/deep"),
      text,
    }),
  },
);

async function apply(root: string, edits: Edit[]): Promise<void> {
  for (const one of edits) {
    if (one.kind === "add") {
      const parent = join(root, dirname(one.name));
      if (dirname(one.name) === "a.txt") await rm(parent, { recursive: true, force: true });
      await mkdir(parent, { recursive: true });
      await writeFile(join(root, one.name), `${one.text}\n`);
      continue;
    }
    const path = join(root, names[one.file] ?? "");
    const there = await stat(path).catch(() => null);
    if (!there?.isFile()) continue;
    if (one.kind === "remove") await rm(path);
    else if (one.kind === "move") await rename(path, `${path}.moved`);
    else {
      const lines = (await readFile(path, "utf8")).split("\n");
      lines[one.line] = one.text;
      await writeFile(path, lines.join("\n"));
    }
  }
}

test("work of several from one base, landed in turn, equals git merge: the same tree, or a conflict in both", async () => {
  world = await makeGitWorld(filesOfBase);
  const { trunk, base, repository } = world;
  let runs = 0;
  const property = fc.asyncProperty(
    fc.array(fc.array(edit, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 3 }),
    async (workers) => {
      const run = `prop-${++runs}` as RunId;
      await trunk.begin(run, base);
      await userGit(repository, "checkout", "-q", "-f", "-B", "merged", base);
      for (const [n, edits] of workers.entries()) {
        await userGit(repository, "checkout", "-q", "-f", "-B", `worker-${n}`, base);
        await apply(repository, edits);
        await userGit(repository, "add", "-A");
        await userGit(repository, "commit", "-q", "--allow-empty", "-m", "work");
        const workspace = await trunk.openWorkspace(run, named(n + 1), base);
        await apply(workspace.path, edits);
        const answer = await landNow(trunk, run, workspace, submission(n + 1));
        await userGit(repository, "checkout", "-q", "-f", "merged");
        // Squashed like a landing, so that the next merge has the same base.
        const conflict = await userGit(repository, "merge", "-q", "--squash", `worker-${n}`).then(
          () => false,
          () => true,
        );
        expect(answer.kind === "conflict").toBe(conflict);
        if (conflict) await userGit(repository, "reset", "-q", "--hard");
        else await userGit(repository, "commit", "-q", "--allow-empty", "-m", "squashed");
        await userGit(repository, "clean", "-fdq", "-e", ".longhaul");
        const ours = await userGit(join(repository, ".longhaul", "trunk.git"), "rev-parse", `refs/heads/${run}^{tree}`);
        expect(ours).toBe(await userGit(repository, "rev-parse", "merged^{tree}"));
        await workspace.remove();
      }
    },
  );
  await fc.assert(property, { numRuns: 20 });
});

async function collide(
  files: { [path: string]: string | Buffer },
  first: { [path: string]: string | Buffer },
  second: (workspace: Workspace) => Promise<unknown>,
) {
  world = await makeGitWorld(files);
  const { trunk, base } = world;
  await trunk.begin(runA, base);
  const one = await trunk.openWorkspace(runA, named(1), base);
  const two = await trunk.openWorkspace(runA, named(2), base);
  await put(one.path, first);
  await second(two);
  expect(await landNow(trunk, runA, one, submission(1))).toMatchObject({ kind: "landed" });
  const answer = await landNow(trunk, runA, two, submission(2));
  return { trunk, two, answer, tip: await trunk.tip(runA) };
}

test("a binary conflict leaves the trunk's version in place and gives all three", async () => {
  const bytes = (last: number) => Buffer.from([0, 1, 2, 255, last]);
  const { trunk, two, answer, tip } = await collide({ "x.bin": bytes(0) }, { "x.bin": bytes(1) }, (mine) =>
    put(mine.path, { "x.bin": bytes(2) }),
  );
  expect(answer).toMatchObject({ kind: "conflict", files: ["x.bin"] });
  const { files } = await trunk.placeConflict(two, tip);
  const versions = await Promise.all(
    [files[0]?.base, files[0]?.trunk, files[0]?.yours].map((path) => readFile(path ?? "")),
  );
  expect(versions).toEqual([bytes(0), bytes(1), bytes(2)]);
  expect(await readFile(join(two.path, "x.bin"))).toEqual(bytes(1));
  // Nothing in it says that there is a conflict.
  await put(two.path, { "a.txt": "a\n" });
  const why = /^x\.bin: it cannot be merged as text, so the trunk's version is in place.*\(task t1 in commit \w+\)/;
  const told = { kind: "refused", reasons: [expect.stringMatching(why)] };
  expect(await landNow(trunk, runA, two, submission(2))).toEqual(told);
  await put(two.path, { "x.bin": bytes(3) });
  expect(await landNow(trunk, runA, two, submission(2))).toMatchObject({ kind: "landed", files: ["a.txt", "x.bin"] });
});

test("a file renamed here and changed there follows the rename", async () => {
  const long = Array.from({ length: 30 }, (_, i) => `l${i}`).join("\n");
  const { answer, two } = await collide({ "a.txt": long }, { "a.txt": `${long}\nmore` }, (mine) =>
    rename(join(mine.path, "a.txt"), join(mine.path, "z.txt")),
  );
  expect(answer).toMatchObject({ kind: "landed", files: ["a.txt", "z.txt"] });
  expect(two.base).toBe(world?.base);
});

test("a file here and a folder there: both names are reported, and the next landing goes through", async () => {
  const { trunk, two, answer, tip } = await collide({ "a.txt": "a\n" }, { "n/x.txt": "x\n" }, (mine) =>
    put(mine.path, { n: "file\n" }),
  );
  expect(answer.kind).toBe("conflict");
  const { files } = await trunk.placeConflict(two, tip);
  expect(files.map(({ path }) => path)).toEqual(["n~yours"]);
  expect(await readFile(join(two.path, "n~yours"), "utf8")).toBe("file\n");
  expect(await landNow(trunk, runA, two, submission(2))).toMatchObject({
    kind: "refused",
    reasons: [expect.stringMatching(/^n~yours: git has set it aside under this name/)],
  });
  await rename(join(two.path, "n~yours"), join(two.path, "n", "y.txt"));
  expect(await landNow(trunk, runA, two, submission(2))).toMatchObject({ kind: "landed", files: ["n/y.txt"] });
});

test("a link in place of a folder that was worked in: the trunk's does not land under another name", async () => {
  const long = Array.from({ length: 20 }, (_, i) => `l${i}`).join("\n");
  world = await makeGitWorld({ "d/a.txt": long, "e/x.txt": "x\n", "own~yours": "1\n" });
  const { trunk, base, state } = world;
  await trunk.begin(runA, base);
  const [one, two] = [await trunk.openWorkspace(runA, named(1), base), await trunk.openWorkspace(runA, named(2), base)];
  await rm(join(one.path, "d"), { recursive: true });
  await symlink("e", join(one.path, "d"));
  await put(one.path, { "own~yours": "2\n" });
  await put(two.path, { "d/a.txt": `${long}\nmine`, "own~yours": "3\n" });
  const land = (workspace: Workspace, n: number) => landNow(trunk, runA, workspace, submission(n));
  expect(await land(one, 1)).toMatchObject({ kind: "landed" });
  expect(await land(two, 2)).toMatchObject({ kind: "conflict" });
  await trunk.placeConflict(two, await trunk.tip(runA));
  await put(two.path, { "own~yours": "2, 3\n" });
  const refused = { kind: "refused", reasons: [expect.stringMatching(/^d~trunk: git has set it aside/)] };
  expect([await land(two, 2), await land(two, 2)]).toMatchObject([refused, refused]);
  await rm(join(two.path, "d"), { recursive: true });
  await rename(join(two.path, "d~trunk"), join(two.path, "d"));
  await put(two.path, { "e/x.txt": "x\nmine\n" });
  expect(await land(two, 2)).toMatchObject({ kind: "landed", files: ["e/x.txt", "own~yours"] });
  expect(await userGit(join(state, "trunk.git"), "ls-tree", `refs/heads/${runA}`, "d")).toMatch(/^120000 /);
});

test("text that has marker lines of its own may keep them", async () => {
  const own = "Title\n=======\n\n<<<<<<< HEAD is how a conflict looks\n";
  const { trunk, two, tip } = await collide({ "a.md": own }, { "a.md": `one\n${own}` }, (mine) =>
    put(mine.path, { "a.md": `two\n${own}` }),
  );
  await trunk.placeConflict(two, tip);
  expect(await landNow(trunk, runA, two, submission(2))).toMatchObject({
    kind: "refused",
    reasons: [expect.stringContaining("a.md: conflict markers are left (`<<<<<<< trunk`, `>>>>>>> yours`)")],
  });
  await put(two.path, { "a.md": `one two\n${own}` });
  expect(await landNow(trunk, runA, two, submission(2))).toMatchObject({ kind: "landed" });
});

test("ignored files outlive a placed conflict, and the worker's git is clean on the new base", async () => {
  const { trunk, two, tip } = await collide(
    { "a.txt": "a\n", ".gitignore": "node_modules/\n*.log\n" },
    { "a.txt": "1\n" },
    (mine) => put(mine.path, { "a.txt": "2\n", "node_modules/x/index.js": "x", "build.log": "log" }),
  );
  await trunk.placeConflict(two, tip);
  expect([await exists(join(two.path, "node_modules/x/index.js")), await exists(join(two.path, "build.log"))]).toEqual([
    true,
    true,
  ]);
  expect(await userGit(two.path, "rev-parse", "HEAD")).toBe(tip);
  expect(two.base).toBe(tip);
});

test("line ends are normalized as .gitattributes says, and an untouched CRLF file is no change", async () => {
  world = await makeGitWorld({
    ".gitattributes": "* text=auto\n*.bat text eol=crlf\n",
    "run.bat": "one\ntwo\n",
    "a.txt": "a\n",
  });
  const { trunk, base, state } = world;
  await trunk.begin(runA, base);
  const workspace = await trunk.openWorkspace(runA, named(1), base);
  expect(await readFile(join(workspace.path, "run.bat"), "utf8")).toBe("one\r\ntwo\r\n");
  expect(await landNow(trunk, runA, workspace, submission(1))).toMatchObject({ kind: "unchanged" });
  await put(workspace.path, { "a.txt": "a\r\nb\r\n", "run.bat": "one\r\n2\r\n" });
  expect(await landNow(trunk, runA, workspace, submission(1))).toMatchObject({
    kind: "landed",
    files: ["a.txt", "run.bat"],
  });
  expect(await userGit(join(state, "trunk.git"), "show", `refs/heads/${runA}:a.txt`)).toBe("a\nb");
  expect(await userGit(join(state, "trunk.git"), "show", `refs/heads/${runA}:run.bat`)).toBe("one\n2");
});

test("a file that was never normalized is no change of whoever has not changed it", async () => {
  world = await makeGitWorld({ "old.txt": "one\r\ntwo\r\n", "tool.txt": "one\r\n", "a.txt": "a\n" });
  const { trunk, repository, state } = world;
  await put(repository, { ".gitattributes": "*.txt text\n" });
  await userGit(repository, "add", ".gitattributes");
  await userGit(repository, "commit", "-q", "-m", "attributes");
  const { base } = await trunk.resolveBase();
  await trunk.begin(runA, base);
  const workspace = await trunk.openWorkspace(runA, named(1), base);
  // Whoever writes what is there makes git look at it, as it does of itself at files as young as the index.
  await put(workspace.path, { "old.txt": "one\r\ntwo\r\n", "a.txt": "b\n" });
  await chmod(join(workspace.path, "tool.txt"), 0o755);
  const answer = await landNow(trunk, runA, workspace, submission(1));
  expect(answer).toMatchObject({ kind: "landed", files: ["a.txt", "tool.txt"] });
  const show = (path: string) => userGit(join(state, "trunk.git"), "show", `refs/heads/${runA}:${path}`);
  expect([await show("old.txt"), await show("tool.txt")]).toEqual(["one\r\ntwo\r", "one\r"]);
  await put(workspace.path, { "old.txt": "one\r\n2\r\n" });
  expect(await landNow(trunk, runA, workspace, submission(2))).toMatchObject({ kind: "landed" });
  expect(await show("old.txt")).toBe("one\n2");
});

test("the exec bit lands, and a tracked file that became ignored stays tracked", async () => {
  world = await makeGitWorld({ "tool.sh": "#!/bin/sh\n", "kept.log": "1\n" });
  const { trunk, base, state } = world;
  await trunk.begin(runA, base);
  const workspace = await trunk.openWorkspace(runA, named(1), base);
  await chmod(join(workspace.path, "tool.sh"), 0o755);
  await put(workspace.path, { ".gitignore": "*.log\n", "kept.log": "2\n", "new.log": "n\n" });
  expect(await landNow(trunk, runA, workspace, submission(1))).toMatchObject({
    kind: "landed",
    files: [".gitignore", "kept.log", "tool.sh"],
  });
  expect(await userGit(join(state, "trunk.git"), "ls-tree", `refs/heads/${runA}`, "tool.sh")).toMatch(/^100755 /);
});

test("what the worker commits in its own .git is in its files, so it lands", async () => {
  world = await makeGitWorld({ "a.txt": "a\n" });
  const { trunk, base } = world;
  await trunk.begin(runA, base);
  const workspace = await trunk.openWorkspace(runA, named(1), base);
  await put(workspace.path, { "a.txt": "mine\n" });
  await userGit(workspace.path, "commit", "-qam", "my own");
  expect(await userGit(workspace.path, "blame", "-s", "a.txt")).toMatch(/mine/);
  expect(await landNow(trunk, runA, workspace, submission(1))).toMatchObject({ kind: "landed", files: ["a.txt"] });
});
