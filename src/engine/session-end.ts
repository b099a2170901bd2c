/** The end of a session, whatever it came to: the row, the money, the event. */
import type { Spend } from "../domain/budget.ts";
import { noTokens } from "../domain/call.ts";
import { describeFailure, type Failure } from "../domain/failure.ts";
import { idText } from "../domain/ids.ts";
import type { Limits } from "../domain/limits.ts";
import { noUsage, type Claim, type Session, type SessionOutcome, type Usage } from "../domain/session.ts";
import { pauseRun } from "./pausing.ts";
import type { Transition } from "./store-port.ts";

export type End = { outcome: SessionOutcome; failure: Failure | null; usage: Usage };

/** The claim is lost: somebody else holds the session, or it has ended. Nothing may be written in its name any more. */
export class StaleClaimError extends Error {
  constructor(claim: Claim) {
    super(`${idText("session", claim.session)} is not held any more`);
  }
}

/** The session of a claim, if the claim still holds it. Every write in a session's name goes through this. */
export async function heldSession(tx: Transition, claim: Claim): Promise<Session | null> {
  const session = await tx.session(claim.session);
  const held =
    session?.state.status === "running" && session.state.holder === claim.holder && session.token === claim.token;
  return held ? session : null;
}

/** Ends the session; what it has reserved becomes what it really cost. */
export async function endSession(tx: Transition, session: Session, end: End): Promise<void> {
  await tx.endSession(session.id, end);
  const spend = await settle(tx, session, end.usage);
  await tx.addEvent("session.ended", aboutSession(session), {
    kind: session.subject.kind,
    outcome: end.outcome,
    ...(end.failure && { failure: end.failure.kind, detail: describeFailure(end.failure) }),
    ...cost(spend, end.usage),
  });
}

function cost(spend: Spend, usage: Usage) {
  const [microUsd, tokens] = [spend.microUsd + usage.microUsd, spend.tokens + usage.tokens];
  return { ...(microUsd > 0 && { microUsd }), ...(tokens > 0 && { tokens }) };
}

/**
 * The session goes back into the queue as itself, if what happened to it leaves its record worth going on with: whoever
 * claims it next continues what it has recorded. False: it has to end.
 */
export async function goesOn(tx: Transition, session: Session, failure: Failure): Promise<boolean> {
  const { limits } = tx.run.config;
  if (!continues(session, failure, limits)) return false;
  const readyAt = failure.kind === "suspended" ? failure.until : tx.now;
  await settle(tx, session, noUsage);
  await tx.requeueSession(session.id, readyAt);
  const detail = describeFailure(failure);
  await tx.addEvent("session.requeued", aboutSession(session), {
    kind: session.subject.kind,
    failure: failure.kind,
    detail,
    readyAt,
  });
  // The operator mends it, and the work that is half done is still there.
  if (failure.kind === "misconfigured") await pauseRun(tx, "environment", detail, limits.drainMs);
  return true;
}

function continues({ opening, token }: Session, failure: Failure, limits: Limits): boolean {
  if (failure.kind === "suspended") return true;
  if (opening === null) return false;
  // One that loses every engine it gets begins anew, should it be the cause.
  if (failure.kind === "lost") return token < limits.interruptionsMax;
  return failure.kind === "misconfigured" || (failure.kind === "cut" && failure.by === "pause");
}

/**
 * Nothing stays reserved, also not for a session that waits in the queue. Calls that nobody will settle any more are charged
 * what they could cost at most: the provider may have billed them. Answers what was spent before `usage`.
 */
async function settle(tx: Transition, session: Session, { microUsd, tokens }: Usage): Promise<Spend> {
  await settleLost(tx, session);
  // Read again: settling what was lost has changed it.
  const spend = (await tx.session(session.id))?.spend ?? session.spend;
  const { reservedMicroUsd, reservedTokens } = spend;
  await tx.charge(session, {
    microUsd,
    tokens,
    reservedMicroUsd: -reservedMicroUsd,
    reservedTokens: -reservedTokens,
  });
  if (microUsd > 0 || tokens > 0) await tx.insertUsage(session, { microUsd, tokens });
  return spend;
}

async function settleLost(tx: Transition, session: Session): Promise<void> {
  for (const call of await tx.openCalls(session.id)) {
    const { microUsd, tokens } = call.atMost;
    await tx.settleCall(call.id, {
      status: "unknown",
      tokens: { ...noTokens, input: tokens },
      microUsd,
      priceSource: "guessed",
      detail: "its engine did not see the end of it",
    });
    await tx.charge(session, { microUsd, tokens, reservedMicroUsd: -microUsd, reservedTokens: -tokens });
  }
}

export function aboutSession({ id, subject }: Session) {
  return {
    session: id,
    ...("planner" in subject && { planner: subject.planner }),
    ...("task" in subject && { task: subject.task }),
  };
}
