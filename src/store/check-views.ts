/** What the checks of a run came to, as screens and the engine read it. */
import type { Kysely } from "kysely";
import type { Commit, RunId } from "../domain/ids.ts";
import type { AcceptanceResult } from "../domain/verdict.ts";
import type { Transition } from "../engine/store-port.ts";
import type { RunView } from "../engine/views.ts";
import type { Tables } from "./schema.ts";

type Db = Kysely<Tables>;

export async function readChecks(db: Db, run: RunId): Promise<RunView["checks"]> {
  const row = await db
    .selectFrom("checks")
    .select((eb) => [eb.fn.countAll<number>().as("runs"), eb.fn.sum<number | null>("passed").as("passed")])
    .where("run_id", "=", run)
    .executeTakeFirstOrThrow();
  const runs = Number(row.runs);
  return runs === 0 ? null : { runs, failed: runs - Number(row.passed), redSince: await redSince(db, run) };
}

/** When they began to fail; null: they passed last, or never ran. */
export async function redSince(db: Db, run: RunId): Promise<number | null> {
  const ofRun = () => db.selectFrom("checks").where("run_id", "=", run);
  const green = await ofRun().select("id").where("passed", "=", 1).orderBy("id", "desc").limit(1).executeTakeFirst();
  const red = await ofRun()
    .select("at")
    .where("id", ">", green?.id ?? 0)
    .orderBy("id")
    .limit(1)
    .executeTakeFirst();
  return red?.at ?? null;
}

export async function lastChecks(db: Db, run: RunId): ReturnType<Transition["lastChecks"]> {
  const row = await db
    .selectFrom("checks")
    .select(["commit", "results"])
    .where("run_id", "=", run)
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row ? { commit: row.commit as Commit, results: JSON.parse(row.results) as AcceptanceResult[] } : null;
}
