/** Rows of what was submitted, and what the trunk made of it. */
import { sql } from "kysely";
import type { Commit, PlannerId, SessionId, TaskId } from "../domain/ids.ts";
import type { Submitted, Transition } from "../engine/store-port.ts";
import { redSince } from "./check-views.ts";
import { inParts, type Context } from "./context.ts";

type LandingQueries = Pick<
  Transition,
  | "insertLanding"
  | "openLanding"
  | "lastSubmission"
  | "settleLanding"
  | "verifyLandings"
  | "landingsBetween"
  | "hotFiles"
  | "redSince"
>;

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

    async verifyLandings(commit) {
      const place = await placeOf(c, commit);
      if (place === null) return;
      await db
        .updateTable("landings")
        .set({ verified_commit: commit, verified_at: c.now })
        .where("run_id", "=", c.run.id)
        .where("place", "<=", place)
        .where("verified_at", "is", null)
        .execute();
    },

    async landingsBetween(from, to, limit) {
      const [first, last] = [from === null ? 0 : ((await placeOf(c, from)) ?? 0), await placeOf(c, to)];
      if (last === null) return { landings: [], omitted: 0 };
      const rows = await db
        .selectFrom("landings")
        .innerJoin("tasks", "tasks.id", "landings.task_id")
        .select(["landings.task_id", "tasks.planner_id", "tasks.title", "landings.commit"])
        .where("landings.run_id", "=", c.run.id)
        .where("landings.place", ">", first)
        .where("landings.place", "<=", last)
        .orderBy("landings.place", "desc")
        .limit(limit)
        .execute();
      const landings = rows.map((row) => ({
        task: row.task_id as TaskId,
        planner: row.planner_id as PlannerId,
        title: row.title,
        commit: (row.commit ?? "") as Commit,
      }));
      return { landings, omitted: Math.max(0, last - first - landings.length) };
    },

    redSince: () => redSince(db, c.run.id),

    hotFiles: (limit) =>
      db
        .selectFrom("file_conflicts")
        .select(["path", "conflicts"])
        .where("run_id", "=", c.run.id)
        .where("conflicts", ">", 1)
        .orderBy("conflicts", "desc")
        .orderBy("path")
        .limit(limit)
        .execute(),
  };
}

async function lastPlace({ db, run }: Context): Promise<number> {
  const row = await db
    .selectFrom("landings")
    .select("place")
    .where("run_id", "=", run.id)
    .where("place", "is not", null)
    .orderBy("place", "desc")
    .limit(1)
    .executeTakeFirst();
  return row?.place ?? 0;
}

/** null: it is no landing of this run, as the commit is not from which the run began. */
async function placeOf({ db, run }: Context, commit: Commit): Promise<number | null> {
  const row = await db
    .selectFrom("landings")
    .select("place")
    .where("run_id", "=", run.id)
    .where("commit", "=", commit)
    .where("place", "is not", null)
    .executeTakeFirst();
  return row?.place ?? null;
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
