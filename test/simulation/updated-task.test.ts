/** What a planner changes of a task that waits is what its next session is about. */
import { expect, test } from "vitest";
import { commandAgent } from "../../src/domain/run-config.ts";
import { noUsage } from "../../src/domain/session.ts";
import type { TaskChange } from "../../src/domain/task.ts";
import { endAttemptFailed } from "../../src/engine/attempts.ts";
import { applyPlan, viewFor } from "../../src/engine/planning.ts";
import { base, oneCycle } from "./one-cycle.ts";

const agents = { a: commandAgent("true"), b: commandAgent("true") };
const nothingElse = { tasks: [], planners: [], cancel: [], scratchpad: null, finish: null };

async function withOneTask() {
  const world = await oneCycle({ agents });
  const { change, root, task } = world;
  const id = await task(root, "one");
  const update = (...changes: TaskChange[]) =>
    change(async (tx) => {
      const [planner, one] = [(await tx.planner(root))!, (await tx.task(id))!];
      const updates = changes.map((each) => ({ task: one, change: each }));
      await applyPlan(tx, planner, { ...nothingElse, updates }, await viewFor(tx, planner, []));
    });
  const live = () => change((tx) => tx.liveSession({ kind: "attempt", task: id, planner: root }, world.cycle));
  return { ...world, id, update, live };
}

test("also when one turn changes it twice", async () => {
  const { update, live } = await withOneTask();
  await update({ agent: "b" }, { priority: 3 });
  expect(await live()).toMatchObject({ agent: "b", priority: 3 });
});

/** One that was put aside when its agent had begun. */
async function withOneBegun() {
  const world = await withOneTask();
  const { claim, change } = world;
  const held = (await claim({ worker: 1 }))[0]!;
  await change(async (tx) => {
    await tx.openSession(held.session, { base, readUpTo: null }, null);
    await tx.appendStep(held.session, { kind: "reply", body: 0 }, null);
    await endAttemptFailed(tx, held, { kind: "suspended", until: tx.now, detail: "429" }, noUsage, null);
  });
  return { ...world, begun: held.session };
}

test("also when a session that was put aside knows it as it was: it begins anew", async () => {
  const { update, live, begun, change } = await withOneBegun();
  await update({ agent: "b", instructions: "otherwise" });
  const next = await live();
  expect(next).toMatchObject({ agent: "b", opening: null, state: { status: "queued" } });
  expect(await change((tx) => tx.session(begun))).toMatchObject({ state: { outcome: "cancelled" } });
});

test("one that only gets another place in the queue goes on", async () => {
  const { update, live, begun } = await withOneBegun();
  await update({ priority: 5 });
  expect(await live()).toMatchObject({ id: begun, priority: 5 });
});
