/** The inbox of a planner: durable messages, each read by exactly one turn. */
import type { Handoff } from "./handoff.ts";
import type { Commit, MessageId, PlannerId, TaskId } from "./ids.ts";
import type { PlannerStatus } from "./planner.ts";
import type { TaskStatus } from "./task.ts";

export type MessageBody =
  | { kind: "task_ended"; task: TaskId; status: TaskStatus; commit: Commit | null; handoff: Handoff }
  | { kind: "planner_ended"; planner: PlannerId; status: PlannerStatus; handoff: Handoff }
  | { kind: "operator"; text: string }
  /**
   * The checks failed on `red`; they had passed on `green` (null: never yet). `suspects`: what landed in between, newest first, but
   * for `suspectsOmitted` older ones.
   */
  | {
      kind: "trunk_red";
      red: Commit;
      green: Commit | null;
      detail: string;
      suspects: { task: TaskId; title: string; commit: Commit }[];
      suspectsOmitted: number;
      /** The one suspect was found by running the checks in between; none: it is no task's fault. */
      bisected: boolean;
    };

export type Message = { id: MessageId; planner: PlannerId; at: number; body: MessageBody };
