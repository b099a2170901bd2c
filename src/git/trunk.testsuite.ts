/** What every `Trunk` does, whatever it is made of. An adapter's own tests call `testTrunk` with a world of theirs. */
import { afterEach, describe, expect, test } from "vitest";
import type { Commit, EngineId, RunId, SessionId, TaskId } from "../domain/ids.ts";
import type { LandAnswer, Submission, Trunk, Workspace } from "../engine/ports.ts";

export type Files = { [path: string]: string };

/** A trunk over a repository whose `base` holds the files that were asked for. */
export type TrunkWorld = {
  trunk: Trunk;
  base: Commit;
  write(workspace: Workspace, path: string, text: string): Promise<void>;
  remove(workspace: Workspace, path: string): Promise<void>;
  /** null: no such file. */
  read(workspace: Workspace, path: string): Promise<string | null>;
  /** Reads what a `ConflictFile` names. */
  readVersion(path: string): Promise<string>;
  /** A trunk of a new engine over the same state; the old one is not used any more. */
  restart(): Promise<Trunk>;
  /** A second engine's trunk over the same state, beside the first. */
  another(): Promise<Trunk>;
  close(): Promise<void>;
};

export const runA = "arun22" as RunId;
export const runB = "brun22" as RunId;
export const session = (n: number) => n as SessionId;

/** A workspace's name. */
export const named = (n: number) => `s${n}`;

export function submission(n: number, more: Partial<Submission> = {}): Submission {
  return { cycle: 1, task: n as TaskId, session: session(n), message: `Task ${n}`, onto: "" as Commit, ...more };
}

/** Lands on the tip as it is, again when it moves meanwhile. */
export async function landNow(
  trunk: Trunk,
  run: RunId,
  workspace: Workspace,
  submitted: Submission,
): Promise<LandAnswer> {
  for (;;) {
    const answer = await trunk.land(run, workspace, { ...submitted, onto: await trunk.tip(run) });
    if (answer.kind !== "moved") return answer;
  }
}

const lines = (...changed: [number, string][]) => {
  const all = Array.from({ length: 20 }, (_, i) => `line ${i}`);
  for (const [at, text] of changed) all[at] = text;
  return `${all.join("\n")}\n`;
};

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
    conflictTests(enter);
    resolveTests(enter);
    missingVersionTests(enter);
    takeOverTests(enter);
    recoveryTests(enter);
  });
}

type Enter = (files?: Files) => Promise<TrunkWorld>;

/** Opens a workspace, changes files (null: removes), lands. */
async function work(
  world: TrunkWorld,
  n: number,
  from: Commit,
  changes: { [path: string]: string | null },
): Promise<[LandAnswer, Workspace]> {
  const workspace = await world.trunk.openWorkspace(runA, named(n), from);
  await change(world, workspace, changes);
  return [await landNow(world.trunk, runA, workspace, submission(n)), workspace];
}

async function change(
  world: TrunkWorld,
  workspace: Workspace,
  changes: { [path: string]: string | null },
): Promise<void> {
  for (const [path, text] of Object.entries(changes)) {
    if (text === null) await world.remove(workspace, path);
    else await world.write(workspace, path, text);
  }
}

async function readTip(world: TrunkWorld, path: string): Promise<string | null> {
  const workspace = await world.trunk.openWorkspace(runA, named(999), await world.trunk.tip(runA));
  const text = await world.read(workspace, path);
  await workspace.remove();
  return text;
}

function landed(answer: LandAnswer): Extract<LandAnswer, { kind: "landed" }> {
  expect(answer).toMatchObject({ kind: "landed" });
  return answer as Extract<LandAnswer, { kind: "landed" }>;
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

/** Two change the same line from the same base; the first lands. */
async function collide(enter: Enter) {
  const world = await enter();
  const [first] = await work(world, 1, world.base, { "a.txt": lines([5, "trunk's"]), "t.txt": "t\n" });
  const [answer, workspace] = await work(world, 2, world.base, { "a.txt": lines([5, "mine"]), "n.txt": "n\n" });
  return { world, tip: landed(first).commit, answer, workspace };
}

function conflictTests(enter: Enter): void {
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
    await world.write(workspace, "a.txt", lines([5, "both"]));
    const answer = landed(await landNow(world.trunk, runA, workspace, submission(2)));
    expect(answer.files.toSorted()).toEqual(["a.txt", "n.txt"]);
    expect(await readTip(world, "a.txt")).toBe(lines([5, "both"]));
    expect((await world.trunk.landedSince(runA, world.base)).map((one) => one.task)).toEqual([1, 2]);
  });
}

function resolveTests(enter: Enter): void {
  test("giving the conflicted file up leaves the rest of the change", async () => {
    const { world, tip, workspace } = await collide(enter);
    await world.trunk.placeConflict(workspace, tip);
    await world.write(workspace, "a.txt", lines([5, "trunk's"]));
    expect(landed(await landNow(world.trunk, runA, workspace, submission(2))).files).toEqual(["n.txt"]);
  });

  test("a conflict can be lost a second time", async () => {
    const { world, tip, workspace } = await collide(enter);
    await world.trunk.placeConflict(workspace, tip);
    const [third] = await work(world, 3, tip, { "a.txt": lines([5, "third"]) });
    await world.write(workspace, "a.txt", lines([5, "both"]));
    const answer = await landNow(world.trunk, runA, workspace, submission(2));
    expect(answer).toEqual({ kind: "conflict", files: ["a.txt"] });
    const placed = await world.trunk.placeConflict(workspace, landed(third).commit);
    const base = placed.files[0]?.base ?? "";
    expect(await world.readVersion(base)).toBe(lines([5, "trunk's"]));
    await world.write(workspace, "a.txt", lines([5, "all three"]));
    landed(await landNow(world.trunk, runA, workspace, submission(2)));
    expect(await readTip(world, "a.txt")).toBe(lines([5, "all three"]));
  });
}

function missingVersionTests(enter: Enter): void {
  test("a file removed here and changed there is a conflict; the missing version is null", async () => {
    const world = await enter();
    const [first] = await work(world, 1, world.base, { "a.txt": lines([5, "trunk's"]) });
    const [answer, workspace] = await work(world, 2, world.base, { "a.txt": null });
    expect(answer).toMatchObject({ kind: "conflict", files: ["a.txt"] });
    const { files } = await world.trunk.placeConflict(workspace, landed(first).commit);
    expect(files).toMatchObject([{ path: "a.txt", base: expect.any(String), trunk: expect.any(String), yours: null }]);
    await world.remove(workspace, "a.txt");
    landed(await landNow(world.trunk, runA, workspace, submission(2)));
    expect(await readTip(world, "a.txt")).toBeNull();
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

function takeOverTests(enter: Enter): void {
  test("an engine that slept through a take-over moves nothing", async () => {
    const world = await enter();
    await world.trunk.takeOver(runA, "first" as EngineId);
    const workspace = await world.trunk.openWorkspace(runA, named(1), world.base);
    await change(world, workspace, { "a.txt": "late\n" });
    const second = await world.another();
    await second.takeOver(runA, "second" as EngineId);
    expect(await world.trunk.land(runA, workspace, { ...submission(1), onto: world.base })).toEqual({ kind: "moved" });
    expect(await second.tip(runA)).toBe(world.base);
    await world.trunk.takeOver(runA, "third" as EngineId);
    expect(await world.trunk.land(runA, workspace, { ...submission(1), onto: world.base })).toMatchObject({
      kind: "landed",
    });
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
