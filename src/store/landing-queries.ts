/** Rows of what was submitted, and what the trunk made of it. */
import { sql } from "kysely";
import type { SessionId, TaskId } from "../domain/ids.ts";
import type { Submitted, Transition } from "../engine/store-port.ts";
import { inParts, type Context } from "./context.ts";
import { lastPlace } from "./landed-queries.ts";

type LandingQueries = Pick<Transition, "insertLanding" | "openLanding" | "lastSubmission" | "settleLanding">;

export function landingQueries(c: Context): LandingQueries {
  const { db } = c;
  return {
    async insertLanding({ session, task, handoff, usage }) {
      const submitted = JSON.stringify({ handoff, usage });
      await db
        .insertInto("landings")
        .values({
          run_id: c.run.id,
          session_id: session,
          task_id: task,
          status: "submitted",
          submission: submitted,
          submitted_at: c.now,
        })
        .execute();
    },

    openLanding: (session) => submission(c, session, ["submitted"]),
    lastSubmission: (session) => submission(c, session, unanswered),

    async settleLanding(session, end) {
      // One that was lost before stays so: what is settled is the newest.
      const newest = await newestOf(c, session, unanswered);
      if (!newest) return;
      const detail = end.status === "refused" ? end.reasons : "files" in end ? end.files : null;
      await db
        .updateTable("landings")
        .set({
          status: end.status,
          settled_at: c.now,
          commit: end.status === "landed" ? end.commit : null,
          place: end.status === "landed" ? (await lastPlace(c)) + 1 : null,
          detail: detail && JSON.stringify(detail),
        })
        .where("id", "=", newest.id)
        .execute();
      if (end.status === "conflict") await countConflicts(c, end.files);
    },
  };
}

async function countConflicts({ db, run }: Context, files: readonly string[]): Promise<void> {
  for (const part of inParts([...new Set(files)]))
    await db
      .insertInto("file_conflicts")
      .values(part.map((path) => ({ run_id: run.id, path, conflicts: 1 })))
      .onConflict((conflict) =>
        conflict.columns(["run_id", "path"]).doUpdateSet({ conflicts: sql`file_conflicts.conflicts + 1` }),
      )
      .execute();
}

const unanswered = ["submitted", "lost"];

async function submission(c: Context, session: SessionId, statuses: string[]): Promise<Submitted | null> {
  const row = await newestOf(c, session, statuses);
  return row
    ? { session, task: row.task_id as TaskId, ...(JSON.parse(row.submission) as Pick<Submitted, "handoff" | "usage">) }
    : null;
}

const newestOf = ({ db }: Context, session: SessionId, statuses: string[]) =>
  db
    .selectFrom("landings")
    .select(["id", "task_id", "submission"])
    .where("session_id", "=", session)
    .where("status", "in", statuses)
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
