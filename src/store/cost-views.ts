/** The ledger's totals, for `longhaul costs`: summed by the database, and never more rows than were asked for. */
import { sql, type RawBuilder } from "kysely";
import { idText, type PlannerId, type RunId, type SessionId, type TaskId } from "../domain/ids.ts";
import { roleOf, type SessionKind } from "../domain/session.ts";
import type { CostGroup, CostRow, Costs, CostView } from "../engine/views.ts";
import type { Database } from "./dialect.ts";

type Db = Database["db"];
type Fragment = RawBuilder<unknown>;

/** As the databases answer: PostgreSQL gives sums as texts. */
type Sums = {
  calls: number | string;
  input: number | string | null;
  cached: number | string | null;
  written: number | string | null;
  output: number | string | null;
  micro_usd: number | string | null;
  guessed_micro_usd: number | string | null;
  guessed_calls: number | string | null;
};
type Found = Sums & { key: string | number | null; title: string | null; kind: string | null; groups: number | string };

const sums = sql`count(*) as calls, sum(input_tokens) as input, sum(cached_tokens) as cached,
  sum(written_tokens) as written, sum(output_tokens) as output, sum(micro_usd) as micro_usd,
  sum(case when price_source = 'guessed' then micro_usd else 0 end) as guessed_micro_usd,
  sum(case when price_source = 'guessed' then 1 else 0 end) as guessed_calls`;

/** One row for each group. */
const groupedBy = (key: Fragment, run: RunId): Fragment =>
  sql`select ${key} as key, ${sums} from calls where run_id = ${run} and status <> 'open' group by ${key}`;

/** A planner's calls count for it and for all above it; those of no planner stay by themselves. */
const bySubtree = (run: RunId): Fragment => sql`
  select tops.top as key, sum(own.calls) as calls, sum(input) as input, sum(cached) as cached, sum(written) as written,
    sum(output) as output, sum(micro_usd) as micro_usd, sum(guessed_micro_usd) as guessed_micro_usd,
    sum(guessed_calls) as guessed_calls
  from (${groupedBy(sql`planner_id`, run)}) as own left join tops on tops.id = own.key group by tops.top`;

const tops = (run: RunId): Fragment => sql`
  with recursive tops(id, top) as (
    select id, id from planners where run_id = ${run}
    union all
    select planners.id, tops.top from tops join planners on planners.parent_id = tops.id)`;

type Source = { before: Fragment; totals: Fragment; title: Fragment; kind: Fragment; join: Fragment };

function sourceOf(by: CostGroup, run: RunId): Source {
  const none = { before: sql``, kind: sql`null` };
  const plain = { ...none, title: sql`null`, join: sql`` };
  switch (by) {
    case "role":
      return { ...plain, totals: groupedBy(sql`role`, run) };
    case "model":
      return { ...plain, totals: groupedBy(sql`case when model = '' then '(' || agent || ')' else model end`, run) };
    case "cycle":
      return {
        ...none,
        totals: groupedBy(sql`cycle_id`, run),
        title: sql`cast(cycles.number as text)`,
        join: sql`left join cycles on cycles.id = totals.key`,
      };
    case "task":
      return {
        ...none,
        totals: groupedBy(sql`task_id`, run),
        title: sql`tasks.title`,
        join: sql`left join tasks on tasks.id = totals.key`,
      };
    case "planner":
      return {
        ...none,
        before: tops(run),
        totals: bySubtree(run),
        title: sql`planners.name`,
        join: sql`left join planners on planners.id = totals.key`,
      };
    case "session":
      return {
        before: sql``,
        totals: groupedBy(sql`session_id`, run),
        title: sql`coalesce(tasks.title, planners.name)`,
        kind: sql`sessions.kind`,
        join: sql`left join sessions on sessions.id = totals.key
          left join tasks on tasks.id = sessions.task_id left join planners on planners.id = sessions.planner_id`,
      };
  }
}

export async function readCosts(db: Db, run: RunId, by: CostGroup, limit: number): Promise<CostView> {
  const whole = await sql<Sums>`select ${sums} from calls where run_id = ${run} and status <> 'open'`.execute(db);
  const { before, totals, title, kind, join } = sourceOf(by, run);
  const found = await sql<Found>`${before}
    select totals.*, ${title} as title, ${kind} as kind
    from (select grouped.*, count(*) over () as groups from (${totals}) as grouped
      order by micro_usd desc, output desc, key limit ${limit}) as totals ${join}
    order by micro_usd desc, output desc, totals.key`.execute(db);
  const rows = found.rows.map((row) => toRow(by, row));
  return { by, total: toCosts(whole.rows[0]), rows, hidden: Number(found.rows[0]?.groups ?? 0) - rows.length };
}

function toRow(by: CostGroup, row: Found): CostRow {
  const title = row.title ?? "";
  const costs = toCosts(row);
  if (row.key === null) return { ...costs, name: null, title: "" };
  switch (by) {
    case "session":
      return {
        ...costs,
        name: idText("session", Number(row.key) as SessionId),
        title: `${roleOf[row.kind as SessionKind]}${title && `: ${title}`}`,
      };
    case "task":
      return { ...costs, name: idText("task", Number(row.key) as TaskId), title };
    case "planner":
      return { ...costs, name: idText("planner", Number(row.key) as PlannerId), title };
    case "cycle":
      return { ...costs, name: title, title: "" };
    case "role":
    case "model":
      return { ...costs, name: String(row.key), title: "" };
  }
}

function toCosts(row: Sums | undefined): Costs {
  const number = (value: number | string | null | undefined) => Number(value ?? 0);
  return {
    calls: number(row?.calls),
    tokens: {
      input: number(row?.input),
      cached: number(row?.cached),
      written: number(row?.written),
      output: number(row?.output),
    },
    microUsd: number(row?.micro_usd),
    guessedMicroUsd: number(row?.guessed_micro_usd),
    guessedCalls: number(row?.guessed_calls),
  };
}
