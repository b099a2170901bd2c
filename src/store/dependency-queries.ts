/** Rows of what waits for what. */
import { sql } from "kysely";
import type { TaskId } from "../domain/ids.ts";
import type { Transition } from "../engine/store-port.ts";
import type { Context } from "./context.ts";

type DependencyQueries = Pick<Transition, "releaseDependents" | "blockedDependents" | "strandedTasks">;

export function dependencyQueries({ db }: Context): DependencyQueries {
  return {
    // Counted down on the target row: a self-join that counts unfinished dependencies loses updates under concurrency.
    async releaseDependents(landed) {
      const rows = await db
        .updateTable("tasks")
        .set({ blockers: sql<number>`blockers - 1` })
        .where("status", "=", "blocked")
        .where("id", "in", (eb) => eb.selectFrom("dependencies").select("task_id").where("depends_on", "=", landed))
        .returning(["id", "blockers"])
        .execute();
      return rows
        .filter((row) => row.blockers === 0)
        .map((row) => row.id as TaskId)
        .toSorted((a, b) => a - b);
    },

    async blockedDependents(task) {
      const rows = await db
        .selectFrom("tasks")
        .innerJoin("dependencies", "dependencies.task_id", "tasks.id")
        .select("tasks.id")
        .where("dependencies.depends_on", "=", task)
        .where("tasks.status", "=", "blocked")
        .orderBy("tasks.id")
        .execute();
      return rows.map((row) => row.id as TaskId);
    },

    async strandedTasks(cycle) {
      const rows = await db
        .selectFrom("tasks as t")
        .select("t.id")
        .where("t.cycle_id", "=", cycle)
        .where("t.status", "=", "blocked")
        .where((eb) =>
          eb.not(
            eb.exists(
              eb
                .selectFrom("dependencies as d")
                .innerJoin("tasks as b", "b.id", "d.depends_on")
                .select("b.id")
                .whereRef("d.task_id", "=", "t.id")
                .where("b.status", "<>", "landed"),
            ),
          ),
        )
        .orderBy("t.id")
        .execute();
      return rows.map((row) => row.id as TaskId);
    },
  };
}
