/** The end of a session, whatever it came to: the row, the money, the event. */
import { describeFailure, type Failure } from "../domain/failure.ts";
import type { Claim, Session, SessionOutcome, Usage } from "../domain/session.ts";
import type { Transition } from "./store-port.ts";

export type End = { outcome: SessionOutcome; failure: Failure | null; usage: Usage };

/** The session of a claim, if the claim still holds it. Every write in a session's name goes through this. */
export async function heldSession(tx: Transition, claim: Claim): Promise<Session | null> {
  const session = await tx.session(claim.session);
  const held =
    session?.state.status === "running" && session.state.holder === claim.holder && session.token === claim.token;
  return held ? session : null;
}

/** Ends the session; its reservation becomes what it really cost. */
export async function endSession(tx: Transition, session: Session, end: End): Promise<void> {
  await tx.endSession(session.id, end);
  const { spend } = tx.run;
  await tx.updateRun({
    spend: {
      microUsd: spend.microUsd + end.usage.microUsd,
      reservedMicroUsd: spend.reservedMicroUsd - session.reservedMicroUsd,
      tokens: spend.tokens + end.usage.tokens,
    },
  });
  const about = {
    session: session.id,
    ...(session.subject.kind === "judgement" ? {} : { planner: session.subject.planner }),
  };
  await tx.addEvent(
    "session.ended",
    session.subject.kind === "attempt" ? { ...about, task: session.subject.task } : about,
    {
      kind: session.subject.kind,
      outcome: end.outcome,
      ...(end.failure && { failure: end.failure.kind, detail: describeFailure(end.failure) }),
      ...(end.usage.microUsd > 0 && { microUsd: end.usage.microUsd }),
      ...(end.usage.tokens > 0 && { tokens: end.usage.tokens }),
    },
  );
}
