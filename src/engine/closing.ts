/** Ends tasks that will not be done, and cycles: by themselves, at their bound, or because the run stops. */
import { syntheticHandoff, type Failure } from "../domain/failure.ts";
import { handoffOf } from "../domain/handoff.ts";
import { idText, type PlannerId, type TaskId } from "../domain/ids.ts";
import { noUsage, type Session } from "../domain/session.ts";
import { isOpen, type Task } from "../domain/task.ts";
import { deliver, queueJudgement } from "./queueing.ts";
import { endSession } from "./session-end.ts";
import type { Transition } from "./store-port.ts";

type Cut = Extract<Failure, { kind: "cut" }>;

/** Planners to whom a cancellation is no news: they asked for it, or they end as well. */
type Knowing = "all" | ReadonlySet<PlannerId>;

/**
 * Cancels an open task and what waits for it. A task whose change is on its way to the trunk is left alone until
 * the trunk has decided: it lands, or is cancelled (`cancelUnwanted`). The planners of what is cancelled get a message, but for those who know.
 */
export async function cancelTask(
  tx: Transition,
  id: TaskId,
  reason: string,
  cut: Cut["by"],
  knowing: Knowing,
): Promise<void> {
  const task = await tx.task(id);
  if (!task || !isOpen(task.state)) return;
  const session = await tx.liveSession({ kind: "attempt", task: id, planner: task.planner }, task.cycle);
  if (session && (await tx.openLanding(session.id))) {
    await tx.setTask(id, { state: task.state, unwanted: reason });
    return;
  }
  if (session)
    await endSession(tx, session, { outcome: "cancelled", failure: { kind: "cut", by: cut }, usage: noUsage });
  await tx.setTask(id, { state: { status: "cancelled", reason, at: tx.now } });
  await tx.addEvent("task.cancelled", { task: id, planner: task.planner }, { reason });
  if (knowing !== "all" && !knowing.has(task.planner))
    await tellPlanner(tx, task, "cancelled", handoffOf("", { notes: [`Cancelled: ${reason}.`] }), true);
  await cancelDependents(tx, id, `it depends on ${idText("task", id)}, which was cancelled`, cut, knowing);
}

/** The trunk did not take the work of a task that was cancelled meanwhile. Its planner has gone on and is told. False: nobody has cancelled it. */
export async function cancelUnwanted(tx: Transition, { id, unwanted }: Task): Promise<boolean> {
  if (unwanted === null) return false;
  await cancelTask(tx, id, unwanted, "cancelled", new Set());
  await settleCycle(tx);
  return true;
}

export async function cancelDependents(
  tx: Transition,
  of: TaskId,
  reason: string,
  cut: Cut["by"],
  knowing: Knowing,
): Promise<void> {
  for (const dependent of await tx.blockedDependents(of)) await cancelTask(tx, dependent, reason, cut, knowing);
}

/** The task has failed for good: its planner is told, and what waits for it is cancelled. */
export async function failTask(
  tx: Transition,
  task: Task,
  session: Session | null,
  failure: Failure,
  reason: string,
): Promise<void> {
  await tx.setTask(task.id, { state: { status: "failed", reason, at: tx.now }, record: task.record });
  await tx.addEvent(
    "task.failed",
    { task: task.id, planner: task.planner, ...(session && { session: session.id }) },
    { reason },
  );
  await tellPlanner(tx, task, "failed", syntheticHandoff(failure, task.record), true, session);
  await cancelDependents(tx, task.id, `it depends on ${idText("task", task.id)}, which failed`, "cancelled", new Set());
}

async function tellPlanner(
  tx: Transition,
  task: Task,
  status: "failed" | "cancelled",
  handoff: ReturnType<typeof handoffOf>,
  synthetic: boolean,
  session: Session | null = null,
): Promise<void> {
  await tx.insertHandoff({
    cycle: task.cycle,
    session: session?.id ?? null,
    task: task.id,
    planner: task.planner,
    status,
    handoff,
    synthetic,
  });
  await deliver(tx, task.planner, { kind: "task_ended", task: task.id, status, commit: null, handoff });
}

/** Called after every end of a session: the cycle's work is over when no planner is active, or when a drain has run dry. */
export async function settleCycle(tx: Transition): Promise<void> {
  const cycle = await tx.cycle();
  if (!cycle) return;
  if (cycle.state.status === "working" && (await tx.activePlanners(cycle.id)).length === 0) {
    await beginJudging(tx, cycle.id);
  } else if (cycle.state.status === "draining" && (await tx.runningSessions()).length === 0) {
    await abandonWork(tx, cycle.id, "the cycle reached its bound", "cycle_bound");
    await beginJudging(tx, cycle.id);
  }
}

async function beginJudging(tx: Transition, cycle: Parameters<Transition["setCycleState"]>[0]): Promise<void> {
  await tx.setCycleState(cycle, { status: "judging" });
  await tx.addEvent("cycle.judging");
  await queueJudgement(tx, cycle, tx.now);
}

/** At the cycle's bound, of time or (`budget` says which) of money: nothing new starts, what runs may finish. */
export async function drainCycle(tx: Transition, budget: string | null): Promise<void> {
  const cycle = await tx.cycle();
  if (cycle?.state.status !== "working" || (budget === null && tx.now < cycle.state.deadlineAt)) return;
  await tx.setCycleState(cycle.id, { status: "draining", cutAt: tx.now + tx.run.config.limits.drainMs });
  await tx.addEvent("cycle.draining", {}, { cycle: cycle.number, ...(budget !== null && { budget }) });
  await settleCycle(tx);
}

/** Cancels everything of a cycle that is still open. */
export async function abandonWork(
  tx: Transition,
  cycle: Parameters<Transition["setCycleState"]>[0],
  reason: string,
  cut: Cut["by"],
): Promise<void> {
  // Planners first, so that the ends of their tasks do not wake them.
  for (const planner of await tx.activePlanners(cycle)) {
    await tx.updatePlanner(planner, { status: "cancelled" });
    await tx.addEvent("planner.ended", { planner }, { status: "cancelled", reason });
  }
  for (const task of await tx.openTasksOfCycle(cycle)) await cancelTask(tx, task, reason, cut, "all");
  for (const session of [...(await tx.queuedSessions(cycle)), ...(await tx.runningSessions())]) {
    if (session.cycle !== cycle || (await tx.openLanding(session.id))) continue;
    await endSession(tx, session, { outcome: "cancelled", failure: { kind: "cut", by: cut }, usage: noUsage });
  }
}
