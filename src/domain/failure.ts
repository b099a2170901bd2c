/**
 * Why a session did not do what it was for, and what follows: a retry with backoff, a retry at once, or the end
 * of the task. A failure is a value; it goes into the session row, the events and the synthetic handoff.
 */
import { assertNever } from "./assert.ts";
import { handoffOf, type Handoff } from "./handoff.ts";
import type { Limits } from "./limits.ts";

export type Failure =
  /** The agent's program ended with a code other than 0, or by a signal. */
  | { kind: "crashed"; exitCode: number | null; signal: string | null; detail: string }
  /** The agent itself says that the task cannot be done. */
  | { kind: "gave_up"; reason: string }
  | { kind: "timed_out"; afterMs: number }
  | { kind: "stalled"; afterMs: number }
  /** The agent's answer does not fit the contract; `detail` names the place. */
  | { kind: "malformed"; detail: string }
  /** A planner's actions were refused; one line each. */
  | { kind: "rejected"; errors: string[] }
  | { kind: "nothing_changed" }
  /** The trunk would not take the change for what it contains. */
  | { kind: "refused"; reasons: string[] }
  | { kind: "conflicts"; tries: number; files: string[] }
  /** The engine that ran the session died or lost its lease. */
  | { kind: "lost" }
  /** Ended on purpose, not for its own fault. */
  | { kind: "cut"; by: "pause" | "cycle_bound" | "stop" | "cancelled" }
  /** The engine could not do its own part: disk full, no workspace, an agent that cannot be started. */
  | { kind: "environment"; detail: string }
  /** Only the operator can mend it: a key that is refused, a model that does not exist. */
  | { kind: "misconfigured"; detail: string }
  /** A model call went wrong for good. */
  | { kind: "provider"; detail: string }
  /** The provider can do nothing before `until` (ms); the session goes on then. */
  | { kind: "suspended"; until: number; detail: string }
  /** The agent stopped without its finish tool, however often it was asked. */
  | { kind: "unfinished"; detail: string }
  /** The budget of the session is used up. */
  | { kind: "over_budget"; detail: string };

/** What no retry mends and no replanning avoids: the run waits for its operator. */
export const isForOperator = (failure: Failure): boolean =>
  failure.kind === "environment" || failure.kind === "misconfigured";

/** What earlier sessions of the same task, planner or judgement came to. */
export type Record = { failures: number; interruptions: number };

export type Retry =
  | { kind: "retry"; readyAt: number; record: Record }
  | { kind: "give_up"; record: Record; reason: string };

/** Whether a failed session is followed by another of the same subject, and when. `failuresMax` is the subject's own bound. */
export function decideRetry(record: Record, failure: Failure, failuresMax: number, limits: Limits, now: number): Retry {
  switch (failure.kind) {
    case "lost": {
      const after = { ...record, interruptions: record.interruptions + 1 };
      return after.interruptions >= limits.interruptionsMax
        ? { kind: "give_up", record: after, reason: `lost with its engine ${after.interruptions} times` }
        : { kind: "retry", readyAt: now, record: after };
    }
    case "cut":
      return failure.by === "pause"
        ? { kind: "retry", readyAt: now, record }
        : { kind: "give_up", record, reason: describeFailure(failure) };
    case "suspended":
      return { kind: "retry", readyAt: failure.until, record };
    case "gave_up":
    case "misconfigured":
      return {
        kind: "give_up",
        record: { ...record, failures: record.failures + 1 },
        reason: describeFailure(failure),
      };
    case "crashed":
    case "timed_out":
    case "stalled":
    case "malformed":
    case "rejected":
    case "nothing_changed":
    case "refused":
    case "conflicts":
    case "provider":
    case "unfinished":
    case "over_budget":
    case "environment": {
      const after = { ...record, failures: record.failures + 1 };
      if (after.failures >= failuresMax) return { kind: "give_up", record: after, reason: describeFailure(failure) };
      const backoffMs = Math.min(limits.retryBackoffMs * 2 ** (after.failures - 1), limits.retryBackoffMsMax);
      return { kind: "retry", readyAt: now + backoffMs, record: after };
    }
    default:
      return assertNever(failure, "failure");
  }
}

/** One line for screens, events and handoffs. */
export function describeFailure(failure: Failure): string {
  switch (failure.kind) {
    case "crashed": {
      const how = failure.signal ? `killed by ${failure.signal}` : `exit code ${failure.exitCode}`;
      return failure.detail ? `${how}: ${failure.detail}` : how;
    }
    case "gave_up":
      return `gave up: ${failure.reason}`;
    case "timed_out":
      return `ran longer than its hard deadline of ${seconds(failure.afterMs)}`;
    case "stalled":
      return `printed nothing for ${seconds(failure.afterMs)}`;
    case "malformed":
      return `malformed answer: ${failure.detail}`;
    case "rejected":
      return `refused: ${failure.errors.join("; ")}`;
    case "nothing_changed":
      return 'changed no file (an agent that finds nothing to do must say so: {"status":"nothing_to_do"})';
    case "refused":
      return `the trunk refused the change: ${failure.reasons.join("; ")}`;
    case "conflicts":
      return `sent back by the trunk ${failure.tries} times, last for ${failure.files.join(", ")}`;
    case "lost":
      return "lost: the engine that ran it ended";
    case "cut":
      return {
        pause: "cut by a pause",
        cycle_bound: "cut at the cycle's bound",
        stop: "cut: the run was stopped",
        cancelled: "cancelled",
      }[failure.by];
    case "environment":
      return `the engine could not run it: ${failure.detail}`;
    case "misconfigured":
      return `it cannot work as configured: ${failure.detail}`;
    case "provider":
      return `the model call failed: ${failure.detail}`;
    case "suspended":
      return `put aside until the provider answers again: ${failure.detail}`;
    case "unfinished":
      return `ended without saying what came of it: ${failure.detail}`;
    case "over_budget":
      return `its budget is used up: ${failure.detail}`;
    default:
      return assertNever(failure, "failure");
  }
}

/** The handoff in the name of a session that could not write one. */
export function syntheticHandoff(failure: Failure, record: Record): Handoff {
  const what = describeFailure(failure);
  const tooLong = ["timed_out", "stalled", "over_budget"].includes(failure.kind);
  return handoffOf(`Not done. The last of ${record.failures + record.interruptions || 1} sessions ended: ${what}.`, {
    concerns: ["Written by Longhaul, not by the agent: nothing of this task is on the trunk."],
    suggestions: [
      tooLong
        ? "The task takes too long for one session: replan it as several smaller tasks."
        : "Replan: split the task, change its instructions, or give it to another agent.",
    ],
  });
}

const seconds = (ms: number) => `${Math.round(ms / 1000)} s`;
