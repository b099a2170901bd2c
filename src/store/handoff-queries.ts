/** Rows of handoffs. */
import type { Handoff } from "../domain/handoff.ts";
import type { CycleId, HandoffId, PlannerId, TaskId } from "../domain/ids.ts";
import type { CycleHandoff, Transition } from "../engine/store-port.ts";
import { inParts, type Context } from "./context.ts";

type HandoffQueries = Pick<Transition, "insertHandoff" | "handoffsOfTasks" | "handoffOfPlanner" | "handoffsOfCycle">;

export function handoffQueries(c: Context): HandoffQueries {
  const { db } = c;
  return {
    async insertHandoff({ cycle, session, task, planner, status, handoff, synthetic }) {
      const row = await db
        .insertInto("handoffs")
        .values({
          run_id: c.run.id,
          cycle_id: cycle,
          session_id: session,
          task_id: task,
          planner_id: planner,
          status,
          body: JSON.stringify(handoff),
          synthetic: synthetic ? 1 : 0,
          at: c.now,
        })
        .returning("id")
        .executeTakeFirstOrThrow();
      return row.id as HandoffId;
    },

    async handoffsOfTasks(tasks) {
      const found: { task: TaskId; handoff: Handoff }[] = [];
      for (const part of inParts(tasks)) {
        const rows = await db
          .selectFrom("handoffs")
          .select(["task_id", "body"])
          .where("task_id", "in", part)
          .orderBy("id")
          .execute();
        found.push(...rows.map((row) => ({ task: row.task_id as TaskId, handoff: JSON.parse(row.body) as Handoff })));
      }
      return found;
    },

    async handoffOfPlanner(planner) {
      const row = await db
        .selectFrom("handoffs")
        .select(["status", "body"])
        .where("planner_id", "=", planner)
        .where("task_id", "is", null)
        .orderBy("id", "desc")
        .limit(1)
        .executeTakeFirst();
      return row ? { status: row.status, handoff: JSON.parse(row.body) as Handoff } : null;
    },

    handoffsOfCycle: (cycle, limit) => handoffsOfCycle(c, cycle, limit),
  };
}

async function handoffsOfCycle({ db }: Context, cycle: CycleId, limit: number): Promise<CycleHandoff[]> {
  const rows = await db
    .selectFrom("handoffs")
    .innerJoin("planners", "planners.id", "handoffs.planner_id")
    .leftJoin("tasks", "tasks.id", "handoffs.task_id")
    .select([
      "handoffs.task_id",
      "handoffs.planner_id",
      "handoffs.status",
      "handoffs.body",
      "tasks.title",
      "planners.name",
    ])
    .where("handoffs.cycle_id", "=", cycle)
    .orderBy("handoffs.id", "desc")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    task: row.task_id as TaskId | null,
    planner: row.planner_id as PlannerId,
    title: row.title ?? row.name,
    status: row.status,
    handoff: JSON.parse(row.body) as Handoff,
  }));
}
