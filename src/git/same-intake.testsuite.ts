/** Whatever a worker does, an overlay tells the same changes as a folder of copies in which every file is looked at. */
import * as fc from "fast-check";
import { chmod, cp, lstat, mkdir, rename, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import type { TakenIn, Workspace } from "../engine/ports.ts";
import type { GitChange } from "./change.ts";
import { openAt, put, userGit, type GitWorld } from "./git-world.testsuite.ts";
import { exists, removeTree } from "./remove-tree.ts";
import { landNow, named, runA, submission } from "./trunk-steps.testsuite.ts";

const files = ["a", "d/a.o", "d/b", "d/e/x", "d/e/y", "d/build/z", "f/g/h", "ü/f"];
const parts = ["a", "b", "d", "e", "f", "g", "x", "build", "n.o", "ü"];
const path = fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 3 }).map((names) => names.join("/"));
const known = fc.constantFrom(...files, "d", "d/e", "f", "f/g", "d/build");
const place = fc.oneof(path, known);

const edit = fc.oneof(
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
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restore" as const), at: fc.constantFrom(...files) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("ignore" as const),
      at: fc.constantFrom(".gitignore", "d/.gitignore", "d/e/.gitignore"),
      text: fc.constantFrom("*.o\n", "build/\n!x\n", "e\n", "/d/*\n", "[!a]x\n"),
    }),
  },
);
type Edit = typeof edit extends fc.Arbitrary<infer E> ? E : never;

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

async function apply(root: string, one: Edit): Promise<void> {
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

/** What takes place of the commit below: the layers of an overlay are then more than one. */
const landedBefore: Edit[] = [
  { kind: "remove", at: "d/e" },
  { kind: "write", at: "d/e", text: "1" },
  { kind: "remove", at: "f" },
  { kind: "write", at: "f/n/h", text: "1" },
  { kind: "write", at: "a", text: "2" },
];

const plainOf = (taken: TakenIn) =>
  taken.kind !== "taken"
    ? taken
    : { kind: taken.kind, edits: [...(taken.change as GitChange).edits].toSorted(([a], [b]) => (a < b ? -1 : 1)) };

/** `world` has overlays, and is empty but for a commit. */
export function testSameIntake(makeWorld: (files: { [path: string]: string }) => Promise<GitWorld>): void {
  test("an overlay tells what a copy tells, whatever is done to both", async () => {
    const world = await makeWorld(Object.fromEntries(files.map((name) => [name, `${name}\n`])));
    const { trunk } = world;
    await trunk.begin(runA, world.base);
    const copies = await openAt(world.repository);
    const opened = { overlays: trunk, copies };
    let sessions = 0;
    const open = async (kind: keyof typeof opened) =>
      opened[kind].openWorkspace(runA, named(++sessions), await trunk.tip(runA));
    const before = await open("overlays");
    // A base has to be there before the tip moves on from it.
    for (const one of landedBefore) await apply(before.path, one);
    expect(await landNow(trunk, runA, before, submission(1))).toMatchObject({ kind: "landed" });
    const kinds = new Set<string>();
    const property = fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 12 }), async (edits) => {
      const [overlay, copy]: [Workspace, Workspace] = [await open("overlays"), await open("copies")];
      expect(await userGit(overlay.path, "status", "--porcelain")).toBe("");
      for (const one of edits) {
        await apply(overlay.path, one);
        await apply(copy.path, one);
      }
      const [seen, wanted] = [plainOf(await trunk.takeIn(runA, overlay)), plainOf(await copies.takeIn(runA, copy))];
      expect(seen).toEqual(wanted);
      // Taken in again, nothing has changed.
      expect(plainOf(await trunk.takeIn(runA, overlay))).toEqual(wanted);
      kinds.add(wanted.kind);
      await Promise.all([overlay.remove(), copy.remove()]);
    });
    await fc.assert(property, { numRuns: 40 });
    expect(kinds).toContain("taken");
    await before.remove();
    await world.close();
  });

  test("a worker's git finds a clean tree on a tip that moved, and its history", async () => {
    const world = await makeWorld({ "d/a": "a\n", "d/b": "b\n", "e/c": "c\n" });
    const { trunk } = world;
    await trunk.begin(runA, world.base);
    const before = await trunk.openWorkspace(runA, named(1), world.base);
    await rm(join(before.path, "d"), { recursive: true });
    await put(before.path, { d: "now a file\n", "e/c": "changed\n", "n/m/o": "new\n" });
    await landNow(trunk, runA, before, submission(1));
    const after = await trunk.openWorkspace(runA, named(2), await trunk.tip(runA));
    expect(await userGit(after.path, "status", "--porcelain")).toBe("");
    expect(await userGit(after.path, "diff-files", "--name-only")).toBe("");
    expect(await userGit(after.path, "rev-parse", "HEAD")).toBe(await trunk.tip(runA));
    expect((await userGit(after.path, "log", "--format=%s")).split("\n")).toEqual(["Task 1", "base"]);
    await put(after.path, { "e/c": "mine\n" });
    await userGit(after.path, "commit", "-qam", "own");
    expect(await userGit(after.path, "status", "--porcelain")).toBe("");
    expect(await trunk.takeIn(runA, after)).toMatchObject({ kind: "taken", change: { files: ["e/c"] } });
    await world.close();
  });
}
