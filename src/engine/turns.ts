/** The end of a planner turn: the plan is applied and its messages are consumed in one transition, or none of it is. */
import { decideRetry, describeFailure, isForOperator, syntheticHandoff, type Failure } from "../domain/failure.ts";
import { handoffOf, type Handoff } from "../domain/handoff.ts";
import type { MessageId } from "../domain/ids.ts";
import { judgePlan, type PlannerAction } from "../domain/plan.ts";
import { decideTurnEnd, type Planner } from "../domain/planner.ts";
import type { Claim, Session, Usage } from "../domain/session.ts";
import { settleCycle } from "./closing.ts";
import { pauseRun } from "./pausing.ts";
import { applyPlan, viewFor } from "./planning.ts";
import { deliver, queueTurn } from "./queueing.ts";
import { endSession, goesOn, heldSession } from "./session-end.ts";
import type { Transition } from "./store-port.ts";

/** `readUpTo`: the last message that the turn's brief held. */
export type TurnAnswer = { actions: PlannerAction[]; readUpTo: MessageId | null; usage: Usage };

export async function endTurn(tx: Transition, claim: Claim, answer: TurnAnswer): Promise<void> {
  const held = await heldTurn(tx, claim);
  if (!held) return;
  const { session, planner } = held;
  const view = await viewFor(tx, planner, answer.actions);
  const judgement = judgePlan(view, answer.actions, tx.run.config.limits);
  if (!judgement.ok) {
    await tx.addEvent("planner.refused", { planner: planner.id, session: session.id }, { errors: judgement.errors });
    await failTurn(tx, session, planner, { kind: "rejected", errors: judgement.errors }, answer.usage);
    return;
  }
  await endSession(tx, session, { outcome: "succeeded", failure: null, usage: answer.usage });
  if (answer.readUpTo !== null) await tx.consume(planner.id, answer.readUpTo, session.id);
  await applyPlan(tx, planner, judgement.plan, view);
  await tx.updatePlanner(planner.id, { failures: 0, interruptions: 0 });
  switch (decideTurnEnd(await tx.countUnread(planner.id), await tx.openChildren(planner.id))) {
    case "next_turn":
      await queueTurn(tx, planner, tx.now);
      return;
    case "wait":
      return;
    case "done":
      await endPlanner(
        tx,
        planner,
        session,
        "done",
        judgement.plan.finish ?? handoffOf("Nothing is open and nothing more was asked for."),
        judgement.plan.finish === null,
      );
  }
}

export async function endTurnFailed(tx: Transition, claim: Claim, failure: Failure, usage: Usage): Promise<void> {
  const held = await heldTurn(tx, claim);
  if (held) await failTurn(tx, held.session, held.planner, failure, usage);
}

export async function heldTurn(tx: Transition, claim: Claim): Promise<{ session: Session; planner: Planner } | null> {
  const session = await heldSession(tx, claim);
  if (session?.subject.kind !== "turn") return null;
  const planner = await tx.planner(session.subject.planner);
  return planner && { session, planner };
}

/** The messages stay unread, so the next turn gets them again. */
async function failTurn(
  tx: Transition,
  session: Session,
  planner: Planner,
  failure: Failure,
  usage: Usage,
): Promise<void> {
  const { limits } = tx.run.config;
  if (await goesOn(tx, session, failure)) return;
  await endSession(tx, session, { outcome: "failed", failure, usage });
  if (failure.kind === "cut" && failure.by !== "pause") {
    await settleCycle(tx); // Whoever cut it ends the planner as well.
    return;
  }
  const record = { failures: planner.failures, interruptions: planner.interruptions };
  const retry = decideRetry(record, failure, limits.turnFailuresMax, limits, tx.now);
  if (retry.kind === "retry") {
    await tx.updatePlanner(planner.id, retry.record);
    await queueTurn(tx, planner, retry.readyAt);
    return;
  }
  const open = await tx.openChildren(planner.id);
  const environment = isForOperator(failure);
  if (open.tasks + open.planners > 0 && !environment) {
    // Its children go on; the end of each wakes it for one more try.
    await tx.updatePlanner(planner.id, {
      failures: limits.turnFailuresMax - 1,
      interruptions: limits.interruptionsMax - 1,
    });
    await tx.addEvent(
      "engine.problem",
      { planner: planner.id, session: session.id },
      { detail: `planner turn failed: ${describeFailure(failure)}` },
    );
    return;
  }
  if (planner.parent === null || environment) {
    // Without a root planner there is no cycle worth judging: the operator mends it and resumes, which runs this turn.
    await tx.updatePlanner(planner.id, { failures: 0, interruptions: 0 });
    await queueTurn(tx, planner, tx.now);
    const times = retry.record.failures + retry.record.interruptions;
    const detail = `the ${planner.parent === null ? "root planner" : `planner ${planner.name}`} failed ${times === 1 ? "once" : `${times} times, last`}: ${describeFailure(failure)}`;
    await pauseRun(tx, environment ? "environment" : "planner", detail, limits.drainMs);
    return;
  }
  await endPlanner(tx, planner, session, "failed", syntheticHandoff(failure, retry.record), true);
}

export async function endPlanner(
  tx: Transition,
  planner: Planner,
  session: Session,
  status: "done" | "failed",
  handoff: Handoff,
  synthetic: boolean,
): Promise<void> {
  await tx.updatePlanner(planner.id, { status });
  await tx.addEvent("planner.ended", { planner: planner.id, session: session.id }, { status });
  await tx.insertHandoff({
    cycle: planner.cycle,
    session: session.id,
    task: null,
    planner: planner.id,
    status,
    handoff,
    synthetic,
  });
  if (planner.parent !== null)
    await deliver(tx, planner.parent, { kind: "planner_ended", planner: planner.id, status, handoff });
  await settleCycle(tx);
}
