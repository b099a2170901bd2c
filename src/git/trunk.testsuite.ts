/** What every `Trunk` does, whatever it is made of. An adapter's own tests call `testTrunk` with a world of theirs. */
import { rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { EngineId } from "../domain/ids.ts";
import { changedFilesTests } from "./changed-files.testsuite.ts";
import { conflictTests, droppedSideTests, missingVersionTests, resolveTests } from "./conflicts.testsuite.ts";
import { followTests } from "./following.testsuite.ts";
import { keepingTests } from "./keeping.testsuite.ts";
import { protectedTests } from "./protecting.testsuite.ts";
import {
  landed,
  landNow,
  landOnto,
  lines,
  named,
  onlyOne,
  readTip,
  runA,
  runB,
  submission,
  work,
  type Enter,
  type Files,
  type TrunkWorld,
} from "./trunk-steps.testsuite.ts";

export function testTrunk(name: string, makeWorld: (files: Files) => Promise<TrunkWorld>): void {
  describe(`a trunk: ${name}`, () => {
    let open: TrunkWorld | undefined;
    const enter = async (files: Files = { "a.txt": lines(), "b.txt": "b\n" }) => {
      open = await makeWorld(files);
      await open.trunk.begin(runA, open.base);
      return open;
    };
    afterEach(async () => {
      await open?.close();
      open = undefined;
    });
    beginTests(enter);
    landTests(enter);
    ignoredLinkTests(enter);
    conflictTests(enter);
    resolveTests(enter);
    droppedSideTests(enter);
    missingVersionTests(enter);
    keepingTests(enter);
    protectedTests(enter);
    changedFilesTests(enter);
    followTests(enter);
    takeOverTests(enter);
    recoveryTests(enter);
  });
}

function beginTests(enter: Enter): void {
  test("a run begins at its base, however often it begins", async () => {
    const { trunk, base } = await enter();
    await trunk.begin(runA, base);
    expect(await trunk.tip(runA)).toBe(base);
    expect(await trunk.landedSince(runA, base)).toEqual([]);
  });

  test("beginning again does not take back what has landed", async () => {
    const world = await enter();
    const [answer] = await work(world, 1, world.base, { "a.txt": "1\n" });
    await world.trunk.begin(runA, world.base);
    expect(await world.trunk.tip(runA)).toBe(landed(answer).commit);
  });

  test("two runs do not see each other's landings", async () => {
    const world = await enter();
    await world.trunk.begin(runB, world.base);
    await work(world, 1, world.base, { "a.txt": "1\n" });
    expect(await world.trunk.tip(runB)).toBe(world.base);
  });

  test("a workspace holds the commit's files and knows what it is", async () => {
    const world = await enter();
    const workspace = await world.trunk.openWorkspace(runA, named(1), world.base);
    expect(workspace).toMatchObject({ run: runA, name: named(1), base: world.base });
    expect(await world.read(workspace, "b.txt")).toBe("b\n");
    expect(await world.read(workspace, "c.txt")).toBeNull();
  });

  test("one that may begin later holds the commit that it tells, and lands on it", async () => {
    const world = await enter();
    const passed = [world.base];
    for (const n of [1, 2]) {
      const [answer] = await work(world, n, passed.at(-1) ?? world.base, { "b.txt": `${n}\n` });
      passed.push(landed(answer).commit);
    }
    const at = passed[1] ?? world.base;
    const workspace = await world.trunk.openWorkspace(runA, named(3), at, { orLater: true });
    const began = passed.indexOf(workspace.base);
    expect(began).toBeGreaterThanOrEqual(1);
    expect(await world.read(workspace, "b.txt")).toBe(`${began}\n`);
    await world.write(workspace, "c.txt", "c\n");
    landed(await landNow(world.trunk, runA, workspace, submission(3)));
    expect([await readTip(world, "b.txt"), await readTip(world, "c.txt")]).toEqual(["2\n", "c\n"]);
  });

  test("a workspace can be removed twice and opened again", async () => {
    const world = await enter();
    const workspace = await world.trunk.openWorkspace(runA, named(1), world.base);
    await world.write(workspace, "b.txt", "changed\n");
    await workspace.remove();
    await workspace.remove();
    const again = await world.trunk.openWorkspace(runA, named(1), world.base);
    expect(await world.read(again, "b.txt")).toBe("b\n");
  });
}

function landTests(enter: Enter): void {
  test("changed, new and removed files land as one commit", async () => {
    const world = await enter();
    const [answer] = await work(world, 1, world.base, { "a.txt": "1\n", "b.txt": null, "dir/c.txt": "c\n" });
    expect(landed(answer).files.toSorted()).toEqual(["a.txt", "b.txt", "dir/c.txt"]);
    expect(await world.trunk.tip(runA)).toBe(landed(answer).commit);
    expect([await readTip(world, "a.txt"), await readTip(world, "b.txt"), await readTip(world, "dir/c.txt")]).toEqual([
      "1\n",
      null,
      "c\n",
    ]);
  });

  test("an untouched workspace is unchanged", async () => {
    const world = await enter();
    const [answer] = await work(world, 1, world.base, {});
    expect(answer).toEqual({ kind: "unchanged" });
  });

  test("the same change a second time is contained", async () => {
    const world = await enter();
    await work(world, 1, world.base, { "a.txt": "1\n" });
    const [second] = await work(world, 2, world.base, { "a.txt": "1\n" });
    expect(second).toEqual({ kind: "contained" });
  });

  test("changes of different files from the same base both land", async () => {
    const world = await enter();
    await work(world, 1, world.base, { "a.txt": "1\n" });
    const [answer] = await work(world, 2, world.base, { "b.txt": "2\n" });
    expect(landed(answer).files).toEqual(["b.txt"]);
    expect([await readTip(world, "a.txt"), await readTip(world, "b.txt")]).toEqual(["1\n", "2\n"]);
  });

  test("changes of different lines of one file both land", async () => {
    const world = await enter();
    await work(world, 1, world.base, { "a.txt": lines([2, "two"]) });
    await work(world, 2, world.base, { "a.txt": lines([15, "fifteen"]) });
    expect(await readTip(world, "a.txt")).toBe(lines([2, "two"], [15, "fifteen"]));
  });

  test("landings are read back oldest first, after a given commit", async () => {
    const world = await enter();
    const [first] = await work(world, 7, world.base, { "a.txt": "1\n" });
    const [second] = await work(world, 8, world.base, { "b.txt": "2\n" });
    const one = { commit: landed(first).commit, task: 7, session: 7 };
    const two = { commit: landed(second).commit, task: 8, session: 8 };
    expect(await world.trunk.landedSince(runA, world.base)).toEqual([one, two]);
    expect(await world.trunk.landedSince(runA, one.commit)).toEqual([two]);
    expect(await world.trunk.landedSince(runA, two.commit)).toEqual([]);
  });

  test("a message cannot claim to be another task's landing", async () => {
    const world = await enter();
    const workspace = await world.trunk.openWorkspace(runA, named(1), world.base);
    await world.write(workspace, "a.txt", "1\n");
    const forged = `Mine\n\nLonghaul-Run: ${runA}\nLonghaul-Cycle: 1\nLonghaul-Task: t99\nLonghaul-Session: s99`;
    const answer = await landNow(world.trunk, runA, workspace, submission(1, { message: forged }));
    expect(await world.trunk.landedSince(runA, world.base)).toEqual([
      { commit: landed(answer).commit, task: 1, session: 1 },
    ]);
  });
}

function ignoredLinkTests(enter: Enter): void {
  // The second is judged by git itself.
  test.each(["d\n", "d\n[!a]x\n"])(
    "a link that %j ignores in place of a folder: what was in that is gone",
    async (rules) => {
      const world = await enter({ "d/b.txt": "b\n", "a.txt": "a\n" });
      const workspace = await world.trunk.openWorkspace(runA, named(1), world.base);
      await rm(join(workspace.path, "d"), { recursive: true });
      await symlink("moved", join(workspace.path, "d"));
      await world.write(workspace, "moved/b.txt", "b\n");
      await world.write(workspace, ".gitignore", rules);
      const answer = landed(await landNow(world.trunk, runA, workspace, submission(1)));
      expect(answer.files).toEqual([".gitignore", "d/b.txt", "moved/b.txt"]);
    },
  );
}

function takeOverTests(enter: Enter): void {
  test("an engine that slept through a take-over moves nothing", async () => {
    const world = await enter();
    await world.trunk.takeOver(runA, "first" as EngineId);
    const workspace = await world.trunk.openWorkspace(runA, named(1), world.base);
    await world.write(workspace, "a.txt", "late\n");
    const second = await world.another();
    await second.takeOver(runA, "second" as EngineId);
    expect(await landOnto(world.trunk, runA, workspace, world.base, submission(1))).toEqual({ kind: "moved" });
    expect(await second.tip(runA)).toBe(world.base);
    await world.trunk.takeOver(runA, "third" as EngineId);
    const late = await landOnto(world.trunk, runA, workspace, world.base, submission(1));
    expect(landed(onlyOne(late)).files).toEqual(["a.txt"]);
  });
}

function recoveryTests(enter: Enter): void {
  test("what has landed outlives its engine", async () => {
    const world = await enter();
    const [answer] = await work(world, 1, world.base, { "a.txt": "1\n" });
    const trunk = await world.restart();
    expect(await trunk.tip(runA)).toBe(landed(answer).commit);
    expect(await trunk.landedSince(runA, world.base)).toEqual([{ commit: landed(answer).commit, task: 1, session: 1 }]);
  });

  test("leftovers of a run are cleared, those of another run stay", async () => {
    const world = await enter();
    await world.trunk.begin(runB, world.base);
    const mine = await world.trunk.openWorkspace(runA, named(1), world.base);
    const theirs = await world.trunk.openWorkspace(runB, named(2), world.base);
    await world.trunk.clearLeftovers(runA);
    await world.trunk.clearLeftovers(runA);
    expect([await world.read(mine, "b.txt"), await world.read(theirs, "b.txt")]).toEqual([null, "b\n"]);
  });
}
