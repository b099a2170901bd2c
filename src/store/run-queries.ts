/** Rows of runs, cycles, checks and events. */
import type { CycleId } from "../domain/ids.ts";
import { taskStatuses, type TaskStatus } from "../domain/task.ts";
import type { AcceptanceResult } from "../domain/verdict.ts";
import type { Transition } from "../engine/store-port.ts";
import { noSpendColumns, type Context } from "./context.ts";
import { toCycle } from "./rows.ts";

type RunQueries = Pick<
  Transition,
  "updateRun" | "insertCycle" | "cycle" | "setCycleState" | "countTasks" | "insertChecks" | "addEvent"
>;

export function runQueries(c: Context): RunQueries {
  const { db } = c;
  return {
    async updateRun(change) {
      c.run = { ...c.run, ...change };
      const { tip, green, config, state } = change;
      await db
        .updateTable("runs")
        .set({
          ...(tip !== undefined && { tip }),
          ...(green !== undefined && { green }),
          ...(config && { config: JSON.stringify(config) }),
          ...(state && { state: JSON.stringify(state), status: state.status }),
        })
        .where("id", "=", c.run.id)
        .execute();
    },

    async insertCycle({ number, brief, deadlineAt }) {
      const row = await db
        .insertInto("cycles")
        .values({
          run_id: c.run.id,
          number,
          brief,
          started_at: c.now,
          state: JSON.stringify({ status: "working", deadlineAt }),
          ...noSpendColumns,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      return toCycle(row);
    },

    async cycle() {
      const row = await db
        .selectFrom("cycles")
        .selectAll()
        .where("run_id", "=", c.run.id)
        .orderBy("number", "desc")
        .limit(1)
        .executeTakeFirst();
      return row ? toCycle(row) : null;
    },

    async setCycleState(cycle, state) {
      await db
        .updateTable("cycles")
        .set({ state: JSON.stringify(state) })
        .where("id", "=", cycle)
        .execute();
    },

    countTasks: (cycle) => countTasks(c.db, cycle),

    async insertChecks(commit, passed, results) {
      await db
        .insertInto("checks")
        .values({ run_id: c.run.id, commit, passed: passed ? 1 : 0, results: keptOf(results), at: c.now })
        .execute();
    },

    async addEvent(type, about = {}, data = {}) {
      await db
        .insertInto("events")
        .values({
          run_id: c.run.id,
          at: c.now,
          type,
          session_id: about.session ?? null,
          task_id: about.task ?? null,
          planner_id: about.planner ?? null,
          data: JSON.stringify(data),
        })
        .execute();
    },
  };
}

export async function countTasks(db: Context["db"], cycle: CycleId): Promise<{ [S in TaskStatus]: number }> {
  const rows = await db
    .selectFrom("tasks")
    .select((eb) => ["status", eb.fn.countAll<number>().as("count")])
    .where("cycle_id", "=", cycle)
    .groupBy("status")
    .execute();
  const counts = Object.fromEntries(taskStatuses.map((status) => [status, 0])) as { [S in TaskStatus]: number };
  for (const row of rows) counts[row.status as TaskStatus] = Number(row.count);
  return counts;
}

/** There are as many as landings: what passed is kept without its output. */
function keptOf(results: readonly AcceptanceResult[]): string {
  return JSON.stringify(results.map((result) => (result.passed ? { ...result, output: "" } : result)));
}
