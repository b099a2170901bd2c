/** A planner's actions become rows: judged against the world as it is, and then taken, in the same transition. */
import { idText, parseId, type TaskId } from "../domain/ids.ts";
import { countBlockers, type Plan, type PlannerAction, type PlanView } from "../domain/plan.ts";
import type { Planner } from "../domain/planner.ts";
import { agentsOnOffer } from "../domain/run-config.ts";
import { noUsage } from "../domain/session.ts";
import type { Task, TaskChange } from "../domain/task.ts";
import { cancelTask } from "./closing.ts";
import { agentOfTask, insertPlanner, queueAttempt } from "./queueing.ts";
import { endSession } from "./session-end.ts";
import type { Transition } from "./store-port.ts";

export type Created = { name: string; id: string };

export async function viewFor(tx: Transition, planner: Planner, actions: PlannerAction[]): Promise<PlanView> {
  const named = new Set<string>();
  for (const action of actions) {
    if (action.type === "create_task") [action.name, ...action.dependsOn].forEach((name) => named.add(name));
    if (action.type === "cancel_task" || action.type === "update_task") named.add(action.task);
  }
  const ids = [...named].map((name) => parseId("task", name)).filter((id) => id !== undefined);
  const own = await tx.tasksNamed(planner.id, [...named]);
  const others = (await tx.tasks(ids)).filter(
    (task) => task.cycle === planner.cycle && !own.some((mine) => mine.id === task.id),
  );
  return {
    planner,
    tasks: [...own, ...others],
    open: await tx.openChildren(planner.id),
    planners: await tx.plannersOfCycle(planner.cycle),
    openTasksInRun: await tx.openTasksOfRun(),
    agents: {
      worker: agentsOnOffer(tx.run.config, "worker").map((agent) => agent.name),
      planner: agentsOnOffer(tx.run.config, "planner").map((agent) => agent.name),
    },
  };
}

/** Answers the new tasks and sub-planners. */
export async function applyPlan(tx: Transition, planner: Planner, plan: Plan, view: PlanView): Promise<Created[]> {
  const created: Created[] = [];
  const { cycle, id } = planner;
  const byName = new Map<string, TaskId>();
  const existing = new Map(view.tasks.map((task) => [task.id, task.state]));
  for (const { spec, dependsOnNew, dependsOnExisting } of plan.tasks) {
    const news = dependsOnNew.map((name) => byName.get(name)).filter((task) => task !== undefined);
    const blockers =
      news.length +
      countBlockers(dependsOnExisting.map((task) => existing.get(task)).filter((state) => state !== undefined));
    const state = blockers > 0 ? ({ status: "blocked", blockers } as const) : ({ status: "ready" } as const);
    const task = await tx.insertTask({ cycle, planner: id, spec, dependsOn: [...news, ...dependsOnExisting], state });
    byName.set(spec.name, task);
    created.push({ name: spec.name, id: idText("task", task) });
    await tx.addEvent("task.created", { task, planner: id }, { name: spec.name, title: spec.title });
    if (blockers === 0) await queueAttempt(tx, { ...spec, id: task, cycle, planner: id, contested: null }, tx.now);
  }
  for (const child of plan.planners) {
    const spawned = await insertPlanner(tx, { cycle, parent: id, depth: planner.depth + 1, ...child });
    created.push({ name: child.name, id: idText("planner", spawned) });
  }
  for (const { task, change } of plan.updates) await updateTask(tx, task, change);
  for (const { task, reason } of plan.cancel)
    await cancelTask(tx, task, reason || "cancelled by its planner", "cancelled", new Set([id]));
  if (plan.scratchpad !== null) await tx.updatePlanner(id, { scratchpad: plan.scratchpad });
  return created;
}

async function updateTask(tx: Transition, task: Task, change: TaskChange): Promise<void> {
  // Read again: a turn may change it twice.
  const changed = { ...task, ...(await tx.task(task.id)), ...change };
  await tx.updateTask(task.id, change, { agent: agentOfTask(tx.run.config, changed), priority: changed.priority });
  await tx.addEvent("task.updated", { task: task.id, planner: task.planner }, { fields: Object.keys(change) });
  if (Object.keys(change).some((field) => field !== "priority")) await beginAnew(tx, changed);
}

/** A session that was put aside with a record knows the task as it was, and its record is another agent's. */
async function beginAnew(tx: Transition, task: Task): Promise<void> {
  const session = await tx.liveSession({ kind: "attempt", task: task.id, planner: task.planner }, task.cycle);
  if (!session || !(await tx.hasSteps(session.id))) return;
  await endSession(tx, session, { outcome: "cancelled", failure: { kind: "cut", by: "cancelled" }, usage: noUsage });
  await queueAttempt(tx, task, tx.now);
}
