/** A run in its first cycle, on a store in memory, with a clock that a test moves: what tests of single steps begin with. */
import { onTestFinished } from "vitest";
import type { Commit, EngineId, PlannerId, RunId, SessionId, TaskId } from "../../src/domain/ids.ts";
import { configDefaults, commandAgent, type RunConfig } from "../../src/domain/run-config.ts";
import type { Claim } from "../../src/domain/session.ts";
import type { TaskSpec } from "../../src/domain/task.ts";
import { advance, type Capacity } from "../../src/engine/advance.ts";
import { insertPlanner, queueAttempt, startCycle } from "../../src/engine/queueing.ts";
import type { Transition } from "../../src/engine/store-port.ts";
import { openSqlite } from "../../src/store/sqlite.ts";
import { openStore } from "../../src/store/store.ts";
import { VirtualClock } from "./clock.ts";

export const run = "run" as RunId;
export const engine = "e" as EngineId;
export const base = "base" as Commit;
const nothing = { title: "T", instructions: "", paths: [], priority: 0, acceptance: "", agent: null };

export async function oneCycle(config: Partial<RunConfig> = {}) {
  const clock = new VirtualClock();
  const store = await openStore(openSqlite(":memory:", clock));
  onTestFinished(() => store.close());
  const roles = { planner: "a", worker: "a", arbiter: null, judge: null };
  const whole = { ...configDefaults, agents: { a: commandAgent("true") }, roles, directory: "/", ...config };
  await store.createRun({ id: run, repository: "/", goal: "g", config: whole, base });
  const change = <T>(work: (tx: Transition) => Promise<T>) => store.transition(run, work);
  const { cycle, root } = await change(async (tx) => {
    await startCycle(tx, 1, "");
    const { id } = (await tx.cycle())!;
    return { cycle: id, root: (await tx.activePlanners(id))[0]! };
  });
  const mine = new Map<SessionId, unknown>();
  return {
    clock,
    store,
    change,
    cycle,
    root,
    spawn: (name: string, parent: PlannerId = root, depth = 1) =>
      change((tx) => insertPlanner(tx, { cycle, parent, depth, name, question: name, paths: [], agent: null })),
    /** Ready, with its attempt in the queue. */
    task: (planner: PlannerId, name: string, spec: Partial<TaskSpec> = {}): Promise<TaskId> =>
      change(async (tx) => {
        const about = { cycle, planner };
        const own = { ...nothing, name, ...spec };
        const id = await tx.insertTask({ ...about, spec: own, dependsOn: [], state: { status: "ready" } });
        await queueAttempt(tx, { ...own, ...about, id, contested: null }, tx.now);
        return id;
      }),
    /** One step of the scheduler: what it claims is ours to run. */
    claim: async (free: Partial<Capacity>): Promise<Claim[]> => {
      const admits = { credentialOf: () => null, admit: () => true };
      const { claims } = await change((tx) =>
        advance(tx, engine, { planner: 0, worker: 0, judge: 0, ...free }, mine, admits),
      );
      for (const { session } of claims) mine.set(session, null);
      return claims;
    },
  };
}
