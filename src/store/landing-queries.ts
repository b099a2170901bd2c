/** Rows of what was submitted, and what the trunk made of it. */
import type { SessionId, TaskId } from "../domain/ids.ts";
import type { Submitted, Transition } from "../engine/store-port.ts";
import type { Context } from "./context.ts";

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
      const detail = end.status === "refused" ? end.reasons : "files" in end ? end.files : null;
      await db
        .updateTable("landings")
        .set({
          status: end.status,
          settled_at: c.now,
          commit: end.status === "landed" ? end.commit : null,
          detail: detail && JSON.stringify(detail),
        })
        .where("session_id", "=", session)
        .where("status", "in", unanswered)
        .execute();
    },
  };
}

const unanswered = ["submitted", "lost"];

async function submission({ db }: Context, session: SessionId, statuses: string[]): Promise<Submitted | null> {
  const row = await db
    .selectFrom("landings")
    .select(["task_id", "submission"])
    .where("session_id", "=", session)
    .where("status", "in", statuses)
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row
    ? { session, task: row.task_id as TaskId, ...(JSON.parse(row.submission) as Pick<Submitted, "handoff" | "usage">) }
    : null;
}
