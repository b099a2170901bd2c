/** What a maintenance makes of what others left unfinished, and what it leaves itself when it fails. */
import { randomBytes } from "node:crypto";
import { chmod, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ageObjects, environment, makeGitWorld, openAt, put, type GitWorld } from "./git-world.testsuite.ts";
import { landed, runA, work } from "./trunk-steps.testsuite.ts";

let world: GitWorld;
const packs = () => join(world.state, "trunk.git", "objects", "pack");
const order = {
  needed: async () => ({ workspaces: [], kept: [] }),
  unusedMs: 0,
  signal: new AbortController().signal,
};
const maintain = () => world.trunk.maintain(runA, order);

beforeEach(async () => {
  world = await makeGitWorld({ "a.txt": "a\n" });
  await world.trunk.begin(runA, world.base);
});
afterEach(() => world.close());

async function land(n: number, files: { [path: string]: string }): Promise<void> {
  landed((await work(world, n, await world.trunk.tip(runA), files))[0]);
}

test("what a clock that was ahead has written does not hold it up for as long", async () => {
  await maintain();
  const file = "trunk.git/longhaul-maintained.json";
  const record = JSON.parse(await readFile(join(world.state, file), "utf8")) as { startedAt: number };
  const ahead = record.startedAt + 365 * 86_400_000;
  await put(world.state, { [file]: JSON.stringify({ ...record, startedAt: ahead, setAsideAt: ahead }) });
  expect((await world.trunk.storeSize(runA)).last).toBeNull();
  await maintain();
  expect((await world.trunk.storeSize(runA)).last?.startedAt).toBeLessThan(ahead);
});

test("a pack that a killed fetch has kept from others is made one with them", async () => {
  for (let n = 1; n <= 3; n++) await land(n, { [`dir/${n}.txt`]: `${n}\n` });
  const [pack = ""] = (await readdir(packs())).filter((name) => name.endsWith(".pack"));
  await put(packs(), { [pack.replace(/pack$/, "keep")]: "fetch-pack 4711 on somewhere" });
  await maintain();
  expect((await world.trunk.storeSize(runA)).size.packs).toBe(1);
  expect(await readdir(packs())).toContain(pack);
  await ageObjects(world.state);
  await maintain();
  expect((await readdir(packs())).filter((name) => name.endsWith(".pack"))).toHaveLength(1);
});

test("where there is no room for the new pack it fails, and takes none from others", async () => {
  for (let n = 1; n <= 2; n++) await land(n, { "dir/large.bin": randomBytes(200_000).toString("base64") });
  const before = await readdir(packs());
  // No file may be longer than 64 KB: the write that goes further fails, as on a full disk.
  const bin = join(world.repository, "..", "bin");
  const path = environment.PATH ?? "";
  await put(bin, { git: `#!/bin/sh\ntrap '' XFSZ\nulimit -f 128\nPATH='${path}'\nexec git "$@"\n` });
  await chmod(join(bin, "git"), 0o755);
  const limited = await openAt(world.repository, undefined, {
    environment: { ...environment, PATH: `${bin}:${path}` },
  });
  await expect(limited.maintain(runA, order)).rejects.toThrow(/^git repack .*File too large/s);
  expect(await readdir(packs())).toEqual(before);
  await maintain();
  expect((await world.trunk.storeSize(runA)).size.packs).toBe(1);
});
