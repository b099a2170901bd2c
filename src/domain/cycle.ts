/** A cycle: one plan–work–judge iteration of a run. Nothing of an agent's context survives it. */
import type { Commit, CycleId, RunId } from "./ids.ts";

export type CycleState =
  | { status: "working"; deadlineAt: number }
  /** At its bound: no new sessions; running ones may finish until `cutAt`. */
  | { status: "draining"; cutAt: number }
  /** Work is over; a judgement is queued or running. */
  | { status: "judging" }
  | { status: "ended"; commit: Commit; at: number };

export type Cycle = {
  id: CycleId;
  run: RunId;
  /** 1, 2, 3 … */
  number: number;
  /** What the last verdict asks of this cycle; empty in cycle 1. */
  brief: string;
  startedAt: number;
  state: CycleState;
};
