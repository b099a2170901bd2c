/** Overlays, in a process with mounts of its own: `overlays.test.ts` starts it. */
import { mkdir, mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { gitLimits, layerLimits } from "../domain/limits.ts";
import type { Workspace } from "../engine/ports.ts";
import { makeGitWorld, put, userGit } from "./git-world.testsuite.ts";
import { testAttacks } from "./hostile.testsuite.ts";
import { Mounts } from "./mounts.ts";
import { testOddPreparations } from "./odd-preparations.testsuite.ts";
import { testPreparation } from "./preparation.testsuite.ts";
import { testPreparedBelow } from "./prepared-below.testsuite.ts";
import { testSameIntake } from "./same-intake.testsuite.ts";
import { landNow, named, runA, submission } from "./trunk-steps.testsuite.ts";
import { testTrunk } from "./trunk.testsuite.ts";
import { testUnopened } from "./unopened.testsuite.ts";
import { testWorkersGit } from "./workers-git.testsuite.ts";

const mounts = new Mounts();

/** The process that makes them. */
async function makerOfMounts(): Promise<number> {
  const namespace = (pid: string) => readlink(`/proc/${pid}/ns/mnt`).catch(() => "");
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid) || (await namespace(pid)) !== (await namespace("self"))) continue;
    const words = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
    if (words[0] === "/bin/sh" && words.includes("longhaul-mounts")) return Number(pid);
  }
  throw new Error("nobody makes mounts here");
}

const makeWorld = (files: { [path: string]: string }) => makeGitWorld(files, { mounts });
testTrunk("git, with overlays", makeWorld);
testAttacks("overlays", makeWorld);
testSameIntake(makeWorld);
testWorkersGit(makeWorld);
testPreparation(makeWorld);
testOddPreparations(makeWorld);
testUnopened(makeWorld);
testPreparedBelow(makeWorld);

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

test("a mount that takes too long fails alone, and is undone when it comes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "longhaul-late-"));
  for (const name of ["low", "up", "work", "late", "next"]) await mkdir(join(folder, name));
  const mounted = async (name: string) =>
    (await readFile("/proc/self/mountinfo", "utf8")).includes(` ${join(folder, name)} `);
  const helper = await makerOfMounts();
  process.kill(helper, "SIGSTOP");
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const late = Promise.allSettled([mounts.mount(folder, "lowerdir=low,upperdir=up,workdir=work", "late")]);
  vi.advanceTimersByTime(gitLimits.mountMs);
  vi.useRealTimers();
  expect(await late).toMatchObject([{ reason: { message: expect.stringContaining("no answer within") } }]);
  process.kill(helper, "SIGCONT");
  await mounts.mount(folder, "lowerdir=low:up", "next");
  expect(await mounted("next")).toBe(true);
  await expect.poll(() => mounted("late")).toBe(false);
  await mounts.unmount(folder, "next");
  await rm(folder, { recursive: true });
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
  expect(made).toBe(true);
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
  await world.close();
});

test("layers of preparations do not pile up, and none is told wrong", async () => {
  const world = await makeWorld({ "d/b.txt": "b\n", ".gitignore": "*.o\nmodules/\n" });
  const { trunk, base } = world;
  await trunk.begin(runA, base);
  const begun: string[][] = [];
  const prepare = (n: number, work: (directory: string) => Promise<unknown>) =>
    trunk.prepare(runA, `prepare-${n}`, base, async (directory) => {
      begun.push((await readdir(directory)).toSorted());
      await work(directory);
      return true;
    });
  await prepare(1, (top) => put(top, { "d/1.o": "1\n", "modules/x": "x\n" }));
  // A folder of the commit that is made anew hides what lay in it, by a note that nobody can move: it begins again.
  await prepare(2, async (top) => {
    await rm(join(top, "d"), { recursive: true });
    await put(top, { "d/b.txt": "b\n", "d/2.o": "2\n" });
  });
  const [nothing, more] = [
    [".git", ".gitignore", "d"],
    [".git", ".gitignore", "d", "modules"],
  ];
  expect(begun.splice(0)).toEqual([nothing, more, nothing]);
  const second = await trunk.openWorkspace(runA, named(1), base);
  expect((await readdir(join(second.path, "d"))).toSorted()).toEqual(["2.o", "b.txt"]);
  await second.remove();
  await prepare(3, (top) => put(top, { "modules/x": "x\n" }));
  for (let n = 4; n < 3 + layerLimits.preparedDepthMax; n++) await prepare(n, (top) => put(top, { "d/1.o": `${n}\n` }));
  expect(begun).toEqual([nothing, ...Array.from({ length: layerLimits.preparedDepthMax - 2 }, () => more), nothing]);
  await (await trunk.openWorkspace(runA, named(2), base)).remove();
  const [own = ""] = await readdir(join(world.state, "layers", runA));
  const left = await readdir(join(world.state, "layers", runA, own));
  expect(left.filter((name) => name.startsWith("p"))).toHaveLength(1);
  await world.close();
});

test("what the trunk has by now is never hidden by what was prepared", async () => {
  const world = await makeWorld({ "a.txt": "a\n" });
  const { trunk } = world;
  await trunk.begin(runA, world.base);
  const old = { "built/x.o": "o\n", "gen.txt": "prepared\n", "now-a-folder": "file\n", "now-a-file/x": "x\n" };
  await trunk.prepare(runA, "prepare-1", world.base, async (directory) => {
    await put(directory, old);
    return true;
  });
  const many = Array.from({ length: layerLimits.pathsApartWell + 1 }, (_, n) => [`n/${n}`, `${n}\n`]);
  const tracked = {
    "built/keep.txt": "keep\n",
    "gen.txt": "landed\n",
    "now-a-folder/y": "y\n",
    "now-a-file": "file\n",
  };
  const worker = await trunk.openWorkspace(runA, named(1), world.base);
  await rm(join(worker.path, "now-a-folder"));
  await rm(join(worker.path, "now-a-file"), { recursive: true });
  await put(worker.path, { ...tracked, ...Object.fromEntries(many) });
  await landNow(trunk, runA, worker, submission(1));
  await worker.remove();
  const [own = ""] = await readdir(join(world.state, "layers", runA));
  const bases = async () =>
    (await readdir(join(world.state, "layers", runA, own))).filter((name) => /^b\d+$/.test(name)).length;
  // On the old base, and once there is a newer one.
  for (const n of [2, 3, 4]) {
    const workspace = await trunk.openWorkspace(runA, named(n), await trunk.tip(runA));
    for (const [path, content] of Object.entries(tracked))
      expect([path, await world.read(workspace, path)]).toEqual([path, content]);
    expect(await userGit(workspace.path, "status", "--porcelain")).toBe("");
    await put(workspace.path, { "built/more": `${n}\n` });
    expect(await userGit(workspace.path, "status", "--porcelain")).toMatch(/^(?:\?\?| M) built\/more$/);
    expect(await landNow(trunk, runA, workspace, submission(n))).toMatchObject({ files: ["built/more"] });
    await workspace.remove();
    await expect.poll(bases).toBeGreaterThan(n === 2 ? 1 : 0);
  }
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

test("a workspace that cannot be removed, and a tip that cannot be made nor removed, hold nothing else up", async () => {
  const world = await makeWorld({ "a.txt": "a\n" });
  const { trunk } = world;
  await trunk.begin(runA, world.base);
  const first = await trunk.openWorkspace(runA, named(1), world.base);
  const worker = await trunk.openWorkspace(runA, named(2), world.base);
  await put(worker.path, { "b.txt": "b\n" });
  await landNow(trunk, runA, worker, submission(1));
  const tip = await trunk.tip(runA);
  await worker.remove();
  // Nothing can be removed at which something is mounted.
  const block = async (folder: string, name: string) => {
    for (const each of ["l", "u", "w", name]) await mkdir(join(folder, each), { recursive: true });
    await mounts.mount(folder, "lowerdir=l,upperdir=u,workdir=w", name);
    return () => mounts.unmount(folder, name);
  };
  const runsLayers = join(world.state, "layers", runA);
  const [own = ""] = await readdir(runsLayers);
  const layers = async () => (await readdir(join(runsLayers, own))).filter((name) => name.startsWith("t")).toSorted();
  const [before = ""] = await layers();
  const next = `t${1 + Math.max(...(await readdir(join(runsLayers, own))).map((name) => Number(/\d+/.exec(name)?.[0] ?? 0)))}`;
  const frees = [await block(join(runsLayers, own), `${next}.merged`)];
  await expect(trunk.openWorkspace(runA, named(3), tip)).rejects.toThrow(/EEXIST|EBUSY/);
  const last = await trunk.openWorkspace(runA, named(4), tip);
  expect(await world.read(last, "b.txt")).toBe("b\n");
  frees.push(await block(join(world.state, "intake", runA, named(1)), "way"));
  expect(await layers()).toContain(before);
  await expect(first.remove()).rejects.toThrow(/EBUSY/);
  expect(await layers()).not.toContain(before);
  for (const free of frees) await free();
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
