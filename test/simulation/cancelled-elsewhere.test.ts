/** A task may wait for one of another planner: whoever's task is cancelled by somebody else hears of it, or waits for ever. */
import { expect, onTestFinished, test } from "vitest";
import type { Commit, PlannerId, RunId } from "../../src/domain/ids.ts";
import { commandAgent, configDefaults } from "../../src/domain/run-config.ts";
import { noSpend } from "../../src/domain/budget.ts";
import { reserve } from "../../src/engine/budgets.ts";
import { applyPlan, viewFor } from "../../src/engine/planning.ts";
import { insertPlanner, startCycle } from "../../src/engine/queueing.ts";
import type { Transition } from "../../src/engine/store-port.ts";
import { openSqlite } from "../../src/store/sqlite.ts";
import { openStore } from "../../src/store/store.ts";

const run = "across" as RunId;
const spec = { title: "T", instructions: "", paths: [], priority: 0, acceptance: "", agent: null };

/** Two sub-planners; the second's only task waits for the first's. Their first turns are over. */
async function twoScopes() {
  const store = await openStore(openSqlite(":memory:", Date));
  onTestFinished(() => store.close());
  const agents = { a: commandAgent("true") };
  const roles = { planner: "a", worker: "a", arbiter: null, judge: null };
  const config = { ...configDefaults, agents, roles, directory: "/" };
  await store.createRun({ id: run, repository: "/", goal: "g", config, base: "c" as Commit });
  const change = <T>(work: (tx: Transition) => Promise<T>) => store.transition(run, work);
  const scopes = await change(async (tx) => {
    await startCycle(tx, 1, "");
    const cycle = (await tx.cycle())!.id;
    const [root] = await tx.activePlanners(cycle);
    const spawn = (name: string) =>
      insertPlanner(tx, { cycle, parent: root!, depth: 1, name, question: name, paths: [], agent: null });
    const [first, second] = [await spawn("first"), await spawn("second")];
    const task = await tx.insertTask({
      cycle,
      planner: first,
      spec: { ...spec, name: "one" },
      dependsOn: [],
      state: { status: "ready" },
    });
    const waiting = await tx.insertTask({
      cycle,
      planner: second,
      spec: { ...spec, name: "two" },
      dependsOn: [task],
      state: { status: "blocked", blockers: 1 },
    });
    for (const planner of [first, second]) {
      const turn = await tx.liveSession({ kind: "turn", planner }, cycle);
      await tx.endSession(turn!.id, { outcome: "succeeded", failure: null });
    }
    return { cycle, root: root!, first, second, waiting };
  });
  const isWoken = (planner: PlannerId) =>
    change(async (tx) => (await tx.liveSession({ kind: "turn", planner }, scopes.cycle)) !== null);
  return { change, isWoken, ...scopes };
}

test("by the planner that it waited for", async () => {
  const { change, isWoken, first, second, waiting } = await twoScopes();
  await change(async (tx) => {
    const planner = (await tx.planner(first))!;
    const view = await viewFor(tx, planner, []);
    const [one] = await tx.tasksNamed(first, ["one"]);
    const plan = {
      tasks: [],
      planners: [],
      updates: [],
      cancel: [{ task: one!.id, reason: "no" }],
      scratchpad: null,
      finish: null,
    };
    await applyPlan(tx, planner, plan, view);
  });
  expect(await change((tx) => tx.task(waiting))).toMatchObject({ state: { status: "cancelled" } });
  expect(await isWoken(second)).toBe(true);
  expect(await isWoken(first)).toBe(false);
});

test("because the budget of another scope is used up", async () => {
  const { change, isWoken, cycle, root, first, second } = await twoScopes();
  await change(async (tx) => {
    const id = await tx.queueSession({
      cycle,
      subject: { kind: "turn", planner: first },
      agent: "a",
      priority: 0,
      readyAt: 0,
    });
    const spent = { ...noSpend, microUsd: 5 };
    const account = {
      of: "planner",
      planner: first,
      name: "first",
      budget: { microUsd: 5, tokens: null },
      spend: spent,
    } as const;
    await reserve(tx, (await tx.session(id))!, [account], { microUsd: 1, tokens: 0 });
  });
  expect(await isWoken(second)).toBe(true);
  expect(await isWoken(root)).toBe(true);
  expect(await isWoken(first)).toBe(false);
});
