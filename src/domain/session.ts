/** A session: one execution of one agent in one role with a fresh context. Everything that costs money is a session. */
import type { Failure } from "./failure.ts";
import type { CycleId, EngineId, PlannerId, RunId, SessionId, TaskId } from "./ids.ts";

export type Subject =
  | { kind: "turn"; planner: PlannerId }
  | { kind: "attempt"; task: TaskId; planner: PlannerId }
  | { kind: "judgement" };

export type SessionKind = Subject["kind"];

export type Role = "planner" | "worker" | "judge";
export const roleOf: { [K in SessionKind]: Role } = { turn: "planner", attempt: "worker", judgement: "judge" };

export type SessionState =
  | { status: "queued"; readyAt: number }
  | { status: "running"; holder: EngineId; leaseUntil: number; startedAt: number }
  | { status: "ended"; outcome: SessionOutcome; failure: Failure | null; startedAt: number | null; endedAt: number };

/** `cancelled`: ended on purpose by somebody else, its result is not wanted. */
export type SessionOutcome = "succeeded" | "failed" | "cancelled";

export type Usage = { microUsd: number; tokens: number };
export const noUsage: Usage = { microUsd: 0, tokens: 0 };

export type Session = {
  id: SessionId;
  run: RunId;
  cycle: CycleId;
  subject: Subject;
  agent: string;
  priority: number;
  /** Grows with every claim; a write in the session's name must carry the newest. */
  token: number;
  reservedMicroUsd: number;
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
