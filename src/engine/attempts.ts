/**
 * The end of a task attempt. What the trunk says is final: a landing is recorded by whoever finds it there, once, even
 * when the session that made it is gone.
 */
import { decideRetry, describeFailure, isForOperator, type Failure } from "../domain/failure.ts";
import { handoffOf, type Handoff } from "../domain/handoff.ts";
import type { Commit } from "../domain/ids.ts";
import { noUsage, type Claim, type Session, type Usage } from "../domain/session.ts";
import { isOpen, type Contested, type Task } from "../domain/task.ts";
import { cancelTask, cancelUnwanted, failTask, settleCycle } from "./closing.ts";
import { pauseRun } from "./pausing.ts";
import { deliver, queueAttempt } from "./queueing.ts";
import type { Landed } from "./ports.ts";
import { endSession, goesOn, heldSession } from "./session-end.ts";
import type { Submitted, Transition } from "./store-port.ts";

/** First step of a landing: the fact that it was submitted. False: the claim is stale, nothing may land in its name. */
export async function submit(tx: Transition, claim: Claim, handoff: Handoff, usage: Usage): Promise<boolean> {
  const held = await heldAttempt(tx, claim);
  if (!held) return false;
  await tx.insertLanding({ session: held.session.id, task: held.task.id, handoff, usage });
  await tx.addEvent("landing.submitted", { session: held.session.id, task: held.task.id, planner: held.task.planner });
  return true;
}

/** A commit of the trunk that carries a task's trailers. Repeatable. */
export async function recordLanded(tx: Transition, landed: Landed, files: string[] | null): Promise<void> {
  // An engine that was frozen says late what another has read back since.
  if (!(await tx.isBehind(landed.commit, tx.run.tip))) await tx.updateRun({ tip: landed.commit });
  const [task, session] = [await tx.task(landed.task), await tx.session(landed.session)];
  if (!task || !session || task.state.status === "landed") return;
  const submitted = await tx.lastSubmission(session.id);
  await tx.settleLanding(session.id, { status: "landed", commit: landed.commit, files: files ?? [] });
  await tx.addEvent(
    "landing.landed",
    { session: session.id, task: task.id, planner: task.planner },
    { commit: landed.commit, files: files?.length ?? null },
  );
  await completeTask(tx, task, session, submitted, { commit: landed.commit, nothingToDo: false });
}

/** The task needed no change: the agent said so, or the trunk had its change already. */
export async function recordUnchanged(tx: Transition, claim: Claim): Promise<void> {
  const held = await heldAttempt(tx, claim);
  if (!held) return;
  const submitted = await tx.openLanding(held.session.id);
  await tx.settleLanding(held.session.id, { status: "unchanged" });
  await tx.addEvent("landing.unchanged", { session: held.session.id, task: held.task.id, planner: held.task.planner });
  await completeTask(tx, held.task, held.session, submitted, { commit: tx.run.tip, nothingToDo: true });
}

/** The trunk did not take the submission; the session goes on. False: the claim is stale, or the task is not wanted any more. */
export async function recordSentBack(
  tx: Transition,
  claim: Claim,
  why: { kind: "conflict"; files: string[] } | { kind: "refused"; reasons: string[] } | { kind: "nothing_changed" },
): Promise<boolean> {
  const held = await heldAttempt(tx, claim);
  if (!held) return false;
  const about = { session: held.session.id, task: held.task.id, planner: held.task.planner };
  if (why.kind === "conflict") {
    await tx.settleLanding(held.session.id, { status: "conflict", files: why.files });
    await tx.addEvent("landing.conflict", about, { files: why.files });
  } else if (why.kind === "refused") {
    await tx.settleLanding(held.session.id, { status: "refused", reasons: why.reasons });
    await tx.addEvent("landing.refused", about, { reasons: why.reasons });
  } else await tx.settleLanding(held.session.id, { status: "unchanged" });
  return !(await cancelUnwanted(tx, held.task));
}

/** `contested`: its work, for an arbiter, when the trunk did not take it. */
export async function endAttemptFailed(
  tx: Transition,
  claim: Claim,
  failure: Failure,
  usage: Usage,
  contested: Contested | null,
): Promise<void> {
  const held = await heldAttempt(tx, claim);
  if (!held) return;
  if (contested && failure.kind === "conflicts")
    await arbitrateNext(tx, held.session, held.task, { failure, usage, contested });
  else await failAttempt(tx, held.session, held.task, failure, usage);
}

/** Its attempt has failed, and it is no fault of the task's: an arbiter goes on with its work. */
async function arbitrateNext(
  tx: Transition,
  session: Session,
  task: Task,
  { failure, usage, contested }: { failure: Failure; usage: Usage; contested: Contested },
): Promise<void> {
  await endSession(tx, session, { outcome: "failed", failure, usage });
  await tx.setTask(task.id, { state: { status: "ready" }, contested });
  const { tries, files } = contested;
  await tx.addEvent("task.contested", { task: task.id, planner: task.planner, session: session.id }, { tries, files });
  await queueAttempt(tx, { ...task, contested }, tx.now);
  await settleCycle(tx);
}

/** For a session that its holder can no longer end itself, as well. */
export async function failAttempt(
  tx: Transition,
  session: Session,
  task: Task,
  failure: Failure,
  usage: Usage,
): Promise<void> {
  const { limits } = tx.run.config;
  await tx.settleLanding(session.id, { status: "lost" });
  if (task.unwanted !== null) {
    await endSession(tx, session, { outcome: "failed", failure, usage });
    await cancelUnwanted(tx, task);
    return;
  }
  if (await goesOn(tx, session, failure)) {
    await tx.setTask(task.id, { state: { status: "ready" } });
    await settleCycle(tx); // A cycle that drains does not wait for it.
    return;
  }
  await endSession(tx, session, { outcome: "failed", failure, usage });
  if (failure.kind === "cut" && failure.by !== "pause") {
    await cancelTask(tx, task.id, describeFailure(failure), failure.by, "all");
    await settleCycle(tx);
    return;
  }
  // Where an arbiter lost as well, nobody is left but the planner.
  const failuresMax = session.subject.kind === "arbitration" && failure.kind === "conflicts" ? 1 : limits.attemptsMax;
  const retry = decideRetry(task.record, failure, failuresMax, limits, tx.now);
  if (retry.kind === "retry") {
    await tx.setTask(task.id, { state: { status: "ready" }, record: retry.record });
    await queueAttempt(tx, task, retry.readyAt);
  } else if (isForOperator(failure)) {
    // Not the task's fault: the operator mends it and resumes, and the task begins anew.
    await tx.setTask(task.id, { state: { status: "ready" }, record: { failures: 0, interruptions: 0 } });
    await queueAttempt(tx, task, tx.now);
    await pauseRun(tx, "environment", describeFailure(failure), limits.drainMs);
  } else {
    await failTask(tx, { ...task, record: retry.record }, session, failure, retry.reason);
  }
  await settleCycle(tx);
}

async function heldAttempt(tx: Transition, claim: Claim): Promise<{ session: Session; task: Task } | null> {
  const session = await heldSession(tx, claim);
  if (!session || !("task" in session.subject)) return null;
  const task = await tx.task(session.subject.task);
  return task && isOpen(task.state) ? { session, task } : null;
}

async function completeTask(
  tx: Transition,
  task: Task,
  session: Session,
  submitted: Submitted | null,
  end: { commit: Commit; nothingToDo: boolean },
): Promise<void> {
  const handoff = submitted?.handoff ?? handoffOf("Landed; the handoff was lost.");
  if (session.state.status !== "ended")
    await endSession(tx, session, { outcome: "succeeded", failure: null, usage: submitted?.usage ?? noUsage });
  const other = await tx.liveSession({ kind: "attempt", task: task.id, planner: task.planner }, task.cycle);
  if (other)
    await endSession(tx, other, { outcome: "cancelled", failure: { kind: "cut", by: "cancelled" }, usage: noUsage });
  await tx.setTask(task.id, { state: { status: "landed", ...end, at: tx.now } });
  await tx.addEvent("task.landed", { task: task.id, planner: task.planner, session: session.id }, { ...end });
  for (const dependent of await tx.tasks(await tx.releaseDependents(task.id))) {
    await tx.setTask(dependent.id, { state: { status: "ready" } });
    await queueAttempt(tx, dependent, tx.now);
  }
  await tx.insertHandoff({
    cycle: task.cycle,
    session: session.id,
    task: task.id,
    planner: task.planner,
    status: "landed",
    handoff,
    synthetic: submitted === null,
  });
  await deliver(tx, task.planner, { kind: "task_ended", task: task.id, status: "landed", commit: end.commit, handoff });
  await settleCycle(tx);
}
