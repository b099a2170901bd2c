/** Puts sessions into the queue and messages into inboxes. Keeps: a planner with unread messages has a turn coming. */
import type { CycleId, PlannerId } from "../domain/ids.ts";
import type { MessageBody } from "../domain/message.ts";
import type { Planner } from "../domain/planner.ts";
import { agentFor, arbiterFor, type RunConfig } from "../domain/run-config.ts";
import type { Task } from "../domain/task.ts";
import type { Transition } from "./store-port.ts";

export async function startCycle(tx: Transition, number: number, brief: string): Promise<void> {
  const cycle = await tx.insertCycle({ number, brief, deadlineAt: tx.now + tx.run.config.limits.cycleMs });
  await tx.addEvent("cycle.started", {}, { cycle: number });
  await insertPlanner(tx, {
    cycle: cycle.id,
    parent: null,
    depth: 0,
    name: "root",
    question: tx.run.goal,
    paths: [],
    agent: null,
  });
}

/** A planner and its first turn. */
export async function insertPlanner(
  tx: Transition,
  planner: Parameters<Transition["insertPlanner"]>[0],
): Promise<PlannerId> {
  const id = await tx.insertPlanner(planner);
  await tx.addEvent(
    "planner.created",
    { planner: id },
    { name: planner.name, depth: planner.depth, parent: planner.parent },
  );
  await queueTurn(tx, { ...planner, id }, tx.now);
  return id;
}

/** In the order in which something came for them: under load, those above would wait for ever for those below, and the operator with them. */
export async function queueTurn(
  tx: Transition,
  planner: Pick<Planner, "id" | "cycle" | "agent" | "paths">,
  readyAt: number,
): Promise<void> {
  const agent = agentFor(tx.run.config, "planner", planner.agent, planner.paths);
  await tx.queueSession({
    cycle: planner.cycle,
    subject: { kind: "turn", planner: planner.id },
    agent,
    priority: 0,
    readyAt,
  });
}

/** The task becomes ready and its next attempt is queued; where attempts lost too often, an arbitration. */
export async function queueAttempt(
  tx: Transition,
  task: Pick<Task, "id" | "cycle" | "planner" | "agent" | "priority" | "paths" | "contested">,
  readyAt: number,
): Promise<void> {
  const agent = agentOfTask(tx.run.config, task);
  const kind = task.contested ? "arbitration" : "attempt";
  const subject = { kind, task: task.id, planner: task.planner } as const;
  await tx.queueSession({ cycle: task.cycle, subject, agent, priority: task.priority, readyAt });
  await tx.addEvent("task.ready", { task: task.id, planner: task.planner });
}

/** Who gets the task next. */
export function agentOfTask(config: RunConfig, task: Pick<Task, "agent" | "paths" | "contested">): string {
  const arbiter = task.contested ? arbiterFor(config, task.agent, task.paths) : null;
  return arbiter ?? agentFor(config, "worker", task.agent, task.paths);
}

/** Without a judge agent the engine judges by itself; the session is the same. */
export const acceptanceOnly = "(acceptance commands)";

export async function queueJudgement(tx: Transition, cycle: CycleId, readyAt: number): Promise<void> {
  await tx.queueSession({
    cycle,
    subject: { kind: "judgement" },
    agent: tx.run.config.roles.judge ?? acceptanceOnly,
    priority: 0,
    readyAt,
  });
}

/** A message into a planner's inbox, and the turn that will read it. Wakes a planner that was done, too. */
export async function deliver(tx: Transition, to: PlannerId, body: MessageBody): Promise<void> {
  await tx.insertMessage(to, body);
  const [planner, cycle] = [await tx.planner(to), await tx.cycle()];
  if (!planner || cycle?.id !== planner.cycle || cycle.state.status !== "working" || planner.status === "cancelled")
    return;
  await reopen(tx, planner, body.kind);
}

/**
 * A planner that had ended is active again, and so are those above it: they wait for its end as for any child's. Each
 * that has something to read gets a turn; one that failed may not have read all.
 */
async function reopen(tx: Transition, planner: Planner, by: MessageBody["kind"]): Promise<void> {
  for (let each: Planner | null = planner; each;) {
    const ended: boolean = each.status !== "active";
    if (ended) {
      await tx.updatePlanner(each.id, { status: "active" });
      await tx.addEvent("planner.reopened", { planner: each.id }, { by });
    }
    const live = await tx.liveSession({ kind: "turn", planner: each.id }, each.cycle);
    if (!live && (await tx.countUnread(each.id)) > 0) await queueTurn(tx, each, tx.now);
    each = ended && each.parent !== null ? await tx.planner(each.parent) : null;
  }
}
