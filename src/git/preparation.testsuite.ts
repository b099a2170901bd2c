/** What `prepare` commands make lies in workspaces of every kind, at least what git ignores of it. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { layerLimits } from "../domain/limits.ts";
import { put, userGit, type GitWorld } from "./git-world.testsuite.ts";
import { landNow, named, runA, submission } from "./trunk-steps.testsuite.ts";

type Files = { [path: string]: string };
const seen = ["modules/x", "modules/y/z", "d/1.o", "d/2.o", "a.txt"];
const nothing = { "modules/x": null, "modules/y/z": null, "d/1.o": null, "d/2.o": null, "a.txt": "a\n" };

async function at(directory: string) {
  const read = async (path: string) => [path, await readFile(join(directory, path), "utf8").catch(() => null)];
  return Object.fromEntries(await Promise.all(seen.map(read))) as { [path: string]: string | null };
}

export function testPreparation(makeWorld: (files: Files) => Promise<GitWorld>): void {
  test("a preparation goes on from the one before, and workspaces see what has become of it", async () => {
    const world = await makeWorld({ "a.txt": "a\n", "d/b.txt": "b\n", ".gitignore": "*.o\nmodules/\n" });
    const { trunk, base } = world;
    await trunk.begin(runA, base);
    const begun: object[] = [];
    let made = 0;
    const prepare = (work: (directory: string) => Promise<unknown>) =>
      trunk.prepare(runA, `prepare-${++made}`, base, async (directory) => {
        begun.push(await at(directory));
        return (await work(directory)) !== false;
      });
    let opened = 0;
    const found = async () => {
      const workspace = await trunk.openWorkspace(runA, named(++opened), base);
      expect(await userGit(workspace.path, "status", "--porcelain")).toBe("");
      expect(await trunk.takeIn(runA, workspace)).toEqual({ kind: "unchanged" });
      const files = await at(workspace.path);
      await put(workspace.path, { "modules/x": "mine\n", "d/2.o": "mine\n" });
      expect(await trunk.takeIn(runA, workspace)).toEqual({ kind: "unchanged" });
      await workspace.remove();
      return files;
    };
    const first = { ...nothing, "modules/x": "x\n", "modules/y/z": "z\n", "d/1.o": "1\n" };
    await prepare((top) => put(top, { "modules/x": "x\n", "modules/y/z": "z\n", "d/1.o": "1\n", "a.txt": "no\n" }));
    expect([begun.splice(0), await found(), await found()]).toEqual([[nothing], first, first]);
    const second = { ...first, "modules/x": "new\n", "modules/y/z": null, "d/1.o": null, "d/2.o": "2\n" };
    await prepare(async (top) => {
      await put(top, { "modules/x": "new\n", "d/2.o": "2\n" });
      for (const path of ["modules/y", "d/1.o"]) await rm(join(top, path), { recursive: true });
    });
    expect([begun.splice(0), await found()]).toEqual([[first], second]);
    // A folder in place of the one before, with other things in it.
    const third = { ...second, "modules/x": null, "modules/y/z": "3\n" };
    await prepare(async (top) => {
      await rm(join(top, "modules"), { recursive: true });
      await put(top, { "modules/y/z": "3\n" });
    });
    expect([begun.splice(0), await found()]).toEqual([[second], third]);
    // One that fails is tried from nothing, and takes nobody's place.
    expect(await prepare(async () => false)).toBe(false);
    expect([begun.splice(0), await found()]).toEqual([[third, nothing], third]);
    for (let n = 4; n <= layerLimits.preparedDepthMax; n++) await prepare(async () => true);
    expect([begun.splice(0).at(-1), await found()]).toEqual([third, third]);
    await prepare(async () => true);
    expect([begun, await found()]).toEqual([[nothing], nothing]);
    await world.close();
  });

  test("what was prepared in a folder that the trunk has gained is seen there", async () => {
    const world = await makeWorld({ "a.txt": "a\n", "old/b.txt": "b\n", ".gitignore": "*.o\n" });
    const { trunk } = world;
    await trunk.begin(runA, world.base);
    const worker = await trunk.openWorkspace(runA, named(1), world.base);
    await put(worker.path, { "new/deep/c.txt": "c\n", "old/d.txt": "d\n" });
    await rm(join(worker.path, "old", "b.txt"));
    await landNow(trunk, runA, worker, submission(1));
    const tip = await trunk.tip(runA);
    const made = { "new/deep/c.o": "c\n", "new/e.o": "e\n", "old/d.o": "d\n" };
    await trunk.prepare(runA, "prepare-1", tip, async (directory) => {
      await put(directory, made);
      return true;
    });
    const workspace = await trunk.openWorkspace(runA, named(2), tip);
    for (const [path, content] of Object.entries(made))
      expect([path, await world.read(workspace, path)]).toEqual([path, content]);
    expect(await userGit(workspace.path, "status", "--porcelain")).toBe("");
    await world.close();
  });

  test("what the trunk has gained in its place, and what is not ignored any more, is as the commit says", async () => {
    const files = { "a.txt": "a\n", "d/b.txt": "b\n", ".gitignore": "/built/\n/file\n*.o\n" };
    const world = await makeWorld(files);
    const { trunk } = world;
    await trunk.begin(runA, world.base);
    await trunk.prepare(runA, "prepare-1", world.base, async (directory) => {
      await put(directory, {
        "built/x/y": "prepared\n",
        file: "prepared\n",
        "d/1.o": "prepared\n",
        "*?[ü]\\.o": "odd\n",
      });
      return true;
    });
    const before = await trunk.openWorkspace(runA, named(1), world.base);
    expect([await world.read(before, "built/x/y"), await world.read(before, "*?[ü]\\.o")]).toEqual([
      "prepared\n",
      "odd\n",
    ]);
    expect(await userGit(before.path, "status", "--porcelain")).toBe("");
    for (const path of ["built", "file", "d/1.o"]) await rm(join(before.path, path), { recursive: true });
    const now = { "built/x": "landed\n", "file/z": "landed\n", ".gitignore": "\n" };
    await rm(join(before.path, "*?[ü]\\.o"));
    await put(before.path, now);
    const landed = { kind: "landed", files: [".gitignore", "built/x", "file/z"] };
    expect(await landNow(trunk, runA, before, submission(1))).toMatchObject(landed);
    const after = await trunk.openWorkspace(runA, named(2), await trunk.tip(runA));
    for (const [path, content] of Object.entries(now))
      expect([path, await world.read(after, path)]).toEqual([path, content]);
    expect(await userGit(after.path, "status", "--porcelain", "--untracked-files=no")).toBe("");
    expect(await trunk.takeIn(runA, after)).toEqual({ kind: "unchanged" });
    await world.close();
  });
}
