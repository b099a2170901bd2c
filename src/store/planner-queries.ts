/** Rows of planners and their inboxes. */
import type { MessageId, PlannerId } from "../domain/ids.ts";
import type { PlannerStatus } from "../domain/planner.ts";
import type { Transition } from "../engine/store-port.ts";
import { noSpendColumns, open, type Context } from "./context.ts";
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

type InboxQueries = Pick<Transition, "insertMessage" | "unread" | "countUnread" | "consume">;

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
  };
}
