/** A run: one goal on one repository; and which operator actions are legal in which state. */
import type { Spend } from "./budget.ts";
import type { Commit, EngineId, RunId } from "./ids.ts";
import type { RunConfig } from "./run-config.ts";

export type RunStatus =
  | { status: "running" }
  /** No new sessions; running ones may finish until `cutAt` (ms), then they are cut and queued again. */
  | { status: "paused"; reason: PauseReason; detail: string; cutAt: number }
  /** Everything is cut; then the run ends as `stopped`. */
  | { status: "stopping"; reason: string }
  | { status: "ended"; outcome: RunOutcome; reason: string; at: number };

/**
 * `operator`: `longhaul pause`; `interrupted`: Ctrl-C; `budget`: exhausted; `planner`: the root planner fails, so nothing
 * can be planned; `judge`: no verdict can be had; `environment`: sessions fail for what is around them, such as a full disk
 * or a missing program, and no fault of theirs.
 */
export type PauseReason = "operator" | "interrupted" | "budget" | "planner" | "judge" | "environment";

/** `achieved`: by verdict; `stopped`: by verdict, by the operator or at a bound. */
export type RunOutcome = "achieved" | "stopped";

export type Run = {
  id: RunId;
  /** The absolute folder of the user's repository. */
  repository: string;
  goal: string;
  config: RunConfig;
  /** Where the trunk started. */
  base: Commit;
  /** The newest trunk commit that the store knows of. */
  tip: Commit;
  /** The newest trunk commit on which the checks passed. */
  green: Commit | null;
  state: RunStatus;
  spend: Spend;
  createdAt: number;
  /** The engine that drives the run, if one does. */
  engine: EngineLease | null;
};

/** Whose run it is. Past `leaseUntil`, or when the process is known to be dead, another engine may take over. */
export type EngineLease = { id: EngineId; host: string; pid: number; leaseUntil: number };

type Action = "pause" | "resume" | "stop" | "send";
const legal: { [A in Action]: readonly RunStatus["status"][] } = {
  pause: ["running"],
  resume: ["running", "paused", "stopping"],
  stop: ["running", "paused"],
  send: ["running", "paused"],
};

/** The one table of what an operator may do when. */
export function runCan(action: Action, state: RunStatus): boolean {
  return legal[action].includes(state.status);
}
