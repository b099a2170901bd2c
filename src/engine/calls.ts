/**
 * Lets model calls begin, and settles them. Keeps: a call begins only within its credential's limits and with its cost
 * reserved in every account; both are rows, shared by all sessions of the run. Waiting is in line, one line for each
 * credential, so that a limit is not asked for by everybody at once.
 */
import pLimit, { type LimitFunction } from "p-limit";
import { isNearlySpent, type Cost, type Spend } from "../domain/budget.ts";
import { noTokens, sumTokens, type CallFault } from "../domain/call.ts";
import type { Failure } from "../domain/failure.ts";
import type { CallId, RunId } from "../domain/ids.ts";
import { rateLimits } from "../domain/limits.ts";
import { decideAgain, decideStart, learn, type Again } from "../domain/rate.ts";
import type { Claim, Session, Step } from "../domain/session.ts";
import { reserve } from "./budgets.ts";
import type { CallOutcome, CallPermit, Clock, PlannedCall } from "./ports.ts";
import { StaleClaimError, heldSession } from "./session-end.ts";
import type { OpenCall, Store, Transition } from "./store-port.ts";

type Admission = CallPermit | { wait: "line" | "budget"; untilMs: number | null };

export class Calls {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #run: RunId;
  readonly #pollMs: number;
  readonly #random: () => number;
  readonly #lines = new Map<string, LimitFunction>();
  readonly #waiting = new Set<() => void>();

  constructor(store: Store, clock: Clock, run: RunId, pollMs: number, random: () => number) {
    this.#store = store;
    this.#clock = clock;
    this.#run = run;
    this.#pollMs = pollMs;
    this.#random = random;
  }

  /** Rejects with `StaleClaimError`. `stopped` answers why the session was cut, once it is. */
  async begin(claim: Claim, call: PlannedCall, stopped: () => Failure | null): Promise<CallPermit | null> {
    for (;;) {
      const admission = await this.#line(call.credential)(() => this.#inLine(claim, call, stopped));
      if (admission === null || "ok" in admission) return admission;
      // Waiting for money must not hold up those who have some.
      await this.#change(this.#pollMs);
    }
  }

  /** First in line: waits until the credential takes a call. Null: cut meanwhile. */
  async #inLine(claim: Claim, call: PlannedCall, stopped: () => Failure | null): Promise<Admission | null> {
    for (;;) {
      if (stopped()) return null;
      const admission = await this.#store.transition(this.#run, (tx) => admit(tx, claim, call));
      if ("ok" in admission || admission.wait === "budget") return admission;
      await this.#change(Math.min(this.#pollMs, admission.untilMs ?? this.#pollMs));
    }
  }

  async end(claim: Claim, id: CallId, end: CallOutcome, step: Step | null): Promise<Again | null> {
    const random = this.#random();
    const again = end.fault && decideAgain(end.fault, end.tries, random);
    await this.#store.transition(this.#run, async (tx) => {
      const call = await tx.call(id);
      if (call) await settle(tx, call, end, random);
      const session = await heldSession(tx, claim);
      if (!session) throw new StaleClaimError(claim);
      if (step) await tx.appendStep(session.id, step, null);
    });
    this.wake();
    return again;
  }

  /** A call that was let begin and was never made. */
  async withdraw(id: CallId): Promise<void> {
    await this.#store.transition(this.#run, async (tx) => {
      const call = await tx.call(id);
      if (!call) return;
      await tx.settleCall(id, { ...unmade, detail: "never made: the session was cut" });
      const session = await tx.session(call.session);
      if (session) await tx.charge(session, difference(call, { microUsd: 0, tokens: 0 }));
    });
    this.wake();
  }

  /** Somebody may go on: a call has ended, or a session was cut. */
  wake(): void {
    for (const told of this.#waiting) told();
  }

  #line(credential: string): LimitFunction {
    const line = this.#lines.get(credential) ?? pLimit(1);
    this.#lines.set(credential, line);
    return line;
  }

  #change(atMostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const told = () => {
        cancel();
        this.#waiting.delete(told);
        resolve();
      };
      const cancel = this.#clock.timer(atMostMs, told);
      this.#waiting.add(told);
    });
  }
}

async function admit(tx: Transition, claim: Claim, call: PlannedCall): Promise<Admission> {
  const session = await heldSession(tx, claim);
  if (!session) throw new StaleClaimError(claim);
  const credential = await tx.credential(call.credential);
  const start = decideStart(credential, await tx.callsUnderWay(call.credential), tx.now);
  if (start.kind === "wait") {
    const untilMs = start.until === null ? null : start.until - tx.now;
    if (untilMs !== null && untilMs > rateLimits.waitInSlotMs)
      return { ok: false, failure: { kind: "suspended", until: start.until ?? tx.now, detail: start.why } };
    return { wait: "line", untilMs };
  }
  const accounts = await tx.accounts(session);
  const reservation = await reserve(tx, session, accounts, call.atMost);
  if (reservation.kind === "wait") return { wait: "budget", untilMs: null };
  if (reservation.kind === "exhausted") return { ok: false, failure: reservation.failure };
  const nearlySpent = accounts.some((account) => account.of === "session" && isNearlySpent(account, call.atMost));
  return { ok: true, call: await tx.insertCall(session, call), nearlySpent };
}

async function settle(tx: Transition, call: OpenCall, end: CallOutcome, random: number): Promise<void> {
  const { tokens, microUsd, priceSource, fault } = end;
  const detail = fault && (fault.kind === "aborted" ? "broken off by Longhaul" : fault.detail);
  await tx.settleCall(call.id, { status: fault ? "failed" : "answered", tokens, microUsd, priceSource, detail });
  const session = await tx.session(call.session);
  if (session) await tx.charge(session, difference(call, { microUsd, tokens: sumTokens(tokens) }));
  await learnFrom(tx, call, fault, random, session);
}

const unmade = { status: "failed", tokens: noTokens, microUsd: 0, priceSource: "known" } as const;

/** What the call was reserved at, or charged at when its session had ended before it, becomes what it cost. */
function difference({ atMost, isOpen }: OpenCall, cost: Cost): Spend {
  if (isOpen) return { ...cost, reservedMicroUsd: -atMost.microUsd, reservedTokens: -atMost.tokens };
  const { microUsd, tokens } = cost;
  return {
    microUsd: microUsd - atMost.microUsd,
    tokens: tokens - atMost.tokens,
    reservedMicroUsd: 0,
    reservedTokens: 0,
  };
}

async function learnFrom(
  tx: Transition,
  call: OpenCall,
  fault: CallFault | null,
  random: number,
  session: Session | null,
): Promise<void> {
  const before = await tx.credential(call.credential);
  const after = learn(before, { fault, startedAt: call.startedAt, now: tx.now, random });
  await tx.setCredential(call.credential, after);
  if (after.until > before.until && after.until > tx.now + rateLimits.waitInSlotMs)
    await tx.addEvent("credential.paused", session ? { session: session.id } : {}, {
      credential: call.credential,
      until: after.until,
      why: after.why,
    });
}
