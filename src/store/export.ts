/** Everything the store holds of one run, table by table, row by row. */
import { sql } from "kysely";
import type { RunId } from "../domain/ids.ts";
import type { Views } from "../engine/views.ts";
import type { Database } from "./dialect.ts";

const exported = [
  "cycles",
  "planners",
  "tasks",
  "sessions",
  "messages",
  "handoffs",
  "landings",
  "checks",
  "events",
  "transcripts",
  "steps",
  "calls",
] as const;
const keyedBySeq: readonly string[] = ["events", "transcripts", "steps"] satisfies (typeof exported)[number][];
const pageRows = 500;

export async function* everything(db: Database["db"], run: RunId): ReturnType<Views["everything"]> {
  yield { table: "runs", row: await db.selectFrom("runs").selectAll().where("id", "=", run).executeTakeFirstOrThrow() };
  for (const table of exported) {
    const key = keyedBySeq.includes(table) ? "seq" : "id";
    let last = 0;
    for (;;) {
      const page = sql<{
        [column: string]: unknown;
      }>`select * from ${sql.table(table)} where run_id = ${run} and ${sql.ref(key)} > ${last} order by ${sql.ref(key)} limit ${pageRows}`;
      const { rows } = await page.execute(db);
      for (const row of rows) yield { table, row };
      const end = rows.at(-1)?.[key];
      if (rows.length < pageRows || end === undefined) break;
      last = Number(end);
    }
  }
  const rest = {
    followed: sql<{
      [column: string]: unknown;
    }>`select * from followed where run_id = ${run} order by place`,
    file_conflicts: sql<{
      [column: string]: unknown;
    }>`select * from file_conflicts where run_id = ${run} order by path`,
    dependencies: sql<{
      [column: string]: unknown;
    }>`select d.* from dependencies d join tasks t on t.id = d.task_id where t.run_id = ${run} order by d.task_id, d.depends_on`,
    verdicts: sql<{
      [column: string]: unknown;
    }>`select v.* from verdicts v join cycles c on c.id = v.cycle_id where c.run_id = ${run} order by v.cycle_id`,
    actions: sql<{ [column: string]: unknown }>`select * from actions where run_id = ${run} order by session_id, key`,
    credentials: sql<{ [column: string]: unknown }>`select * from credentials where run_id = ${run} order by name`,
  };
  for (const [table, query] of Object.entries(rest))
    for (const row of (await query.execute(db)).rows) yield { table, row };
}
