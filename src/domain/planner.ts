/** A planner: the durable owner of a scope. It is rows, not a process; its turns are sessions. */
import type { CycleId, PlannerId } from "./ids.ts";

export type PlannerStatus = "active" | "done" | "failed" | "cancelled";

export type Planner = {
  id: PlannerId;
  cycle: CycleId;
  /** `null` for the root. */
  parent: PlannerId | null;
  depth: number;
  name: string;
  /** The question it owns; no two planners of a cycle own the same. */
  question: string;
  paths: string[];
  agent: string | null;
  scratchpad: string;
  status: PlannerStatus;
  /** Failed turns in a row. */
  failures: number;
  interruptions: number;
};

/** What is open below a planner, not counting deeper levels. */
export type OpenChildren = { tasks: number; planners: number };

export type TurnEnd = "next_turn" | "wait" | "done";

/**
 * What becomes of a planner when a turn of its has ended well: unread messages wake it again, open children let it
 * wait, and a planner with nothing to read and nothing open is done, whether it said so or not, so that no run
 * can hang on a planner that forgot.
 */
export function decideTurnEnd(unread: number, open: OpenChildren): TurnEnd {
  if (unread > 0) return "next_turn";
  return open.tasks + open.planners > 0 ? "wait" : "done";
}
