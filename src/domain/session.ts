/** A session: one execution of one agent in one role with a fresh context. Everything that costs money is a session. */
import type { Failure } from "./failure.ts";
import type { Spend } from "./budget.ts";
import type { Commit, CycleId, EngineId, MessageId, PlannerId, RunId, SessionId, TaskId } from "./ids.ts";

export type Subject =
  | { kind: "turn"; planner: PlannerId }
  | { kind: "attempt"; task: TaskId; planner: PlannerId }
  /** Of a task whose attempts lost too often: a neutral agent resolves the conflict. */
  | { kind: "arbitration"; task: TaskId; planner: PlannerId }
  | { kind: "judgement" };

export type SessionKind = Subject["kind"];

export const allRoles = ["planner", "worker", "arbiter", "judge"] as const;
export type Role = (typeof allRoles)[number];
export const roleOf: { [K in SessionKind]: Role } = {
  turn: "planner",
  attempt: "worker",
  arbitration: "arbiter",
  judgement: "judge",
};

/** The task that a session works on. */
export const taskOf = (subject: Subject): TaskId | null => ("task" in subject ? subject.task : null);
/** The planner to whose part of the run a session belongs; a judgement belongs to none. */
export const plannerOf = (subject: Subject): PlannerId | null => ("planner" in subject ? subject.planner : null);

export type SessionState =
  | { status: "queued"; readyAt: number }
  | { status: "running"; holder: EngineId; leaseUntil: number; startedAt: number }
  | { status: "ended"; outcome: SessionOutcome; failure: Failure | null; startedAt: number | null; endedAt: number };

/** `cancelled`: ended on purpose by somebody else, its result is not wanted. */
export type SessionOutcome = "succeeded" | "failed" | "cancelled";

/** What an agent says that it used, beyond what the ledger of calls has already. */
export type Usage = { microUsd: number; tokens: number };
export const noUsage: Usage = { microUsd: 0, tokens: 0 };

/** How a session began: what it needs to go on as itself after its engine has died. */
export type Opening = {
  /** The trunk's commit that its workspace was made from. */
  base: Commit;
  /** The last message that a planner's brief held. */
  readUpTo: MessageId | null;
};

/** One entry of a session's own record; the agent that wrote it knows what is in it. JSON. */
export type Step = { kind: string; body: unknown };

export type Session = {
  id: SessionId;
  run: RunId;
  cycle: CycleId;
  subject: Subject;
  agent: string;
  priority: number;
  /** Grows with every claim; a write in the session's name must carry the newest. */
  token: number;
  /** All that it cost so far, and what is under way. */
  spend: Spend;
  /** Set once an agent that keeps a record has begun; such a session is continued, not repeated. */
  opening: Opening | null;
  /** The workspace as it was when the newest step was recorded; null: as it was opened. Only the trunk knows what it says. */
  workspace: string | null;
  queuedAt: number;
  state: SessionState;
};

/** What the holder of a session shows to prove that it still holds it. */
export type Claim = {
  session: SessionId;
  run: RunId;
  cycle: CycleId;
  subject: Subject;
  agent: string;
  token: number;
  holder: EngineId;
  startedAt: number;
};
