/** What is known of what landed: its order, what of it is verified, which files collide, and since when the checks fail. */
import type { Commit, CycleId, PlannerId, TaskId } from "../domain/ids.ts";
import type { TaskStatus } from "../domain/task.ts";
import type { Transition } from "../engine/store-port.ts";
import { redSince } from "./check-views.ts";
import type { Context } from "./context.ts";

type LandedQueries = Pick<Transition, "verifyLandings" | "landingsBetween" | "hotFiles" | "redSince" | "lastFollowed">;

export function landedQueries(c: Context): LandedQueries {
  const { db } = c;
  return {
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

    lastFollowed: () => lastFollowed(c),

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

async function lastFollowed({ db, run }: Context): ReturnType<Transition["lastFollowed"]> {
  const row = await db
    .selectFrom("tasks")
    .select(["status", "cycle_id", "follows"])
    .where("run_id", "=", run.id)
    .where("follows", "is not", null)
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  if (!row) return null;
  return { status: row.status as TaskStatus, cycle: row.cycle_id as CycleId, theirs: row.follows as Commit };
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
