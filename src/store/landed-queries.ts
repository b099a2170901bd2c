/** What is known of what landed: its order, what of it is verified, which files collide, and since when the checks fail. */
import type { Commit, CycleId, PlannerId, TaskId } from "../domain/ids.ts";
import type { TaskStatus } from "../domain/task.ts";
import type { LandedPush, LandedTask, Transition } from "../engine/store-port.ts";
import { lastChecks, redSince } from "./check-views.ts";
import type { Context } from "./context.ts";

type LandedQueries = Pick<
  Transition,
  | "insertFollowed"
  | "verifyLandings"
  | "landingsBetween"
  | "isBehind"
  | "hotFiles"
  | "redSince"
  | "lastChecks"
  | "lastFollowed"
>;

export function landedQueries(c: Context): LandedQueries {
  const { db } = c;
  return {
    async insertFollowed(commit) {
      if ((await placeOf(c, commit)) !== null) return;
      const place = (await lastPlace(c)) + 1;
      await db.insertInto("followed").values({ run_id: c.run.id, place, commit }).execute();
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

    landingsBetween: (from, to, limit) => landingsBetween(c, from, to, limit),

    async isBehind(commit, other) {
      const at = async (which: Commit) => (which === c.run.base ? 0 : await placeOf(c, which));
      const [place, otherPlace] = [await at(commit), await at(other)];
      return place !== null && otherPlace !== null && place < otherPlace;
    },

    redSince: () => redSince(db, c.run.id),

    lastChecks: () => lastChecks(db, c.run.id),

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

async function landingsBetween(
  c: Context,
  from: Commit | null,
  to: Commit,
  limit: number,
): ReturnType<Transition["landingsBetween"]> {
  const [first, last] = [from === null ? 0 : ((await placeOf(c, from)) ?? 0), await placeOf(c, to)];
  if (last === null) return { landings: [], omitted: 0 };
  const between = [...(await landedBetween(c, first, last, limit)), ...(await followedBetween(c, first, last, limit))];
  const landings = between.toSorted((one, other) => other.place - one.place).slice(0, limit);
  return { landings: landings.map(({ landing }) => landing), omitted: Math.max(0, last - first - landings.length) };
}

type Placed = { place: number; landing: LandedTask | LandedPush };

async function landedBetween({ db, run }: Context, first: number, last: number, limit: number): Promise<Placed[]> {
  const rows = await db
    .selectFrom("landings")
    .innerJoin("tasks", "tasks.id", "landings.task_id")
    .select(["landings.task_id", "tasks.planner_id", "tasks.title", "landings.commit", "landings.place"])
    .where("landings.run_id", "=", run.id)
    .where("landings.place", ">", first)
    .where("landings.place", "<=", last)
    .orderBy("landings.place", "desc")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    place: row.place ?? 0,
    landing: {
      task: row.task_id as TaskId,
      planner: row.planner_id as PlannerId,
      title: row.title,
      commit: (row.commit ?? "") as Commit,
    },
  }));
}

async function followedBetween({ db, run }: Context, first: number, last: number, limit: number): Promise<Placed[]> {
  const rows = await db
    .selectFrom("followed")
    .select(["place", "commit"])
    .where("run_id", "=", run.id)
    .where("place", ">", first)
    .where("place", "<=", last)
    .orderBy("place", "desc")
    .limit(limit)
    .execute();
  return rows.map(({ place, commit }) => ({ place, landing: { task: null, commit: commit as Commit } }));
}

/** null: the run has not landed it, as the commit is not from which it began. */
async function placeOf(c: Context, commit: Commit): Promise<number | null> {
  const { landed, pushed } = places(c);
  const row =
    (await landed.where("commit", "=", commit).executeTakeFirst()) ??
    (await pushed.where("commit", "=", commit).executeTakeFirst());
  return row?.place ?? null;
}

/** 0: nothing has landed yet. */
export async function lastPlace(c: Context): Promise<number> {
  const { landed, pushed } = places(c);
  const last = [
    await landed.orderBy("place", "desc").limit(1).executeTakeFirst(),
    await pushed.orderBy("place", "desc").limit(1).executeTakeFirst(),
  ];
  return Math.max(...last.map((row) => row?.place ?? 0));
}

/** In two tables, each read by an index of its own. */
const places = ({ db, run }: Context) => ({
  landed: db.selectFrom("landings").where("place", "is not", null).select("place").where("run_id", "=", run.id),
  pushed: db.selectFrom("followed").select("place").where("run_id", "=", run.id),
});
