/**
 * How fast a credential (one key at one provider) may be used, learned from its answers: calls at once grow one by one
 * and halve when the provider says "too much"; when it is in trouble or used up, nothing starts until a time. All
 * sessions of a run share one state per credential.
 */
import { assertNever } from "./assert.ts";
import type { CallFault } from "./call.ts";
import type { Failure } from "./failure.ts";
import { rateLimits } from "./limits.ts";

export type Credential = {
  /** Calls at once; a fraction is progress towards the next one. */
  window: number;
  /** Below it the window grows by one with each good answer, above it by one with each windowful. */
  threshold: number;
  /** No call starts before (ms). */
  until: number;
  /** Why not, for the screens; null when nothing is wrong. */
  why: string | null;
  /** Bad answers in a row that tell of the provider, not of one call. */
  troubles: number;
  /** When the window was last halved: answers to calls that began before tell nothing new. */
  halvedAt: number;
};

export const freshCredential: Credential = {
  window: rateLimits.windowAtStart,
  threshold: rateLimits.windowMax,
  until: 0,
  why: null,
  troubles: 0,
  halvedAt: 0,
};

export type Start = { kind: "start" } | { kind: "wait"; until: number | null; why: string };

/** May one more call begin? `until` null: when one of those under way has ended. */
export function decideStart(credential: Credential, underWay: number, now: number): Start {
  if (now < credential.until) return { kind: "wait", until: credential.until, why: credential.why ?? "paused" };
  return underWay < Math.floor(credential.window)
    ? { kind: "start" }
    : { kind: "wait", until: null, why: `${underWay} calls at once` };
}

/** What a call's end teaches. `fault` null: a good answer. `random` in [0, 1) spreads those who come back. */
export function learn(
  credential: Credential,
  { fault, startedAt, now, random }: { fault: CallFault | null; startedAt: number; now: number; random: number },
): Credential {
  if (fault === null) {
    const step = credential.window < credential.threshold ? 1 : 1 / credential.window;
    const window = Math.min(rateLimits.windowMax, credential.window + step);
    const paused = now < credential.until; // An answer to a call from before.
    return { ...credential, window, troubles: 0, why: paused ? credential.why : null };
  }
  switch (fault.kind) {
    case "rate_limited":
    case "quota":
    case "unavailable": {
      const stale = startedAt <= credential.halvedAt;
      const troubles = credential.troubles + (stale ? 0 : 1);
      // One error among many answers is that call's bad luck; several with no good answer between them are not.
      const isolated = fault.kind === "unavailable" && fault.retryAfterMs === null && troubles < rateLimits.troublesMin;
      if (isolated) return { ...credential, troubles };
      const half = Math.max(1, credential.window / 2);
      const waitMs = fault.retryAfterMs ?? backoffMs(fault.kind, troubles, random);
      const until = Math.max(credential.until, now + waitMs);
      const slower = stale ? {} : { window: half, threshold: Math.max(2, half), halvedAt: now };
      return { ...credential, ...slower, troubles, until, why: fault.detail };
    }
    case "key_refused": // The run waits for its operator, and then the key is another.
    case "broken":
    case "too_long":
    case "bad_request":
    case "no_such_model":
    case "aborted":
      return credential;
    default:
      return assertNever(fault, "fault");
  }
}

function backoffMs(kind: "rate_limited" | "quota" | "unavailable", troubles: number, random: number): number {
  const first = kind === "quota" ? rateLimits.quotaBackoffMs : rateLimits.backoffMs;
  const most = kind === "quota" ? rateLimits.quotaBackoffMsMax : rateLimits.backoffMsMax;
  const before = kind === "unavailable" ? rateLimits.troublesMin : 1;
  return Math.min(most, first * 2 ** Math.max(0, troubles - before)) * (0.75 + random / 2);
}

/** Of one call, beside what its credential waits. */
const ownBackoffMs = (tries: number, random: number): number =>
  Math.min(rateLimits.ownBackoffMsMax, rateLimits.brokenBackoffMs * 2 ** tries * random);

export type Again =
  | { again: true; waitMs: number }
  | { again: false; failure: Extract<Failure, { kind: "provider" | "misconfigured" }> };

/** Whether the same call is tried once more. `tries`: how often it has been made, this time included. */
export function decideAgain(fault: CallFault, tries: number, random: number): Again {
  switch (fault.kind) {
    case "rate_limited":
    case "quota":
      return { again: true, waitMs: 0 }; // The credential knows when; nobody else has to count.
    case "unavailable":
      return { again: true, waitMs: fault.retryAfterMs === null ? ownBackoffMs(tries, random) : 0 };
    case "broken":
      return tries < rateLimits.brokenTriesMax
        ? { again: true, waitMs: ownBackoffMs(tries, random) }
        : {
            again: false,
            failure: { kind: "provider", detail: `${fault.detail} (tried ${tries === 1 ? "once" : `${tries} times`})` },
          };
    case "key_refused":
    case "no_such_model":
      return { again: false, failure: { kind: "misconfigured", detail: fault.detail } };
    case "too_long":
    case "bad_request":
      return { again: false, failure: { kind: "provider", detail: fault.detail } };
    case "aborted":
      return { again: false, failure: { kind: "provider", detail: "broken off by Longhaul" } };
    default:
      return assertNever(fault, "fault");
  }
}
