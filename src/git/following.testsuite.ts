/** What people have pushed meanwhile, as every `Trunk` brings it onto itself. */
import { expect, test } from "vitest";
import type { Commit, EngineId } from "../domain/ids.ts";
import type { FollowAnswer, FollowHow } from "../engine/ports.ts";
import {
  landed,
  landNow,
  lines,
  named,
  readTip,
  runA,
  submission,
  work,
  type Enter,
  type TrunkWorld,
} from "./trunk-steps.testsuite.ts";

/** Stages it, and lands it there. */
async function follow({ trunk }: TrunkWorld, onto: Commit, theirs: Commit, how: FollowHow = "merge") {
  const answer = await trunk.stageFollowed(runA, onto, theirs, how);
  expect(answer).toMatchObject({ kind: "staged" });
  const { tip, files } = answer as Extract<FollowAnswer, { kind: "staged" }>;
  expect(await trunk.tip(runA)).toBe(onto);
  expect(await trunk.moveTo(runA, onto, tip)).toBe(true);
  return { commit: tip, files };
}

export function followTests(enter: Enter): void {
  test("what was pushed is merged onto what has landed, once, and is nobody's landing", async () => {
    const world = await enter();
    const [first] = await work(world, 1, world.base, { "a.txt": lines([2, "two"]) });
    const { commit } = landed(first);
    const theirs = await world.pushed(world.base, {
      "a.txt": lines([15, "fifteen"]),
      "new.txt": "new\n",
      "b.txt": null,
    });
    const answer = await follow(world, commit, theirs);
    expect(answer.files).toEqual(["a.txt", "b.txt", "new.txt"]);
    expect(await world.trunk.tip(runA)).toBe(answer.commit);
    expect([await readTip(world, "a.txt"), await readTip(world, "b.txt"), await readTip(world, "new.txt")]).toEqual([
      lines([2, "two"], [15, "fifteen"]),
      null,
      "new\n",
    ]);
    expect(await world.trunk.landedSince(runA, world.base)).toMatchObject([{ commit, task: 1 }]);
    expect(await world.trunk.stageFollowed(runA, answer.commit, theirs, "merge")).toEqual({ kind: "contained" });
  });

  test("what they push later is merged from where they were merged last", async () => {
    const world = await enter();
    const once = await world.pushed(world.base, { "a.txt": lines([5, "theirs"]) });
    const first = await follow(world, world.base, once);
    const [mine] = await work(world, 1, first.commit, { "a.txt": lines([5, "theirs and mine"]) });
    const twice = await world.pushed(once, { "a.txt": lines([5, "theirs"], [15, "more"]) });
    await follow(world, landed(mine).commit, twice);
    expect(await readTip(world, "a.txt")).toBe(lines([5, "theirs and mine"], [15, "more"]));
  });

  test("the start of the run, and what it began from, is contained", async () => {
    const world = await enter();
    expect(await world.trunk.stageFollowed(runA, world.base, world.base, "merge")).toEqual({ kind: "contained" });
  });

  test("what contradicts a landing is a conflict, and the trunk stays", async () => {
    const world = await enter();
    const [first] = await work(world, 1, world.base, { "a.txt": lines([5, "mine"]) });
    const theirs = await world.pushed(world.base, { "a.txt": lines([5, "theirs"]), "new.txt": "new\n" });
    const { commit } = landed(first);
    const answer = await world.trunk.stageFollowed(runA, commit, theirs, "merge");
    expect(answer).toMatchObject({ kind: "conflict", files: ["a.txt"] });
    expect(await world.trunk.tip(runA)).toBe(commit);
    const { kept } = answer as Extract<FollowAnswer, { kind: "conflict" }>;
    const workspace = await world.trunk.openWorkspace(runA, named(2), commit, { kept: kept });
    expect(await world.read(workspace, "a.txt")).toBe(lines([5, "theirs"]));
    expect(await landNow(world.trunk, runA, workspace, submission(2))).toMatchObject({ kind: "conflict" });
    const { files } = await world.trunk.placeConflict(workspace, commit);
    expect(files.map(({ path }) => path)).toEqual(["a.txt"]);
    await world.write(workspace, "a.txt", lines([5, "mine and theirs"]));
    const solved = landed(await landNow(world.trunk, runA, workspace, submission(2)));
    const merged = await follow(world, solved.commit, theirs, "resolved");
    expect(merged.files).toEqual([]);
    expect([await readTip(world, "a.txt"), await readTip(world, "new.txt")]).toEqual([
      lines([5, "mine and theirs"]),
      "new\n",
    ]);
    expect(await world.trunk.stageFollowed(runA, merged.commit, theirs, "merge")).toEqual({ kind: "contained" });
  });

  test("work that was begun before lands on it, or conflicts with it", async () => {
    const world = await enter();
    const [fits, collides] = [
      await world.trunk.openWorkspace(runA, named(1), world.base),
      await world.trunk.openWorkspace(runA, named(2), world.base),
    ];
    await world.write(fits, "a.txt", lines([15, "fifteen"]));
    await world.write(collides, "a.txt", lines([5, "mine"]));
    const theirs = await world.pushed(world.base, { "a.txt": lines([5, "theirs"]) });
    const { commit } = await follow(world, world.base, theirs);
    expect(await landNow(world.trunk, runA, fits, submission(1))).toMatchObject({ kind: "landed" });
    expect(await landNow(world.trunk, runA, collides, submission(2))).toMatchObject({ kind: "conflict" });
    expect(await world.trunk.landedSince(runA, commit)).toMatchObject([{ task: 1 }]);
  });

  test("onto a tip that is not the tip any more, or by an engine that was relieved, it does not land", async () => {
    const world = await enter();
    await world.trunk.takeOver(runA, "first" as EngineId);
    const theirs = await world.pushed(world.base, { "new.txt": "new\n" });
    const early = await world.trunk.stageFollowed(runA, world.base, theirs, "merge");
    const [first] = await work(world, 1, world.base, { "b.txt": "1\n" });
    const { commit } = landed(first);
    const move = async (from: Commit, staged: FollowAnswer) =>
      world.trunk.moveTo(runA, from, staged.kind === "staged" ? staged.tip : from);
    expect(await move(world.base, early)).toBe(false);
    const late = await world.trunk.stageFollowed(runA, commit, theirs, "merge");
    await (await world.another()).takeOver(runA, "second" as EngineId);
    expect(await move(commit, late)).toBe(false);
    expect(await world.trunk.tip(runA)).toBe(commit);
  });
}
