/** Overlays, in a process with mounts of its own: `overlays.test.ts` starts it. */
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Workspace } from "../engine/ports.ts";
import { makeGitWorld, put, userGit } from "./git-world.testsuite.ts";
import { testAttacks } from "./hostile.testsuite.ts";
import { Mounts } from "./mounts.ts";
import { testSameIntake } from "./same-intake.testsuite.ts";
import { landNow, named, runA, submission } from "./trunk-steps.testsuite.ts";
import { testTrunk } from "./trunk.testsuite.ts";

const mounts = new Mounts();
const makeWorld = (files: { [path: string]: string }) => makeGitWorld(files, { mounts });
testTrunk("git, with overlays", makeWorld);
testAttacks("overlays", makeWorld);
testSameIntake(makeWorld);

test("a workspace is a mount, and no mount any more once it is removed", async () => {
  const world = await makeWorld({ "a.txt": "a\n" });
  const mounted = async (path: string) => (await readFile("/proc/self/mountinfo", "utf8")).includes(` ${path} `);
  await world.trunk.begin(runA, world.base);
  const workspace = await world.trunk.openWorkspace(runA, named(1), world.base);
  expect(await mounted(workspace.path)).toBe(true);
  await workspace.remove();
  expect(await mounted(workspace.path)).toBe(false);
  await world.close();
});

test("what was prepared lies in every workspace from then on, and is no change of theirs", async () => {
  const world = await makeWorld({ "a.txt": "a\n", "d/b.txt": "b\n", "d/c.txt": "c\n", ".gitignore": "modules/\n" });
  const { trunk } = world;
  await trunk.begin(runA, world.base);
  const before = await trunk.openWorkspace(runA, named(1), world.base);
  const made = await trunk.prepare(runA, "prepare-1", world.base, async (directory) => {
    await put(directory, { "modules/x/index.js": "x\n", "d/built.o": "o\n", "a.txt": "changed\n", "new file": "n\n" });
    await put(directory, { "d/.gitignore": "*.log\n" });
    await rm(join(directory, "d", "c.txt"));
    return true;
  });
  expect(made).toBe("prepared");
  const files = ["modules/x/index.js", "d/built.o", "new file", "a.txt", "d/c.txt"];
  const seen = (workspace: Workspace) => Promise.all(files.map((path) => world.read(workspace, path)));
  expect(await seen(before)).toEqual([null, null, null, "a\n", "c\n"]);
  const after = await trunk.openWorkspace(runA, named(2), world.base);
  expect(await seen(after)).toEqual(["x\n", "o\n", "n\n", "a\n", "c\n"]);
  expect(await userGit(after.path, "status", "--porcelain")).toBe("");
  expect(await trunk.takeIn(runA, after)).toEqual({ kind: "unchanged" });
  // What it says of other files counts as if the commit had it.
  await put(after.path, { "d/b.txt": "mine\n", "d/own.txt": "own\n", "d/own.log": "log\n" });
  const answer = await landNow(trunk, runA, after, submission(2));
  expect(answer).toMatchObject({ kind: "landed", files: ["d/b.txt", "d/own.txt"] });
  // On a tip that has moved, and after everybody who stood on the layers before has left.
  await before.remove();
  await after.remove();
  const moved = await trunk.openWorkspace(runA, named(3), await trunk.tip(runA));
  expect(await seen(moved)).toEqual(["x\n", "o\n", "n\n", "a\n", "c\n"]);
  expect([await world.read(moved, "d/own.txt"), await userGit(moved.path, "status", "--porcelain")]).toEqual([
    "own\n",
    "",
  ]);
  // The next begins with nothing of it, and takes its place.
  const again = await trunk.prepare(runA, "prepare-2", await trunk.tip(runA), async (directory) => {
    expect((await readdir(directory)).toSorted()).toEqual([".git", ".gitignore", "a.txt", "d"]);
    await put(directory, { "modules/y": "y\n" });
    return true;
  });
  expect(again).toBe("prepared");
  const last = await trunk.openWorkspace(runA, named(4), await trunk.tip(runA));
  expect([await world.read(last, "modules/y"), await world.read(last, "d/built.o")]).toEqual(["y\n", null]);
  expect(await trunk.prepare(runA, "prepare-3", await trunk.tip(runA), async () => false)).toBe("failed");
  await world.close();
});

test("layers that nobody stands on are removed, but for the newest", async () => {
  const world = await makeWorld({ "a.txt": "a\n" });
  const { trunk } = world;
  await trunk.begin(runA, world.base);
  const first = await trunk.openWorkspace(runA, named(1), world.base);
  for (let n = 2; n < 6; n++) {
    const workspace = await trunk.openWorkspace(runA, named(n), await trunk.tip(runA));
    await put(workspace.path, { "a.txt": `${n}\n` });
    await landNow(trunk, runA, workspace, submission(n));
    await workspace.remove();
  }
  const layers = async () => {
    const [own = ""] = await readdir(join(world.state, "layers", runA));
    return (await readdir(join(world.state, "layers", runA, own))).filter((name) => name.startsWith("t"));
  };
  expect((await layers()).length).toBe(2);
  await first.remove();
  expect((await layers()).length).toBe(1);
  await world.close();
});

test("who may start from a later commit shares a tip with others", async () => {
  const world = await makeWorld({ "a.txt": "a\n" });
  const { trunk } = world;
  await trunk.begin(runA, world.base);
  const passed = [world.base];
  for (let n = 1; n < 4; n++) {
    const workspace = await trunk.openWorkspace(runA, named(n), passed[0] ?? world.base);
    await put(workspace.path, { [`${n}.txt`]: `${n}\n` });
    await landNow(trunk, runA, workspace, submission(n));
    await workspace.remove();
    passed.push(await trunk.tip(runA));
  }
  const [, first, , last] = passed;
  const open = (n: number, orLater: boolean) => trunk.openWorkspace(runA, named(n), first ?? world.base, { orLater });
  const exact = await open(10, false);
  const shared = await Promise.all([11, 12, 13].map((n) => open(n, true)));
  expect([exact, ...shared].map(({ base }) => base)).toEqual([first, first, first, first]);
  await Promise.all([exact, ...shared].map((workspace) => workspace.remove()));
  // That one is given up when nobody stands on it, and another was asked for since.
  const other = await trunk.openWorkspace(runA, named(14), world.base);
  await (await trunk.openWorkspace(runA, named(19), world.base)).remove();
  const later = await Promise.all([15, 16, 17].map((n) => open(n, true)));
  expect(later.map(({ base }) => base)).toEqual([last, last, last]);
  for (const each of later) {
    expect(await world.read(each, "3.txt")).toBe("3\n");
    expect(await userGit(each.path, "status", "--porcelain")).toBe("");
    expect(await trunk.takeIn(runA, each)).toEqual({ kind: "unchanged" });
  }
  const kept = await trunk.keep(runA, other);
  const again = { kept: kept.ok ? kept.kept : "", orLater: true };
  expect((await trunk.openWorkspace(runA, named(18), last ?? world.base, again)).base).toBe(world.base);
  await world.close();
});

test("a tip that cannot be made leaves nothing behind, and the next one is made", async () => {
  const world = await makeWorld({ "a.txt": "a\n" });
  const { trunk } = world;
  await trunk.begin(runA, world.base);
  const first = await trunk.openWorkspace(runA, named(1), world.base);
  await put(first.path, { "b.txt": "b\n" });
  await landNow(trunk, runA, first, submission(1));
  const tip = await trunk.tip(runA);
  const runsLayers = join(world.state, "layers", runA);
  const [own = ""] = await readdir(runsLayers);
  const layers = async () => (await readdir(join(runsLayers, own))).toSorted();
  const before = await layers();
  // Something is in its way when its files are there already, wherever it gets to.
  const next = 1 + Math.max(...before.map((name) => Number(/\d+/.exec(name)?.[0] ?? 0)));
  for (const [n, part] of [".merged", ".work", ".index"].entries()) {
    const way = join(runsLayers, own, `t${next + n}${part}`);
    await mkdir(part === ".index" ? join(way, "x") : way, { recursive: true });
    await expect(trunk.openWorkspace(runA, named(2 + n), tip)).rejects.toThrow(/E(?:EXIST|ISDIR)/u);
    await expect.poll(layers).toEqual(before);
  }
  const last = await trunk.openWorkspace(runA, named(9), tip);
  expect(await world.read(last, "b.txt")).toBe("b\n");
  await world.close();
});
