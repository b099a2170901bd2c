/** The append-only history of a run, written in the transaction of the change it tells of. */
import type { PlannerId, RunId, SessionId, TaskId } from "./ids.ts";

export type EventType =
  | "run.created"
  | "run.paused"
  | "run.resumed"
  | "run.stopping"
  | "run.ended"
  | "run.published"
  | "cycle.started"
  | "cycle.draining"
  | "cycle.judging"
  | "cycle.ended"
  | "tests.weakened"
  | "planner.created"
  | "planner.refused"
  | "planner.reopened"
  | "planner.ended"
  | "task.created"
  | "task.ready"
  | "task.updated"
  | "task.contested"
  | "task.landed"
  | "task.failed"
  | "task.cancelled"
  | "session.started"
  | "session.requeued"
  | "session.ended"
  | "landing.submitted"
  | "landing.landed"
  | "landing.unchanged"
  | "landing.conflict"
  | "landing.refused"
  | "checks.passed"
  | "checks.failed"
  | "follow.landed"
  | "mirror.pushed"
  | "mirror.failed"
  | "credential.paused"
  | "message.sent"
  | "engine.started"
  | "engine.stopped"
  | "engine.waits"
  | "workspaces.prepared"
  | "engine.problem";

export type EventAbout = { session?: SessionId; task?: TaskId; planner?: PlannerId };

export type Event = {
  /** Grows; a reader goes on after the last one it has seen. */
  seq: number;
  run: RunId;
  at: number;
  type: EventType;
  session: SessionId | null;
  task: TaskId | null;
  planner: PlannerId | null;
  data: { [key: string]: unknown };
};
