/** What the queries of one transition share. */
import { sql, type Kysely } from "kysely";
import type { Run } from "../domain/run.ts";
import { openStatuses } from "../domain/task.ts";
import type { Tables } from "./schema.ts";

export type Context = {
  /** The transaction. */
  db: Kysely<Tables>;
  now: number;
  /** The locked run; replaced when it is updated. */
  run: Run;
};

/** Databases bound the parameters of one statement; lists longer than this are asked in parts. */
export const listMax = 500;

export function inParts<T>(list: T[]): T[][] {
  const parts: T[][] = [];
  for (let start = 0; start < list.length; start += listMax) parts.push(list.slice(start, start + listMax));
  return parts;
}

/** Written into the statement: an index `where status = …` serves no query that binds the status as a parameter. */
export const open = openStatuses.map((status) => sql.lit(status));
export const queued = sql.lit("queued");
export const running = sql.lit("running");
export const ended = sql.lit("ended");

export const noSpendColumns = { spent_micro_usd: 0, reserved_micro_usd: 0, tokens: 0, reserved_tokens: 0 };
