/** How the pushes to a run's remote go, as screens show it. */
import { z } from "zod";
import type { Run } from "../domain/run.ts";
import type { RunView } from "../engine/views.ts";
import type { Database } from "./dialect.ts";

const failedSchema = z.object({ faults: z.array(z.string()), nextAt: z.number().nullable() });

/** null: the last batch succeeded, or there is no remote. */
export async function readMirror(db: Database["db"], { id, config }: Run): Promise<RunView["mirror"]> {
  if (config.publish === null) return null;
  const last = await db
    .selectFrom("events")
    .select(["type", "at", "data"])
    .where("run_id", "=", id)
    .where("type", "in", ["mirror.pushed", "mirror.failed"])
    .orderBy("seq", "desc")
    .limit(1)
    .executeTakeFirst();
  if (last?.type !== "mirror.failed") return null;
  return { ...failedSchema.parse(JSON.parse(last.data)), at: last.at };
}
