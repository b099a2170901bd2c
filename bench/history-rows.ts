/** A store with a long history: one planner whose finished tasks have every row that the engine leaves of them. */
import { sql, type Transaction } from "kysely";
import type { Commit, CycleId, PlannerId, RunId } from "../src/domain/ids.ts";
import { commandAgent, configDefaults, type RunConfig } from "../src/domain/run-config.ts";
import { queueAttempt, startCycle } from "../src/engine/queueing.ts";
import type { Store } from "../src/engine/store-port.ts";
import type { Views } from "../src/engine/views.ts";
import type { Database } from "../src/store/dialect.ts";
import type { Tables } from "../src/store/schema.ts";
import { openStore } from "../src/store/store.ts";
import { openViews } from "../src/store/views.ts";
import { openDatabase } from "./databases.ts";

export const run = "history" as RunId;
export type History = { store: Store; views: Views; planner: PlannerId; remove(): Promise<void> };

const commit = "0".repeat(40) as Commit;
const rowsAtOnce = 500;
const eventsOfTask = [
  "task.created",
  "task.ready",
  "session.started",
  "landing.submitted",
  "landing.landed",
  "session.ended",
];
const command = commandAgent("true");
const config: RunConfig = {
  ...configDefaults,
  agents: { planner: command, worker: command },
  roles: { planner: "planner", worker: "worker", arbiter: null, judge: null },
  acceptance: [{ name: "true", command: "true", timeoutMs: null, protected: [] }],
  directory: "/",
  identity: "Longhaul bench <bench@example.invalid>",
};

/** `finished` tasks that have landed, `ready` tasks that wait in the queue. */
export async function openHistory(url: string | null, finished: number, ready: number): Promise<History> {
  const { database, remove } = await openDatabase(url);
  const store = await openStore(database);
  await store.createRun({ id: run, repository: "/repository", goal: "bench", config, base: commit });
  const { planner, cycle } = await store.transition(run, async (tx) => {
    await startCycle(tx, 1, "");
    const current = await tx.cycle();
    const [root] = current ? await tx.activePlanners(current.id) : [];
    if (!current || root === undefined) throw new Error("no cycle was started");
    return { planner: root, cycle: current.id };
  });
  for (let done = 0; done < finished; done += rowsAtOnce)
    await addFinished(database, planner, cycle, done, Math.min(rowsAtOnce, finished - done));
  await addReady(store, planner, cycle, ready);
  // What autovacuum would have done by itself as the rows came in over hours.
  if (url !== null) await sql`vacuum analyze`.execute(database.db);
  return { store, views: openViews(database), planner, remove };
}

async function addFinished(
  { db }: Database,
  planner: PlannerId,
  cycle: CycleId,
  first: number,
  count: number,
): Promise<void> {
  const numbers = Array.from({ length: count }, (_, index) => first + index);
  await db.transaction().execute(async (trx) => {
    const place: Place = { planner, cycle, at: Date.now() };
    const tasks = await addTasks(trx, place, numbers);
    await addTraces(trx, place, await addSessions(trx, place, tasks));
  });
}

type Place = { planner: PlannerId; cycle: CycleId; at: number };
type Pair = { session_id: number; task_id: number };

async function addTasks(trx: Transaction<Tables>, { planner, cycle, at }: Place, numbers: number[]): Promise<number[]> {
  const old = {
    run_id: run,
    planner_id: planner,
    cycle_id: cycle,
    instructions: "Do what is to do.",
    paths: "[]",
    priority: 0,
    acceptance: "",
    agent: null,
    failures: 0,
    interruptions: 0,
    status: "landed",
    blockers: 0,
    session_id: null,
    commit,
    nothing_to_do: 0,
    reason: null,
    created_at: at,
    ended_at: at,
  };
  const tasks = await trx
    .insertInto("tasks")
    .values(numbers.map((number) => ({ ...old, name: `old-${number}`, title: `Old task ${number}` })))
    .returning("id")
    .execute();
  return tasks.map(({ id }) => id);
}

async function addSessions(trx: Transaction<Tables>, { planner, cycle, at }: Place, tasks: number[]): Promise<Pair[]> {
  const about = { run_id: run, cycle_id: cycle, kind: "attempt", planner_id: planner, agent: "worker", priority: 0 };
  const times = { ready_at: at, queued_at: at, started_at: at, ended_at: at, lease_until: null };
  const money = { reserved_micro_usd: 0, micro_usd: 0, tokens: 0, reserved_tokens: 0 };
  const end = { status: "ended", holder: "old", token: 1, outcome: "succeeded", failure: null };
  const sessions = await trx
    .insertInto("sessions")
    .values(tasks.map((task_id) => ({ ...about, ...times, ...money, ...end, task_id })))
    .returning(["id", "task_id"])
    .execute();
  return sessions.map(({ id, task_id }) => ({ session_id: id, task_id: task_id ?? 0 }));
}

async function addTraces(trx: Transaction<Tables>, { planner, cycle, at }: Place, pairs: Pair[]): Promise<void> {
  const of = { run_id: run, planner_id: planner };
  const handoff = { done: "Done.", notes: [], concerns: [], deviations: [], findings: [], suggestions: [] };
  const body = JSON.stringify(handoff);
  const submission = JSON.stringify({ handoff, usage: { microUsd: 0, tokens: 0 } });
  const landed = { run_id: run, status: "landed", submission, submitted_at: at, settled_at: at, commit, detail: "[]" };
  await trx
    .insertInto("landings")
    .values(pairs.map((pair) => ({ ...landed, ...pair })))
    .execute();
  await trx
    .insertInto("handoffs")
    .values(pairs.map((pair) => ({ ...of, ...pair, cycle_id: cycle, status: "landed", body, synthetic: 0, at })))
    .execute();
  await trx
    .insertInto("messages")
    .values(pairs.map(({ session_id }) => ({ ...of, at, body, consumed_by: session_id })))
    .execute();
  for (const type of eventsOfTask)
    await trx
      .insertInto("events")
      .values(pairs.map((pair) => ({ ...of, ...pair, at, type, data: "{}" })))
      .execute();
  const step = { run_id: run, at, kind: "results", body };
  await trx
    .insertInto("steps")
    .values(pairs.map(({ session_id }) => ({ ...step, session_id })))
    .execute();
  const call = { run_id: run, cycle_id: cycle, planner_id: planner, role: "worker", agent: "worker", model: "m" };
  const settled = { status: "answered", started_at: at, ended_at: at, price_source: "known", detail: null };
  const used = { input_tokens: 9, cached_tokens: 0, written_tokens: 0, output_tokens: 9, micro_usd: 9 };
  const planned = { credential: "bench", at_most_micro_usd: 9, at_most_tokens: 9 };
  await trx
    .insertInto("calls")
    .values(pairs.map((pair) => ({ ...pair, ...call, ...settled, ...used, ...planned })))
    .execute();
  await trx
    .insertInto("transcripts")
    .values(pairs.map(({ session_id }) => ({ run_id: run, session_id, at, kind: "brief", text: body })))
    .execute();
}

async function addReady(store: Store, planner: PlannerId, cycle: CycleId, count: number): Promise<void> {
  const spec = { title: "Ready", instructions: "", paths: [], priority: 0, acceptance: "", agent: null };
  await store.transition(run, async (tx) => {
    for (let number = 0; number < count; number++) {
      const state = { status: "ready" } as const;
      const id = await tx.insertTask({
        cycle,
        planner,
        spec: { ...spec, name: `ready-${number}` },
        dependsOn: [],
        state,
      });
      await queueAttempt(tx, { id, cycle, planner, agent: null, priority: 0, paths: [], contested: null }, tx.now);
    }
  });
}
