/** A fresh store for every test, and the steps that the tests of the store share. */
import { afterEach, beforeEach } from "vitest";
import type { Commit, CycleId, EngineId, PlannerId, RunId, TaskId } from "../domain/ids.ts";
import { commandAgent, configDefaults, type RunConfig } from "../domain/run-config.ts";
import type { Claim, Subject } from "../domain/session.ts";
import type { TaskState } from "../domain/task.ts";
import type { Store, Transition } from "../engine/store-port.ts";
import type { Views } from "../engine/views.ts";

export type StoreWorld = { open(): Promise<{ store: Store; views: Views }>; dispose(): Promise<void> };
export type OpenStore = ReturnType<typeof openForEach>;

export const config: RunConfig = {
  ...configDefaults,
  agents: { a: commandAgent("true") },
  roles: { planner: "a", worker: "a", arbiter: null, judge: null },
  directory: "/",
  identity: "A <a@localhost>",
};

export const run = "run1" as RunId;
export const base = "b".repeat(40) as Commit;
export const me = "engine-1" as EngineId;
export const spec = { title: "", instructions: "", paths: ["a.js"], priority: 0, acceptance: "", agent: null };
export const ready: TaskState = { status: "ready" };

/** `store` and `views` are those of the test that runs. */
export function openForEach(makeWorld: () => Promise<StoreWorld>) {
  let world: StoreWorld;
  let opened: { store: Store; views: Views };
  const others: Store[] = [];
  const change = <T>(work: (tx: Transition) => Promise<T>) => opened.store.transition(run, work);

  beforeEach(async () => {
    world = await makeWorld();
    opened = await world.open();
    await opened.store.createRun({ id: run, repository: "/repo", goal: "a goal", config, base });
  });
  afterEach(async () => {
    for (const other of [opened.store, ...others.splice(0)]) await other.close();
    await world.dispose();
  });

  const cycleWithRoot = () =>
    change(async (tx) => {
      const { id: cycle } = await tx.insertCycle({ number: 1, brief: "", deadlineAt: tx.now + 1000 });
      const planner = await tx.insertPlanner({
        cycle,
        parent: null,
        depth: 0,
        name: "root",
        question: "q",
        paths: ["src/"],
        agent: null,
      });
      return { cycle, planner };
    });
  const insertTask = (
    at: { cycle: CycleId; planner: PlannerId },
    task: string,
    dependsOn: TaskId[] = [],
    state: TaskState = ready,
  ) => change((tx) => tx.insertTask({ ...at, spec: { ...spec, name: task }, dependsOn, state }));
  const queue = (cycle: CycleId, subject: Subject, priority = 0, inMs = 0) =>
    change((tx) => tx.queueSession({ cycle, subject, agent: "a", priority, readyAt: tx.now + inMs }));
  const claimNext = (kind: Subject["kind"]): Promise<Claim | null> =>
    change(async (tx) => {
      const [session] = await tx.claimable(kind, 1, []);
      return session ? tx.claim(session, me, tx.now + 1000) : null;
    });

  return {
    get store() {
      return opened.store;
    },
    get views() {
      return opened.views;
    },
    /** The store of a second process on the same database. */
    async openAnother(): Promise<Store> {
      const { store } = await world.open();
      others.push(store);
      return store;
    },
    change,
    cycleWithRoot,
    insertTask,
    queue,
    claimNext,
  };
}
