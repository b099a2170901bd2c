/** Nothing of a workspace reaches the next one that is made of its folder, however the folder was begun. */
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Workspace } from "../engine/ports.ts";
import { makeGitWorld, openAt, put, userGit, type GitWorld } from "./git-world.testsuite.ts";
import { exists } from "./remove-tree.ts";
import { landNow, named, runA, submission } from "./trunk-steps.testsuite.ts";

let world: GitWorld;
let opened = 0;
const open = async () => world.trunk.openWorkspace(runA, named(++opened), await world.trunk.tip(runA));
const numberOf = async (workspace: Workspace) => (await stat(workspace.path)).ino;

/** The next workspace, which is the folder of this one. */
async function again(workspace: Workspace): Promise<Workspace> {
  const number = await numberOf(workspace);
  await workspace.remove();
  const next = await open();
  expect(await numberOf(next)).toBe(number);
  return next;
}

/** Every path but those of the worker's git, with what it is. */
async function all(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const lines = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name).slice(root.length + 1);
    const mode = ((await lstat(join(root, path))).mode & 0o7777).toString(8);
    return entry.isFile() ? `${path} ${mode} ${await readFile(join(root, path), "utf8")}` : `${path}/ ${mode}`;
  });
  return (await Promise.all(lines)).filter((line) => !line.startsWith(".git/")).toSorted();
}

export function testPool(makeWorld: (files: { [path: string]: string }) => Promise<GitWorld> = makeGitWorld): void {
  describe("a pool of folders", () => {
    beforeEach(async () => {
      world = await makeWorld({
        "a.txt": "a\n",
        "b.txt": "b\n",
        "d/c.txt": "c\n",
        "d/e/f.txt": "f\n",
        ".gitignore": "out/\n",
      });
      await world.trunk.begin(runA, world.base);
    });
    afterEach(() => world.close());

    test("names that are no text do not stay", async () => {
      const first = await open();
      const odd = (name: string) => Buffer.from(`${first.path}/${name}`, "latin1");
      await writeFile(odd("file\xff"), "x");
      await mkdir(odd("folder\xff"));
      await writeFile(odd("folder\xff/x"), "x");
      const next = await again(first);
      expect((await readdir(next.path)).toSorted()).toEqual([".git", ".gitignore", "a.txt", "b.txt", "d"]);
      await next.remove();
    });

    test("an engine that slept through a take-over touches nothing of who has its workspaces' names now", async () => {
      const { trunk } = world;
      await trunk.clearLeftovers(runA);
      const late = await open();
      const second = await openAt(world.repository);
      await second.clearLeftovers(runA);
      const workspace = await second.openWorkspace(runA, late.name, world.base);
      await put(workspace.path, { "own.txt": "own\n" });
      const before = await all(workspace.path);
      await late.remove();
      await expect(trunk.openWorkspace(runA, late.name, world.base)).rejects.toThrow(/taken over/);
      await expect(trunk.prepare(runA, late.name, world.base, () => Promise.resolve(true))).rejects.toThrow(
        /taken over/,
      );
      expect(await all(workspace.path)).toEqual(before);
      expect(await second.takeIn(runA, workspace)).toMatchObject({ kind: "taken" });
      await put(join(world.state, "intake", runA), { "s99/index": "of the late one, from its last moments\n" });
      await second.close();
      await trunk.close();
      for (const folder of ["intake", "workspaces"]) expect(await exists(join(world.state, folder, runA))).toBe(false);
    });

    test("what has no place in the pool is removed all the same", async () => {
      await (await open()).remove();
      const [one, two] = [await open(), await open()];
      const pool = join(world.state, "pool", runA);
      const [own = ""] = (await readdir(pool)).filter((name) => !name.startsWith("."));
      // As where the disk is full.
      await put(join(pool, own), { "2": "in its way\n" });
      await expect(one.remove()).rejects.toThrow(/EEXIST/);
      expect(await exists(one.path)).toBe(false);
      await two.remove();
    });

    test("what a preparation has made can be copied by whoever we are", async () => {
      await world.trunk.prepare(runA, "prepare-1", world.base, async (directory) => {
        await put(directory, { "out/none/x": "x\n", "out/file": "f\n" });
        for (const path of ["out/file", "out/none"]) await chmod(join(directory, path), 0);
        return true;
      });
      const next = await open();
      const modes = ["out/file", "out/none"].map(async (path) => (await stat(join(next.path, path))).mode & 0o777);
      expect(await Promise.all(modes)).toEqual([0o400, 0o700]);
      await next.remove();
    });

    test("a preparation that cannot be kept leaves nothing, and what was kept before stays", async () => {
      const { trunk, base, state } = world;
      const prepare = (n: number) =>
        trunk.prepare(runA, `prepare-${n}`, base, async (directory) => {
          await put(directory, { "out/x": `${n}\n` });
          return true;
        });
      await prepare(1);
      const pool = join(state, "pool", runA);
      const [own = ""] = (await readdir(pool)).filter((name) => !name.startsWith("."));
      await put(join(pool, own, "prepared-2"), { out: "in its way\n" });
      await expect(prepare(2)).rejects.toThrow(/EEXIST/);
      expect((await readdir(join(pool, own))).filter((name) => name.startsWith("prepared"))).toEqual(["prepared-1"]);
      const next = await open();
      expect(await world.read(next, "out/x")).toBe("1\n");
      await next.remove();
    });

    test("the pool does not grow with each workspace", async () => {
      for (let n = 0; n < 3; n++) await (await open()).remove();
      const last = await open();
      const pool = join(world.state, "pool", runA);
      const [own = ""] = (await readdir(pool)).filter((name) => !name.startsWith("."));
      expect((await readdir(join(pool, own))).filter((name) => /^\d/.test(name))).toEqual([]);
      await last.remove();
    });

    test("whatever a worker did to the folder", async () => {
      const first = await open();
      const clean = await all(first.path);
      const inside = (...path: string[]) => join(first.path, ...path);
      const { atime, mtime } = await stat(inside("a.txt"));
      // Changed, with the same length and the old times.
      await writeFile(inside("a.txt"), "x\n");
      await utimes(inside("a.txt"), atime, mtime);
      await chmod(inside("b.txt"), 0o755);
      await put(first.path, {
        "out/built.o": "x",
        "new.txt": "x",
        "d/sub/.git/config": "[core]",
        ".git/hooks/post-checkout": "x",
      });
      await mkdir(inside("locked"));
      await chmod(inside("locked"), 0o000);
      await chmod(inside("d"), 0o700);
      await rm(inside("d", "e"), { recursive: true });
      await symlink("/etc", inside("d", "e"));
      const next = await again(first);
      expect(await all(next.path)).toEqual(clean);
      expect(await userGit(next.path, "status", "--porcelain", "--ignored")).toBe("");
      expect(await exists(join(next.path, ".git", "hooks"))).toBe(false);
    });

    test("it is put on the tip as it is by then, also after a conflict", async () => {
      const [one, other] = [await open(), await open()];
      await put(one.path, { "a.txt": "one\n", "n/new.txt": "new\n" });
      await rm(join(one.path, "d"), { recursive: true });
      await landNow(world.trunk, runA, one, submission(1));
      await put(other.path, { "a.txt": "other\n" });
      expect(await landNow(world.trunk, runA, other, submission(2))).toMatchObject({ kind: "conflict" });
      await world.trunk.placeConflict(other, await world.trunk.tip(runA));
      const next = await again(other);
      expect((await all(next.path)).filter((line) => !line.startsWith(".git"))).toEqual([
        "a.txt 644 one\n",
        "b.txt 644 b\n",
        "n/ 755",
        "n/new.txt 644 new\n",
      ]);
      expect(await userGit(next.path, "status", "--porcelain")).toBe("");
    });

    test("a folder that cannot be swept is not used again", async () => {
      const first = await open();
      const number = await numberOf(first);
      await rename(first.path, `${first.path}-away`);
      await first.remove();
      const next = await open();
      expect(await numberOf(next)).not.toBe(number);
      expect(await userGit(next.path, "status", "--porcelain")).toBe("");
    });
  });
}
