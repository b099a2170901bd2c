/** Random edits of a workspace's files, for properties. */
import * as fc from "fast-check";
import { chmod, cp, lstat, mkdir, rename, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import type { Workspace } from "../engine/ports.ts";
import { put, userGit, type GitWorld } from "./git-world.testsuite.ts";
import { exists, removeTree } from "./remove-tree.ts";
import { runA } from "./trunk-steps.testsuite.ts";

/** What the edits begin with: each file holds its name. */
export const editedFiles = ["a", "d/a.o", "d/b", "d/e/x", "d/e/y", "d/build/z", "f/g/h", "ü/f"];
const parts = ["a", "b", "d", "e", "f", "g", "x", "build", "n.o", "ü"];
const path = fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 3 }).map((names) => names.join("/"));
const known = fc.constantFrom(...editedFiles, "d", "d/e", "f", "f/g", "d/build");
const place = fc.oneof(path, known);

export const randomEdit = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("write" as const), at: place, text: fc.constantFrom("1", "2") }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("remove" as const), at: place }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("rename" as const), at: place, to: place }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("folder" as const), at: place }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("chmod" as const), at: place, mode: fc.constantFrom(0o755, 0o644) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("link" as const), at: place, to: fc.constantFrom("a", "d", "x/y") }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restore" as const), at: fc.constantFrom(...editedFiles) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("ignore" as const),
      at: fc.constantFrom(".gitignore", "d/.gitignore", "d/e/.gitignore"),
      text: fc.constantFrom("*.o\n", "build/\n!x\n", "e\n", "/d/*\n", "[!a]x\n"),
    }),
  },
);
export type Edit = typeof randomEdit extends fc.Arbitrary<infer E> ? E : never;

const folders = fc.constantFrom("d", "d/e", "d/build", "f", "f/g", "ü", "n", "a");
/** What a worker has its own git do; it may have reasons not to. */
export const randomOrder = fc.oneof(
  fc.record({
    kind: fc.constant("git" as const),
    args: folders.map((at) => ["sparse-checkout", "add", "--skip-checks", at]),
  }),
  fc.record({
    kind: fc.constant("git" as const),
    args: folders.map((at) => ["sparse-checkout", "set", "--skip-checks", at]),
  }),
  fc.record({ kind: fc.constant("git" as const), args: folders.map((at) => ["rm", "-rqf", "--sparse", at]) }),
  fc.record({
    kind: fc.constant("git" as const),
    args: folders.map((at) => ["rm", "-rq", "--cached", "--sparse", at]),
  }),
  fc.record({ kind: fc.constant("git" as const), args: folders.map((at) => ["add", "-f", "--sparse", at]) }),
  fc.record({
    kind: fc.constant("git" as const),
    args: fc.constantFrom(
      ["sparse-checkout", "disable"],
      ["sparse-checkout", "reapply"],
      ["sparse-checkout", "init", "--cone", "--sparse-index"],
      ["commit", "-qam", "own"],
      ["reset", "-q", "--hard"],
      ["reset", "-q"],
      ["reset", "-q", "--soft", "HEAD~1"],
      ["checkout", "-q", "HEAD~1"],
      ["revert", "--no-edit", "HEAD"],
    ),
  }),
);

/** Nothing in the way: what stands above `at` as a file is gone, and so is what is there. */
async function makeWay(root: string, at: string): Promise<void> {
  const names = at.split("/");
  for (let depth = 1; depth <= names.length; depth++) {
    const above = join(root, ...names.slice(0, depth));
    const isFolder = depth < names.length && (await isRealFolder(above));
    if (!isFolder) await removeTree(above);
  }
  await mkdir(dirname(join(root, at)), { recursive: true });
}

const isRealFolder = async (at: string) => {
  return (await exists(at)) && (await lstat(at)).isDirectory();
};
const isLink = async (at: string) => (await lstat(at)).isSymbolicLink();

/** The way to it leads through no link. */
async function isHere(root: string, at: string): Promise<boolean> {
  const names = at.split("/");
  for (let depth = 1; depth < names.length; depth++)
    if (!(await isRealFolder(join(root, ...names.slice(0, depth))))) return false;
  return exists(join(root, at));
}

export async function applyEdit(root: string, one: Edit): Promise<void> {
  const at = join(root, one.at);
  switch (one.kind) {
    case "write":
    case "ignore":
      await makeWay(root, one.at);
      return put(root, { [one.at]: `${one.text}\\n` });
    case "restore":
      await makeWay(root, one.at);
      return put(root, { [one.at]: `${one.at}\\n` });
    case "folder":
      await makeWay(root, one.at);
      await mkdir(at);
      return;
    case "link":
      await makeWay(root, one.at);
      return symlink(one.to, at);
    case "remove":
      if (await isHere(root, one.at)) await rm(at, { recursive: true });
      return;
    case "chmod":
      if ((await isHere(root, one.at)) && !(await isRealFolder(at)) && !(await isLink(at))) await chmod(at, one.mode);
      return;
    case "rename":
      if (
        !(await isHere(root, one.at)) ||
        `${one.to}/`.startsWith(`${one.at}/`) ||
        `${one.at}/`.startsWith(`${one.to}/`)
      )
        return;
      await makeWay(root, one.to);
      // An overlay refuses it for folders that lie below, as between two disks: then programs copy.
      await rename(at, join(root, one.to)).catch(async () => {
        await cp(at, join(root, one.to), { recursive: true, verbatimSymlinks: true });
        await rm(at, { recursive: true });
      });
  }
}

/** Does the steps in the workspace and holds what is taken in against what its own git commits. Answers whether it was refused. */
export async function asGitWould(
  trunk: GitWorld["trunk"],
  workspace: Workspace,
  steps: readonly (Edit | Order)[],
): Promise<boolean> {
  for (const one of steps) {
    // git may have reasons not to.
    if (one.kind === "git") await userGit(workspace.path, ...one.args).catch(() => null);
    else await applyEdit(workspace.path, one);
  }
  const kept = await trunk.keep(runA, workspace);
  // An index that was emptied tells nothing.
  const isEmptied = (await userGit(workspace.path, "ls-files")) === "";
  await userGit(workspace.path, "add", "-A", "--sparse");
  const told = kept.ok ? (JSON.parse(kept.kept) as { tree: string }).tree : kept.reasons;
  expect(told).toEqual(kept.ok && !isEmptied ? await userGit(workspace.path, "write-tree") : told);
  await workspace.remove();
  return !kept.ok;
}

type Order = typeof randomOrder extends fc.Arbitrary<infer O> ? O : never;
