/** A task: one piece of work for one worker. */
import type { Record } from "./failure.ts";
import type { Handoff } from "./handoff.ts";
import type { Commit, CycleId, PlannerId, SessionId, TaskId } from "./ids.ts";

export type TaskState =
  /** Waits for `blockers` tasks to land. */
  | { status: "blocked"; blockers: number }
  /** An attempt is queued. */
  | { status: "ready" }
  | { status: "running"; session: SessionId }
  /** `commit` is the one that carries the task's trailers; for a task with nothing to do, the tip it found. */
  | { status: "landed"; commit: Commit; nothingToDo: boolean; at: number }
  | { status: "failed"; reason: string; at: number }
  | { status: "cancelled"; reason: string; at: number };

export type TaskStatus = TaskState["status"];
export const taskStatuses: readonly TaskStatus[] = ["blocked", "ready", "running", "landed", "failed", "cancelled"];
export const openStatuses: readonly TaskStatus[] = ["blocked", "ready", "running"];
export const isOpen = (state: TaskState) => openStatuses.includes(state.status);

/** What a planner says of a task. */
export type TaskSpec = {
  /** Unique within its planner; other actions refer to it. */
  name: string;
  title: string;
  instructions: string;
  /** Paths or globs the task covers; empty: anywhere. */
  paths: string[];
  /** Higher goes first. */
  priority: number;
  /** How to tell that it is done. */
  acceptance: string;
  /** An agent other than the role's default, by its name in the config. */
  agent: string | null;
};

/** What its planner may still change while nobody works on it. */
export type TaskChange = { [K in "title" | "instructions" | "acceptance" | "priority" | "agent"]?: TaskSpec[K] };

/** Work that lost against others again and again: what an arbiter begins with. */
export type Contested = {
  /** The worker's work, as its trunk keeps it. */
  kept: string;
  /** Those that were in conflict last. */
  files: string[];
  /** How often it was sent back. */
  tries: number;
  /** What the worker said of it. */
  handoff: Handoff;
  message: string;
  /** It is what people have pushed up to this commit, and no worker's. */
  follows: Commit | null;
};

export type Task = TaskSpec & {
  id: TaskId;
  cycle: CycleId;
  planner: PlannerId;
  dependsOn: TaskId[];
  record: Record;
  /** Set once its attempts lost too often: an arbitration follows in place of an attempt. */
  contested: Contested | null;
  /** Why it was cancelled while its work was on its way to the trunk: it is, unless that lands. */
  unwanted: string | null;
  state: TaskState;
};
