/** What screens and commands may read of the runs: a port of its own, which the engine itself does not need. */
import type { Spend } from "../domain/budget.ts";
import type { Tokens } from "../domain/call.ts";
import type { CycleState } from "../domain/cycle.ts";
import type { Event, EventType } from "../domain/event.ts";
import type { CycleId, PlannerId, RunId, SessionId, TaskId } from "../domain/ids.ts";
import type { PlannerStatus } from "../domain/planner.ts";
import type { Run } from "../domain/run.ts";
import type { SessionKind, SessionOutcome, Step } from "../domain/session.ts";
import type { TaskStatus } from "../domain/task.ts";
import type { Verdict } from "../domain/verdict.ts";
import type { TranscriptEntry } from "./store-port.ts";

export interface Views {
  /** Runs of a repository, newest first. */
  runs(repository: string): Promise<Run[]>;
  run(id: RunId): Promise<Run | null>;
  status(id: RunId): Promise<RunView>;
  /** Newest cycle first, then by id. */
  tasks(id: RunId, filter: TaskFilter): Promise<TaskView[]>;
  /** After `seq`, oldest first. */
  events(id: RunId, afterSeq: number, limit: number): Promise<Event[]>;
  lastEvent(id: RunId, type: EventType): Promise<Event | null>;
  session(id: RunId, session: SessionId): Promise<SessionView | null>;
  /** How the session's own record begins: for a model, what it was told. null: it keeps none. */
  firstStep(session: SessionId): Promise<Step | null>;
  /** After `seq`, oldest first. */
  transcript(session: SessionId, afterSeq: number, limit: number): Promise<(TranscriptEntry & { seq: number })[]>;
  /** The ledger's total, and the total of what cost most. */
  costs(id: RunId, by: CostGroup, limit: number): Promise<CostView>;
  /** Everything that the store holds of a run, row by row. */
  everything(id: RunId): AsyncIterable<{ table: string; row: { [column: string]: unknown } }>;
}

export const costGroups = ["session", "task", "planner", "role", "model", "cycle"] as const;
export type CostGroup = (typeof costGroups)[number];

/** Settled calls; what is under way counts once it has ended. */
export type Costs = {
  calls: number;
  tokens: Tokens;
  microUsd: number;
  /** What of the money rests on a guess, and how many calls. */
  guessedMicroUsd: number;
  guessedCalls: number;
};

export type CostRow = Costs & {
  /** As people name it: `s4`, `t7`, `p3`, `worker`, `openai/gpt-5.4`, a cycle's number; null: none has made these calls. */
  name: string | null;
  /** A task's title, a planner's name, what a session was for. */
  title: string;
};

/**
 * Dearest first. A planner has the costs of all below it as well, so that planners do not add up to the total; an agent
 * without a model stands in its place with its own name in brackets.
 */
export type CostView = { by: CostGroup; total: Costs; rows: CostRow[]; hidden: number };

export type TaskFilter = { status?: TaskStatus; cycle?: number; limit: number };
export type TaskCounts = { [S in TaskStatus]: number };

export type RunView = {
  run: Run;
  /** The database's time, to hold the other times against. */
  now: number;
  cycle: { id: CycleId; number: number; brief: string; startedAt: number; state: CycleState; spend: Spend } | null;
  /** Tasks of the current cycle, and of the whole run. */
  tasks: TaskCounts;
  tasksOfRun: TaskCounts;
  /** Of the current cycle, parents before children. */
  planners: PlannerView[];
  running: SessionView[];
  queued: number;
  /** Of the queued ones, those that have begun and were put aside; `nextAt`: when the first of them goes on. */
  aside: { sessions: number; nextAt: number } | null;
  /** Credentials that take no call before `until` (past: asked again, no good answer yet), and the sessions that use them. */
  resting: { credential: string; until: number; why: string; running: number; queued: number }[];
  /** Why sessions that could begin do not; null: they do. */
  waits: string | null;
  /** `verified`: of those that landed, the ones on which the checks passed since. */
  landings: { landed: number; verified: number; conflict: number; refused: number };
  /** Runs of the checks. `redSince`: when they began to fail; null: they passed last. null: none has run. */
  checks: { runs: number; failed: number; redSince: number | null } | null;
  /** The last push to the run's remote, when it failed: what was said, and when it is tried again. */
  mirror: { at: number; faults: string[]; nextAt: number | null } | null;
  verdicts: (Verdict & { cycle: number; at: number })[];
  sessions: number;
};

export type PlannerView = {
  id: PlannerId;
  parent: PlannerId | null;
  depth: number;
  name: string;
  question: string;
  status: PlannerStatus;
  turn: "running" | "queued" | null;
  tasks: TaskCounts;
  /** Of the planner and everything below it. */
  spend: Spend;
};

export type TaskView = {
  id: TaskId;
  cycle: number;
  planner: PlannerId;
  name: string;
  title: string;
  status: TaskStatus;
  priority: number;
  attempts: number;
  session: SessionId | null;
  commit: string | null;
  /** When its work was submitted, landed and verified, and on which commit. null: nothing of it has landed. */
  landing: { submittedAt: number; landedAt: number; verified: { commit: string; at: number } | null } | null;
  reason: string | null;
};

export type SessionView = {
  id: SessionId;
  kind: SessionKind;
  planner: PlannerId | null;
  task: TaskId | null;
  /** The task's title or the planner's name. */
  title: string;
  agent: string;
  status: "queued" | "running" | "ended";
  startedAt: number | null;
  endedAt: number | null;
  outcome: SessionOutcome | null;
  failure: string | null;
  /** All that it cost so far, and what is under way. */
  spend: Spend;
};
