/** Whether a step of the scheduler gets slower as finished work piles up: the same steps beside 0 to 100,000 finished tasks. */
import { noTokens } from "../src/domain/call.ts";
import { advance, type Capacity } from "../src/engine/advance.ts";
import { Calls } from "../src/engine/calls.ts";
import { heldSession } from "../src/engine/session-end.ts";
import { recordUnchanged, submit } from "../src/engine/attempts.ts";
import { plannerBrief, taskBrief, type Place } from "../src/engine/briefs.ts";
import { handoffOf } from "../src/domain/handoff.ts";
import type { Commit, EngineId, SessionId, TaskId } from "../src/domain/ids.ts";
import { noUsage, type Claim, type Step } from "../src/domain/session.ts";
import type { Store } from "../src/engine/store-port.ts";
import { withServers, type Server } from "./databases.ts";
import { figure, median, quantile, table } from "./figures.ts";
import { openHistory, run, type History } from "./history-rows.ts";

const finished = [0, 10_000, 100_000];
const iterations = 60;
const me = "bench" as EngineId;
const free: Capacity = { planner: 0, worker: 1, judge: 0 };
const place: Place = {
  workspace: "/workspace",
  base: "0".repeat(40) as Commit,
  sparse: null,
  deadline: { softAt: 0, hardAt: 0, handOffFile: "/hand-off" },
};

const operations = [
  "step, nothing to do",
  "step with a claim",
  "worker's brief",
  "call begins",
  "call ends with its step",
  "results recorded",
  "end of a task",
  "planner's brief",
  "status screen",
] as const;
type Operation = (typeof operations)[number];
type Times = { [O in Operation]: number[] };

/** Answers Markdown. */
export async function measureHistory(repeats: number): Promise<string> {
  return withServers(async (servers) => {
    const tables: string[] = [];
    for (const server of servers) tables.push(`**${server.name}**\n\n${await measureOn(server, repeats)}`);
    return [
      `Times in ms as median / p95 of ${repeats * iterations} each; in brackets the median against the one without history.`,
      ...tables,
    ].join("\n\n");
  });
}

async function measureOn({ name, url }: Server, repeats: number): Promise<string> {
  const histories: History[] = [];
  try {
    for (const tasks of finished) {
      histories.push(await openHistory(url, tasks, repeats * iterations));
      console.error(`${name}: ${tasks} finished tasks written`);
    }
    const times = histories.map(
      () => Object.fromEntries(operations.map((operation) => [operation, []])) as unknown as Times,
    );
    // In turns, so that a busy moment of the machine falls on every size.
    for (let i = 0; i < repeats * iterations; i++)
      for (const [index, history] of histories.entries()) {
        const into = times[index];
        if (into) await once(history, into);
      }
    return table(
      ["finished tasks", ...operations],
      finished.map((tasks, index) => [String(tasks), ...operations.map((operation) => cell(operation, times, index))]),
    );
  } finally {
    for (const history of histories) await history.remove();
  }
}

function cell(operation: Operation, times: Times[], index: number): string {
  const [mine, first] = [times[index]?.[operation] ?? [], times[0]?.[operation] ?? []];
  return `${figure(median(mine))} / ${figure(quantile(mine, 0.95))} (×${figure(median(mine) / median(first))})`;
}

/** One task from its claim to its end, as the engine does it. */
async function once({ store, views, planner }: History, times: Times): Promise<void> {
  const none = new Map<SessionId, unknown>();
  await timed(times["step, nothing to do"], () => step(store, none, { ...free, worker: 0 }));
  const [claim] = await timed(times["step with a claim"], () => step(store, none, free));
  if (claim?.subject.kind !== "attempt") throw new Error("no task was claimed");
  const task: TaskId = claim.subject.task;
  await timed(times["worker's brief"], () => store.transition(run, (tx) => taskBrief(tx, "s1", task, place, null)));
  await oneStep(store, claim, times);
  await timed(times["end of a task"], () =>
    store.transition(run, async (tx) => {
      await submit(tx, claim, handoffOf("Done."), noUsage);
      await recordUnchanged(tx, claim);
    }),
  );
  await timed(times["planner's brief"], () => store.transition(run, (tx) => plannerBrief(tx, "s1", planner, place)));
  await timed(times["status screen"], () => views.status(run));
}

/** A step of a model session, as its `SessionHost` takes it. */
async function oneStep(store: Store, claim: Claim, times: Times): Promise<void> {
  const calls = new Calls(
    store,
    { elapsed: () => 0, now: () => Date.now(), timer: () => () => {} },
    run,
    1_000,
    Math.random,
  );
  const planned = { credential: "bench", model: "m", atMost: { microUsd: 9, tokens: 9 } };
  const said: Step = { kind: "reply", body: { text: "I look at the next file.".repeat(10) } };
  const permit = await timed(times["call begins"], () => calls.begin(claim, planned, () => null));
  if (!permit?.ok) throw new Error("the call may not begin");
  const end = { tokens: noTokens, microUsd: 0, priceSource: "known", fault: null, tries: 1 } as const;
  await timed(times["call ends with its step"], () => calls.end(claim, permit.call, end, said));
  await timed(times["results recorded"], () =>
    store.transition(run, async (tx) => {
      const session = await heldSession(tx, claim);
      if (session) await tx.appendStep(session.id, said, "{}");
    }),
  );
}

const admits = { credentialOf: () => null, admit: () => true };

async function step(store: Store, mine: ReadonlyMap<SessionId, unknown>, capacity: Capacity): Promise<Claim[]> {
  return store.transition(run, async (tx) => (await advance(tx, me, capacity, mine, admits)).claims);
}

async function timed<T>(into: number[], work: () => Promise<T>): Promise<T> {
  const from = performance.now();
  const result = await work();
  into.push(performance.now() - from);
  return result;
}
