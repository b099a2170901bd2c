/** Rows of planners, their inboxes and handoffs. */
import type { Handoff } from "../domain/handoff.ts";
import type { HandoffId, MessageId, PlannerId, TaskId } from "../domain/ids.ts";
import type { PlannerStatus } from "../domain/planner.ts";
import type { Transition } from "../engine/store-port.ts";
import { inParts, noSpendColumns, open, type Context } from "./context.ts";
import { toMessage, toPlanner } from "./rows.ts";

type PlannerQueries = Pick<
  Transition,
  "insertPlanner" | "planner" | "plannersOfCycle" | "activePlanners" | "updatePlanner" | "openChildren"
>;

export function plannerQueries(c: Context): PlannerQueries {
  const { db } = c;
  return {
    async insertPlanner({ cycle, parent, depth, name, question, paths, agent }) {
      const row = await db
        .insertInto("planners")
        .values({
          run_id: c.run.id,
          cycle_id: cycle,
          parent_id: parent,
          depth,
          name,
          question,
          paths: JSON.stringify(paths),
          agent,
          scratchpad: "",
          status: "active",
          failures: 0,
          interruptions: 0,
          ...noSpendColumns,
        })
        .returning("id")
        .executeTakeFirstOrThrow();
      return row.id as PlannerId;
    },

    async planner(id) {
      const row = await db
        .selectFrom("planners")
        .selectAll()
        .where("id", "=", id)
        .where("run_id", "=", c.run.id)
        .executeTakeFirst();
      return row ? toPlanner(row) : null;
    },

    async plannersOfCycle(cycle) {
      const rows = await db
        .selectFrom("planners")
        .select(["id", "parent_id", "name", "question", "status"])
        .where("cycle_id", "=", cycle)
        .orderBy("id")
        .execute();
      return rows.map((row) => ({
        id: row.id as PlannerId,
        parent: row.parent_id as PlannerId | null,
        name: row.name,
        question: row.question,
        status: row.status as PlannerStatus,
      }));
    },

    async activePlanners(cycle) {
      const rows = await db
        .selectFrom("planners")
        .select("id")
        .where("cycle_id", "=", cycle)
        .where("status", "=", "active")
        .orderBy("id")
        .execute();
      return rows.map((row) => row.id as PlannerId);
    },

    async updatePlanner(id, change) {
      await db.updateTable("planners").set(change).where("id", "=", id).execute();
    },

    async openChildren(planner) {
      const tasks = await db
        .selectFrom("tasks")
        .select((eb) => eb.fn.countAll<number>().as("count"))
        .where("planner_id", "=", planner)
        .where("status", "in", open)
        .executeTakeFirstOrThrow();
      const planners = await db
        .selectFrom("planners")
        .select((eb) => eb.fn.countAll<number>().as("count"))
        .where("parent_id", "=", planner)
        .where("status", "=", "active")
        .executeTakeFirstOrThrow();
      return { tasks: Number(tasks.count), planners: Number(planners.count) };
    },
  };
}

type InboxQueries = Pick<
  Transition,
  | "insertMessage"
  | "unread"
  | "countUnread"
  | "consume"
  | "insertHandoff"
  | "handoffsOfTasks"
  | "handoffOfPlanner"
  | "handoffsOfCycle"
>;

export function inboxQueries(c: Context): InboxQueries {
  const { db } = c;
  return {
    async insertMessage(planner, body) {
      const row = await db
        .insertInto("messages")
        .values({ run_id: c.run.id, planner_id: planner, at: c.now, body: JSON.stringify(body), consumed_by: null })
        .returning("id")
        .executeTakeFirstOrThrow();
      return row.id as MessageId;
    },

    async unread(planner, limit) {
      const rows = await db
        .selectFrom("messages")
        .selectAll()
        .where("planner_id", "=", planner)
        .where("consumed_by", "is", null)
        .orderBy("id")
        .limit(limit)
        .execute();
      return rows.map(toMessage);
    },

    async countUnread(planner) {
      const row = await db
        .selectFrom("messages")
        .select((eb) => eb.fn.countAll<number>().as("count"))
        .where("planner_id", "=", planner)
        .where("consumed_by", "is", null)
        .executeTakeFirstOrThrow();
      return Number(row.count);
    },

    async consume(planner, upTo, session) {
      await db
        .updateTable("messages")
        .set({ consumed_by: session })
        .where("planner_id", "=", planner)
        .where("consumed_by", "is", null)
        .where("id", "<=", upTo)
        .execute();
    },

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

    async handoffsOfCycle(cycle, limit) {
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
    },
  };
}
