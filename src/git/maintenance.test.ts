/** The trunk's store over weeks: what goes, what stays, and what a kill in the middle leaves. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Commit } from "../domain/ids.ts";
import type { Workspace } from "../engine/ports.ts";
import { ageObjects, environment, makeGitWorld, openAt, put, userGit, type GitWorld } from "./git-world.testsuite.ts";
import { landed, landNow, named, runA, runB, submission, work } from "./trunk-steps.testsuite.ts";

// Many processes on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let world: GitWorld;
const packs = () => join(world.state, "trunk.git", "objects", "pack");
const trunkGit = (...args: string[]) => userGit(join(world.state, "trunk.git"), ...args);
const has = (oid: string) =>
  trunkGit("cat-file", "-e", oid).then(
    () => true,
    () => false,
  );
const signal = new AbortController().signal;
/** `workspaces`: names. With no time to wait, what was set aside goes at the next one. */
const maintain = (workspaces: string[] = [], unusedMs = 0, kept: string[] = []) =>
  world.trunk.maintain(runA, { needed: async () => ({ workspaces, kept }), unusedMs, signal });
const nothing = async () => ({ workspaces: [], kept: [] });

beforeEach(async () => {
  world = await makeGitWorld({ "a.txt": "a\n", "dir/b.txt": "b\n" });
  await world.trunk.begin(runA, world.base);
});
afterEach(() => world.close());

const age = () => ageObjects(world.state);

async function land(n: number, files: { [path: string]: string }): Promise<Commit> {
  return landed((await work(world, n, await world.trunk.tip(runA), files))[0]).commit;
}

async function keepIn(workspace: Workspace, files: { [path: string]: string }): Promise<string> {
  await put(workspace.path, files);
  const kept = await world.trunk.keep(runA, workspace);
  if (!kept.ok) throw new Error(kept.reasons.join());
  return kept.kept;
}
const treeOf = (kept: string) => (JSON.parse(kept) as { tree: string }).tree;

async function garbage(text: string): Promise<string> {
  await put(world.repository, { "../garbage": text });
  return trunkGit("hash-object", "-w", join(world.repository, "..", "garbage"));
}

describe("packs", () => {
  test("of many landings become one, smaller, beside those that the trunk was made with", async () => {
    const long = (n: number) =>
      Array.from({ length: 500 }, (_, line) => `line ${line} ${line === n ? n : ""}\n`).join("");
    for (let n = 1; n <= 30; n++) await land(n, { "dir/long.txt": long(n) });
    const before = await world.trunk.storeSize(runA);
    expect(before).toMatchObject({ size: { packs: 30 }, last: null });
    await maintain();
    const { size, last } = await world.trunk.storeSize(runA);
    expect([size.packs, size.looseObjects, last?.bytes]).toEqual([1, 0, size.bytes]);
    expect(size.bytes).toBeLessThan(before.size.bytes / 2);
    await trunkGit("fsck", "--full", "--strict");
    expect((await world.trunk.landedSince(runA, world.base)).length).toBe(30);
    await land(31, { "dir/long.txt": long(31) });
  });

  test("that the trunk was made with stay as they are", async () => {
    await userGit(world.repository, "gc", "-q");
    const folder = join(world.repository, "..", "second");
    await userGit(world.repository, "clone", "-q", world.repository, folder);
    const [pack = ""] = await readdir(join(folder, ".git/objects/pack"));
    const theirs = join(folder, ".git/objects/pack", pack.replace(/\.\w+$/, ".keep"));
    await put(folder, { [theirs.slice(folder.length + 1)]: "theirs\n" });
    const trunk = await openAt(folder);
    const own = async () =>
      (await readdir(join(folder, ".longhaul/trunk.git/objects/pack"))).filter((name) => name.endsWith(".pack"));
    const before = await own();
    await trunk.begin(runB, world.base);
    await trunk.maintain(runB, { needed: nothing, unusedMs: 0, signal });
    expect(before).toHaveLength(1);
    expect(await readFile(theirs, "utf8")).toBe("theirs\n");
    expect(await own()).toEqual(expect.arrayContaining(before));
  });

  test("of a partial clone become one as well, although not all is there that its history leads to", async () => {
    const folder = (name: string) => join(world.repository, "..", name);
    await put(world.repository, { "a.txt": "later\n" });
    await userGit(world.repository, "commit", "-qam", "later");
    await userGit(world.repository, "config", "uploadpack.allowFilter", "true");
    await userGit(folder("."), "clone", "-q", "--filter=blob:none", `file://${world.repository}`, "partial");
    const trunk = await openAt(folder("partial"));
    const { base } = await trunk.resolveBase();
    await trunk.begin(runB, base);
    const packed = async () => (await trunk.storeSize(runB)).size.packs;
    for (let n = 1; n <= 3; n++) {
      const workspace = await trunk.openWorkspace(runB, named(n), await trunk.tip(runB));
      // The first is there in the history, but not in this clone.
      await put(workspace.path, { "a.txt": n === 1 ? "a\n" : `${n}\n` });
      landed(await landNow(trunk, runB, workspace, submission(n)));
    }
    expect(await packed()).toBe(3);
    for (let n = 0; n < 3; n++) {
      await ageObjects(join(folder("partial"), ".longhaul"));
      await trunk.maintain(runB, { needed: nothing, unusedMs: 0, signal });
      expect(await packed()).toBe(1);
    }
    const tip = await trunk.tip(runB);
    const first = await userGit(join(folder("partial"), ".longhaul/trunk.git"), "cat-file", "blob", `${tip}~2:a.txt`);
    expect(first).toBe("a");
  });

  test("are read, landed on and kept in while they are made one", async () => {
    for (let n = 1; n <= 20; n++) await land(n, { [`dir/${n}.txt`]: `${n}\n` });
    const open = await world.trunk.openWorkspace(runA, named(50), world.base);
    await put(open.path, { "dir/open.txt": "x\n" });
    const working = Promise.all([1, 2, 3].map(() => maintain(["s50"])));
    for (let n = 21; n <= 30; n++) await land(n, { [`dir/${n}.txt`]: `${n}\n`, "a.txt": `${n}\n` });
    await working;
    expect(await userGit(open.path, "log", "--format=%s", world.base)).toBe("base");
    expect(await landNow(world.trunk, runA, open, submission(50))).toMatchObject({ kind: "landed" });
    await trunkGit("fsck", "--full", "--strict");
    expect((await world.trunk.landedSince(runA, world.base)).length).toBe(31);
  });
});

describe("what nothing leads to", () => {
  test("goes when it was set aside before, and long enough ago", async () => {
    const old = await garbage("old\n");
    await age();
    await maintain();
    expect(await has(old)).toBe(true);
    const young = await garbage("young\n");
    await maintain([], 3_600_000);
    expect(await has(old)).toBe(true);
    await maintain();
    expect([await has(old), await has(young)]).toEqual([false, true]);
    await trunkGit("fsck", "--full", "--strict");
  });

  test("stays when somebody has used it again meanwhile", async () => {
    const again = await garbage("again\n");
    await age();
    await maintain();
    const commit = await land(1, { "again.txt": "again\n" });
    await maintain();
    await maintain();
    expect(await has(again)).toBe(true);
    expect(await trunkGit("rev-parse", `${commit}:again.txt`)).toBe(again);
    await trunkGit("fsck", "--full", "--strict");
  });
});

describe("kept workspaces", () => {
  test("stay as long as their session may go on, both the last and the one before; then they go", async () => {
    const workspace = await world.trunk.openWorkspace(runA, named(1), world.base);
    const all = [];
    for (const text of ["one", "two", "three"]) all.push(await keepIn(workspace, { "kept.txt": `${text}\n` }));
    await workspace.remove();
    const [first = "", second = "", third = ""] = all;
    const trees = async () => Promise.all([first, second, third].map((kept) => has(treeOf(kept))));
    for (let n = 0; n < 3; n++) {
      await age();
      await maintain(["s1"]);
    }
    expect(await trees()).toEqual([false, true, true]);
    const again = await world.trunk.openWorkspace(runA, named(1), world.base, { kept: second });
    expect(await world.read(again, "kept.txt")).toBe("two\n");
    await keepIn(again, { "kept.txt": "four\n" });
    await again.remove();
    await maintain(["s1"]);
    expect((await trees()).slice(1)).toEqual([true, true]);
    for (let n = 0; n < 3; n++) {
      await age();
      await maintain(["s2"], 0, [second]);
    }
    expect(await trees()).toEqual([false, true, false]);
    for (let n = 0; n < 3; n++) {
      await age();
      await maintain(["s2"]);
    }
    expect(await trees()).toEqual([false, false, false]);
  });

  test("of another run are not touched, whoever maintains", async () => {
    await world.trunk.begin(runB, world.base);
    const theirs = await world.trunk.openWorkspace(runB, named(1), world.base);
    await put(theirs.path, { "kept.txt": "theirs\n" });
    const kept = await world.trunk.keep(runB, theirs);
    await theirs.remove();
    for (let n = 0; n < 3; n++) {
      await age();
      await maintain();
    }
    const again = await world.trunk.openWorkspace(runB, named(1), world.base, { kept: kept.ok ? kept.kept : "" });
    expect(await world.read(again, "kept.txt")).toBe("theirs\n");
  });
});

test("cut off, it rejects and has changed nothing; the next one comes to its end", async () => {
  for (let n = 1; n <= 5; n++) await land(n, { [`dir/${n}.txt`]: `${n}\n` });
  const cut = new AbortController();
  const working = world.trunk.maintain(runA, { needed: nothing, unusedMs: 0, signal: cut.signal });
  cut.abort();
  await expect(working).rejects.toThrow(/was cut off|SIGTERM/);
  expect((await world.trunk.storeSize(runA)).last).toBeNull();
  await maintain();
  expect((await world.trunk.storeSize(runA)).size.packs).toBe(1);
});

test("kill -9 in the middle of it, again and again: nothing is lost, and nothing is left lying about", async () => {
  const lander = fileURLToPath(new URL("./maintaining-lander.testsuite.ts", import.meta.url));
  let acknowledged: number[] = [];
  for (let round = 0; round < 6; round++) {
    const from = Math.max(0, ...acknowledged) + 1;
    const child = spawn(process.execPath, [lander, world.repository, runA, String(from)], {
      env: environment,
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    while (!output.includes("maintaining")) await once(child.stdout, "data");
    // Where it is killed is left to chance.
    setTimeout(() => process.kill(child.pid ?? 0, "SIGKILL"), Math.random() * 60);
    await once(child, "close");
    await endOrphans();
    const trunk = await openAt(world.repository);
    await trunk.clearLeftovers(runA);
    const said = [...output.matchAll(/^landed (\d+)$/gm)].map((match) => Number(match[1]));
    const onTrunk = (await trunk.landedSince(runA, world.base)).map(({ task }) => task as number);
    expect(onTrunk).toEqual(expect.arrayContaining([...acknowledged, ...said]));
    acknowledged = onTrunk;
    const kept = [...output.matchAll(/^kept (.+)$/gm)].at(-1)?.[1];
    const again = await trunk.openWorkspace(runA, named(999), world.base, { kept: kept ?? "" });
    expect(await world.read(again, "kept.txt")).toMatch(/^kept \d+\n$/);
    await trunkGit("fsck", "--full", "--strict");
  }
  await age();
  await maintain();
  expect((await readdir(packs())).filter((name) => /tmp/.test(name))).toEqual([]);
});

/** As `Leftovers` does at the next start: ends git processes that outlived their engine; those of this process stay. */
async function endOrphans(): Promise<void> {
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const [command, stat] = await Promise.all(
      ["cmdline", "stat"].map((file) => readFile(`/proc/${pid}/${file}`, "latin1").catch(() => "")),
    );
    const parent = /^.*\) \S (\d+) /.exec(stat ?? "")?.[1];
    if (!command?.startsWith("git") || !command.includes(world.state) || Number(parent) === process.pid) continue;
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}
