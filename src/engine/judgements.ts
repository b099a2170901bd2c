/** The end of a judgement: the verdict is stored with its evidence, and the run ends or its next cycle starts fresh. */
import { decideRetry, describeFailure, isForOperator, type Failure } from "../domain/failure.ts";
import type { Claim, Session, Usage } from "../domain/session.ts";
import { testReportLimits } from "../domain/limits.ts";
import { decideVerdict, type Evidence, type VerdictProposal } from "../domain/verdict.ts";
import { pauseRun } from "./pausing.ts";
import { tellOfUnseenRed } from "./red-trunk.ts";
import { queueJudgement, startCycle } from "./queueing.ts";
import { weakenedCount, weakenedWords } from "../domain/weakened-tests.ts";
import { endSession, goesOn, heldSession } from "./session-end.ts";
import type { Transition } from "./store-port.ts";

export async function endJudgement(
  tx: Transition,
  claim: Claim,
  proposal: VerdictProposal,
  evidence: Evidence,
  green: boolean,
  usage: Usage,
): Promise<void> {
  const held = await heldJudgement(tx, claim);
  if (!held) return;
  const { session, cycle } = held;
  const verdict = decideVerdict(proposal, evidence);
  await endSession(tx, session, { outcome: "succeeded", failure: null, usage });
  await tx.insertVerdict(cycle.id, session.id, verdict);
  await tx.setCycleState(cycle.id, { status: "ended", commit: evidence.commit, at: tx.now });
  await tx.addEvent(
    "cycle.ended",
    { session: session.id },
    { cycle: cycle.number, verdict: verdict.verdict, summary: verdict.summary },
  );
  const { tests } = evidence;
  const findings = weakenedWords(tests, (path) => path).slice(0, testReportLimits.namedMax);
  if (findings.length > 0)
    await tx.addEvent(
      "tests.weakened",
      { session: session.id },
      { cycle: cycle.number, count: weakenedCount(tests), findings },
    );
  if (green) await tx.updateRun({ green: evidence.commit });
  const { cyclesMax } = tx.run.config.limits;
  if (verdict.verdict === "achieved") await endRun(tx, "achieved", verdict.summary);
  else if (verdict.verdict === "stop") await endRun(tx, "stopped", verdict.summary);
  else if (cycle.number >= cyclesMax) await endRun(tx, "stopped", `not achieved after ${cyclesMax} cycles (cyclesMax)`);
  else {
    await startCycle(tx, cycle.number + 1, verdict.brief);
    await tellOfUnseenRed(tx, evidence.commit);
  }
}

export async function endJudgementFailed(tx: Transition, claim: Claim, failure: Failure, usage: Usage): Promise<void> {
  const held = await heldJudgement(tx, claim);
  if (held) await failJudgement(tx, held.session, failure, usage);
}

export async function failJudgement(tx: Transition, session: Session, failure: Failure, usage: Usage): Promise<void> {
  const { limits } = tx.run.config;
  if (await goesOn(tx, session, failure)) return;
  const earlier = await tx.failuresOf(
    session.subject,
    session.cycle,
    limits.interruptionsMax + limits.judgementFailuresMax,
  );
  const record = {
    failures: earlier.filter((e) => e.failure.kind !== "lost" && e.failure.kind !== "cut").length,
    interruptions: earlier.filter((e) => e.failure.kind === "lost").length,
  };
  await endSession(tx, session, { outcome: "failed", failure, usage });
  const retry = decideRetry(record, failure, limits.judgementFailuresMax, limits, tx.now);
  await queueJudgement(tx, session.cycle, retry.kind === "retry" ? retry.readyAt : tx.now);
  if (retry.kind === "retry") return;
  // Never a guess in the judge's place: the operator mends it and resumes, which runs the judgement that is queued.
  const times = retry.record.failures + retry.record.interruptions;
  await pauseRun(
    tx,
    isForOperator(failure) ? "environment" : "judge",
    `the judgement failed ${times === 1 ? "once" : `${times} times, last`}: ${describeFailure(failure)}`,
    0,
  );
}

export async function endRun(tx: Transition, outcome: "achieved" | "stopped", reason: string): Promise<void> {
  await tx.updateRun({ state: { status: "ended", outcome, reason, at: tx.now } });
  await tx.addEvent("run.ended", {}, { outcome, reason });
}

async function heldJudgement(tx: Transition, claim: Claim) {
  const [session, cycle] = [await heldSession(tx, claim), await tx.cycle()];
  if (session?.subject.kind !== "judgement" || cycle?.id !== session.cycle || cycle.state.status !== "judging")
    return null;
  return { session, cycle };
}
