/** What people push beside a run, again and again: the bringing of it onto the trunk, on a real store and a lane that answers as it is told. */
import { expect, onTestFinished, test } from "vitest";
import type { Commit, RunId, TaskId } from "../../src/domain/ids.ts";
import { commandAgent, configDefaults } from "../../src/domain/run-config.ts";
import { Following } from "../../src/engine/following.ts";
import type { FollowAnswer } from "../../src/engine/ports.ts";
import { startCycle } from "../../src/engine/queueing.ts";
import { openSqlite } from "../../src/store/sqlite.ts";
import { openStore } from "../../src/store/store.ts";
import { quiet, VirtualClock } from "./clock.ts";

const run = "follows" as RunId;
const [one, two] = ["1".repeat(40), "2".repeat(40)] as [Commit, Commit];

async function world(answer: () => FollowAnswer) {
  const clock = new VirtualClock();
  const store = await openStore(openSqlite(":memory:", clock));
  onTestFinished(() => store.close());
  const roles = { planner: "a", worker: "a", arbiter: null, judge: null };
  const config = { ...configDefaults, agents: { a: commandAgent("true") }, roles, directory: "/" };
  await store.createRun({ id: run, repository: "/", goal: "g", config, base: "c" as Commit });
  await store.transition(run, (tx) => startCycle(tx, 1, ""));
  const tried: Commit[] = [];
  const reported: unknown[] = [];
  const lane = {
    follow: async (theirs: Commit) => {
      tried.push(theirs);
      return answer();
    },
  };
  const report = (error: unknown) => void reported.push(error);
  const following = new Following({ store, lane, clock, run, limits: config.limits, report });
  /** The engine looks each second, for so long. */
  const look = async (theirs: Commit, seconds: number) => {
    for (let n = 0; n < seconds; n++) {
      following.look(theirs);
      await following.settled();
      clock.timer(1_000, () => undefined);
      clock.next();
      await quiet();
    }
  };
  const tasks = () =>
    store.transition(run, async (tx) => {
      const [root] = await tx.activePlanners((await tx.cycle())!.id);
      return (await tx.tasksOf(root!, 10)).tasks.map(({ id, name, state }) => ({
        id,
        name,
        status: state.status,
      }));
    });
  const land = (task: TaskId) =>
    store.transition(run, (tx) =>
      tx.setTask(task, { state: { status: "landed", commit: "c" as Commit, nothingToDo: false, at: tx.now } }),
    );
  const cancel = (task: TaskId) =>
    store.transition(run, (tx) => tx.setTask(task, { state: { status: "cancelled", reason: "", at: tx.now } }));
  const nextCycle = () => store.transition(run, (tx) => startCycle(tx, 2, ""));
  return { look, tasks, land, cancel, nextCycle, tried, reported };
}

const conflict: FollowAnswer = { kind: "conflict", files: ["a.txt"], kept: "{}" };

test("people who go back to a commit that conflicted before get a task again", async () => {
  const { look, tasks, land, reported } = await world(() => conflict);
  for (const theirs of [one, two, one]) {
    await look(theirs, 3);
    const open = (await tasks()).filter(({ status }) => status === "ready");
    expect(open.map(({ name }) => name.slice(0, 13))).toEqual([`pushed-${theirs.slice(0, 6)}`]);
    await land(open[0]!.id);
  }
  expect([(await tasks()).length, reported]).toEqual([3, []]);
});

test("what was cancelled with its cycle comes again in the next one, and not before", async () => {
  const { look, tasks, cancel, nextCycle, reported } = await world(() => conflict);
  await look(one, 3);
  await cancel((await tasks())[0]!.id);
  await look(one, 3);
  expect((await tasks()).map(({ status }) => status)).toEqual(["cancelled"]);
  await nextCycle();
  await look(one, 3);
  expect([(await tasks()).map(({ status }) => status), reported]).toEqual([["ready"], []]);
});

test("what fails is tried again, and told, once in a while", async () => {
  let broken = true;
  const { look, tried, reported } = await world(() => {
    if (broken) throw new Error("the disk is full");
    return { kind: "contained" };
  });
  const whileMs = configDefaults.limits.mirrorMs;
  await look(one, (2 * whileMs) / 1_000);
  expect([tried.length, reported.length]).toEqual([2, 2]);
  broken = false;
  await look(one, (3 * whileMs) / 1_000);
  // Then it is there, and nobody looks any more.
  expect([tried.length, reported.length]).toEqual([3, 2]);
});
