/** An engine that was frozen after it moved the branch records its landing when another has read it back, and gone on. */
import { expect, onTestFinished, test } from "vitest";
import type { Commit, RunId, SessionId, TaskId } from "../../src/domain/ids.ts";
import { handoffOf } from "../../src/domain/handoff.ts";
import { commandAgent, configDefaults } from "../../src/domain/run-config.ts";
import { noUsage } from "../../src/domain/session.ts";
import { recordLanded } from "../../src/engine/attempts.ts";
import { queueAttempt, startCycle } from "../../src/engine/queueing.ts";
import type { Transition } from "../../src/engine/store-port.ts";
import { openSqlite } from "../../src/store/sqlite.ts";
import { openStore } from "../../src/store/store.ts";

const run = "late" as RunId;

test("what is recorded late takes the tip back to nothing older", async () => {
  const store = await openStore(openSqlite(":memory:", Date));
  onTestFinished(() => store.close());
  const roles = { planner: "a", worker: "a", arbiter: null, judge: null };
  const config = { ...configDefaults, agents: { a: commandAgent("true") }, roles, directory: "/" };
  await store.createRun({ id: run, repository: "/", goal: "g", config, base: "base" as Commit });
  const change = <T>(work: (tx: Transition) => Promise<T>) => store.transition(run, work);
  await change((tx) => startCycle(tx, 1, ""));
  const submitted = (name: string): Promise<{ task: TaskId; session: SessionId }> =>
    change(async (tx) => {
      const cycle = (await tx.cycle())!.id;
      const planner = (await tx.activePlanners(cycle))[0]!;
      const spec = { name, title: name, instructions: "", paths: [], priority: 0, acceptance: "", agent: null };
      const task = await tx.insertTask({ cycle, planner, spec, dependsOn: [], state: { status: "ready" } });
      await queueAttempt(tx, { ...spec, id: task, cycle, planner, contested: null }, tx.now);
      const session = (await tx.liveSession({ kind: "attempt", task, planner }, cycle))!.id;
      await tx.insertLanding({ session, task, handoff: handoffOf("done"), usage: noUsage });
      return { task, session };
    });
  const first = { commit: "1" as Commit, ...(await submitted("first")) };
  const second = { commit: "2" as Commit, ...(await submitted("second")) };
  for (const landed of [first, second, first]) await change((tx) => recordLanded(tx, landed, []));
  expect(await change(async (tx) => tx.run.tip)).toBe("2");
});
