/** Conflicts, as every `Trunk` finds, places and takes them back. */
import { expect, test } from "vitest";
import { landed, landNow, lines, readTip, runA, submission, work, type Enter } from "./trunk-steps.testsuite.ts";

/** Two change the same line from the same base; the first lands. */
async function collide(enter: Enter) {
  const world = await enter();
  const [first] = await work(world, 1, world.base, { "a.txt": lines([5, "trunk's"]), "t.txt": "t\n" });
  const [answer, workspace] = await work(world, 2, world.base, { "a.txt": lines([5, "mine"]), "n.txt": "n\n" });
  return { world, tip: landed(first).commit, answer, workspace };
}

export function conflictTests(enter: Enter): void {
  test("a change of the same line is a conflict, and the trunk stays", async () => {
    const { world, tip, answer } = await collide(enter);
    expect(answer).toEqual({ kind: "conflict", files: ["a.txt"] });
    expect(await world.trunk.tip(runA)).toBe(tip);
  });

  test("a placed conflict has the trunk's files, the change, markers, and each version", async () => {
    const { world, tip, workspace } = await collide(enter);
    const placed = await world.trunk.placeConflict(workspace, tip);
    expect(placed.base).toBe(tip);
    const marked = (await world.read(workspace, "a.txt")) ?? "";
    expect(marked).toContain("<<<<<<< trunk\ntrunk's\n=======\nmine\n>>>>>>> yours\n");
    expect([await world.read(workspace, "t.txt"), await world.read(workspace, "n.txt")]).toEqual(["t\n", "n\n"]);
    const [file] = placed.files;
    expect([file?.path, placed.files.length]).toEqual(["a.txt", 1]);
    const versions = await Promise.all(
      [file?.base, file?.trunk, file?.yours].map((path) => world.readVersion(path ?? "")),
    );
    expect(versions).toEqual([lines(), lines([5, "trunk's"]), lines([5, "mine"])]);
  });

  test("files that still have their markers are refused", async () => {
    const { world, tip, workspace } = await collide(enter);
    await world.trunk.placeConflict(workspace, tip);
    const answer = await landNow(world.trunk, runA, workspace, submission(2));
    expect(answer).toMatchObject({ kind: "refused", reasons: [expect.stringContaining("a.txt")] });
    expect(await world.trunk.tip(runA)).toBe(tip);
  });

  test("a resolved conflict lands on the tip it was placed on", async () => {
    const { world, tip, workspace } = await collide(enter);
    await world.trunk.placeConflict(workspace, tip);
    await world.write(workspace, "a.txt", lines([5, "mine and trunk's"]));
    const answer = landed(await landNow(world.trunk, runA, workspace, submission(2)));
    expect(answer.files.toSorted()).toEqual(["a.txt", "n.txt"]);
    expect(await readTip(world, "a.txt")).toBe(lines([5, "mine and trunk's"]));
    expect((await world.trunk.landedSince(runA, world.base)).map((one) => one.task)).toEqual([1, 2]);
  });
}

export function resolveTests(enter: Enter): void {
  test("giving the conflicted file up leaves the rest of the change", async () => {
    const { world, tip, workspace } = await collide(enter);
    await world.trunk.placeConflict(workspace, tip);
    await world.write(workspace, "a.txt", lines([5, "trunk's"]));
    expect(landed(await landNow(world.trunk, runA, workspace, submission(2))).files).toEqual(["n.txt"]);
  });

  test("a file that came with the other side can be removed again", async () => {
    const { world, tip, workspace } = await collide(enter);
    await world.trunk.placeConflict(workspace, tip);
    await world.write(workspace, "a.txt", lines([5, "both"]));
    await world.remove(workspace, "t.txt");
    // It drops the other side, so it has to be said twice.
    expect(await landNow(world.trunk, runA, workspace, submission(2))).toMatchObject({ kind: "refused" });
    const answer = landed(await landNow(world.trunk, runA, workspace, submission(2)));
    expect(answer.files.toSorted()).toEqual(["a.txt", "n.txt", "t.txt"]);
    expect(await readTip(world, "t.txt")).toBeNull();
  });

  test("a conflict can be lost a second time", async () => {
    const { world, tip, workspace } = await collide(enter);
    await world.trunk.placeConflict(workspace, tip);
    const [third] = await work(world, 3, tip, { "a.txt": lines([5, "third"]) });
    await world.write(workspace, "a.txt", lines([5, "mine and trunk's"]));
    const answer = await landNow(world.trunk, runA, workspace, submission(2));
    expect(answer).toEqual({ kind: "conflict", files: ["a.txt"] });
    const placed = await world.trunk.placeConflict(workspace, landed(third).commit);
    const base = placed.files[0]?.base ?? "";
    expect(await world.readVersion(base)).toBe(lines([5, "trunk's"]));
    await world.write(workspace, "a.txt", lines([5, "mine, third"]));
    landed(await landNow(world.trunk, runA, workspace, submission(2)));
    expect(await readTip(world, "a.txt")).toBe(lines([5, "mine, third"]));
  });
}

const dropped = (reason: RegExp) => ({ kind: "refused", reasons: [expect.stringMatching(reason)] });

export function droppedSideTests(enter: Enter): void {
  test("a resolution that drops the other side is refused once, with the evidence, and lands when it is insisted on", async () => {
    const { world, tip, workspace } = await collide(enter);
    await world.trunk.placeConflict(workspace, tip);
    await world.write(workspace, "a.txt", lines([5, "mine"]));
    const answer = await landNow(world.trunk, runA, workspace, submission(2));
    expect(answer).toEqual(dropped(/^a\.txt: .*`trunk's`.*say why in the handoff/));
    expect(answer).toEqual(dropped(new RegExp(`task t1 in commit ${tip.slice(0, 12)}`)));
    expect(await world.trunk.tip(runA)).toBe(tip);
    landed(await landNow(world.trunk, runA, workspace, submission(2)));
    expect(await readTip(world, "a.txt")).toBe(lines([5, "mine"]));
  });

  test("markers that are left are said first, and do not use up the word about the other side", async () => {
    const { world, tip, workspace } = await collide(enter);
    await world.trunk.placeConflict(workspace, tip);
    const land = () => landNow(world.trunk, runA, workspace, submission(2));
    expect(await land()).toEqual(dropped(/markers are left/));
    await world.write(workspace, "a.txt", lines([5, "mine"]));
    expect(await land()).toEqual(dropped(/drops/));
    landed(await land());
  });

  test("each conflict has its own word: who drops again after a second one is told again", async () => {
    const { world, tip, workspace } = await collide(enter);
    const land = () => landNow(world.trunk, runA, workspace, submission(2));
    await world.trunk.placeConflict(workspace, tip);
    await world.write(workspace, "a.txt", lines([5, "mine"]));
    expect(await land()).toEqual(dropped(/task t1/));
    const [third] = await work(world, 3, tip, { "a.txt": lines([5, "third"]) });
    expect(await land()).toMatchObject({ kind: "conflict" });
    await world.trunk.placeConflict(workspace, landed(third).commit);
    await world.write(workspace, "a.txt", lines([5, "mine"]));
    expect(await land()).toEqual(dropped(/task t3 in .*`third`/));
    landed(await land());
  });

  test("what has moved to another file is not dropped", async () => {
    const { world, tip, workspace } = await collide(enter);
    await world.trunk.placeConflict(workspace, tip);
    await world.write(workspace, "a.txt", lines([5, "mine"]));
    await world.write(workspace, "moved.txt", "  trunk's\n");
    expect(await landNow(world.trunk, runA, workspace, submission(2))).toMatchObject({ kind: "landed" });
  });

  test("a new file of both: who keeps only the own is told", async () => {
    const world = await enter();
    const [first] = await work(world, 1, world.base, { "new.txt": "same\ntheirs\n" });
    const [, workspace] = await work(world, 2, world.base, { "new.txt": "same\nmine\n" });
    await world.trunk.placeConflict(workspace, landed(first).commit);
    await world.write(workspace, "new.txt", "same\nmine\n");
    const answer = await landNow(world.trunk, runA, workspace, submission(2));
    expect(answer).toEqual(dropped(/^new\.txt: your resolution drops .*: `theirs`\. /));
  });
}

export function missingVersionTests(enter: Enter): void {
  test("a file removed here and changed there is a conflict; the missing version is null", async () => {
    const world = await enter();
    const [first] = await work(world, 1, world.base, { "a.txt": lines([5, "trunk's"]) });
    const [answer, workspace] = await work(world, 2, world.base, { "a.txt": null });
    expect(answer).toMatchObject({ kind: "conflict", files: ["a.txt"] });
    const { files } = await world.trunk.placeConflict(workspace, landed(first).commit);
    expect(files).toMatchObject([{ path: "a.txt", base: expect.any(String), trunk: expect.any(String), yours: null }]);
    await world.remove(workspace, "a.txt");
    expect(await landNow(world.trunk, runA, workspace, submission(2))).toEqual(
      dropped(/^a\.txt: removing it drops .*`trunk's`/),
    );
    landed(await landNow(world.trunk, runA, workspace, submission(2)));
    expect(await readTip(world, "a.txt")).toBeNull();
  });

  test("a file that the trunk has removed comes back only when it is insisted on", async () => {
    const world = await enter();
    const [first] = await work(world, 1, world.base, { "a.txt": null });
    const tip = landed(first).commit;
    const [answer, workspace] = await work(world, 2, world.base, { "a.txt": lines([5, "mine"]), "n.txt": "n\n" });
    expect(answer).toMatchObject({ kind: "conflict", files: ["a.txt"] });
    const { files } = await world.trunk.placeConflict(workspace, tip);
    expect(files).toMatchObject([{ path: "a.txt", base: expect.any(String), trunk: null, yours: expect.any(String) }]);
    const land = () => landNow(world.trunk, runA, workspace, submission(2));
    const why = `^a\\.txt: your resolution brings back what others have removed \\(task t1 in commit ${tip.slice(0, 12)}\\)\\. `;
    expect(await land()).toEqual(dropped(new RegExp(why)));
    expect(landed(await land()).files).toEqual(["a.txt", "n.txt"]);
    expect(await readTip(world, "a.txt")).toBe(lines([5, "mine"]));
  });

  test("who removes it as the trunk has is not asked", async () => {
    const world = await enter();
    const [first] = await work(world, 1, world.base, { "a.txt": null });
    const [, workspace] = await work(world, 2, world.base, { "a.txt": lines([5, "mine"]), "n.txt": "n\n" });
    await world.trunk.placeConflict(workspace, landed(first).commit);
    await world.remove(workspace, "a.txt");
    expect(landed(await landNow(world.trunk, runA, workspace, submission(2))).files).toEqual(["n.txt"]);
  });

  test("the same new file with different content is a conflict without a base", async () => {
    const world = await enter();
    const [first] = await work(world, 1, world.base, { "new.txt": "one\n" });
    const [answer, workspace] = await work(world, 2, world.base, { "new.txt": "two\n" });
    expect(answer).toMatchObject({ kind: "conflict", files: ["new.txt"] });
    const { files } = await world.trunk.placeConflict(workspace, landed(first).commit);
    expect(files).toMatchObject([{ path: "new.txt", base: null }]);
    expect(await world.read(workspace, "new.txt")).toContain("<<<<<<< trunk\none\n=======\ntwo\n>>>>>>> yours");
  });
}
