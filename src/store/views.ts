/** Reads for screens and commands, of committed rows; but for exports of one moment. None takes a lock. */
import { describeFailure, type Failure } from "../domain/failure.ts";
import type { CycleId, PlannerId, RunId, SessionId, TaskId } from "../domain/ids.ts";
import type { PlannerStatus } from "../domain/planner.ts";
import type { SessionKind, SessionOutcome } from "../domain/session.ts";
import { taskStatuses, type TaskStatus } from "../domain/task.ts";
import type { VerdictKind } from "../domain/verdict.ts";
import type { PlannerView, RunView, SessionView, TaskCounts, TaskFilter, TaskView, Views } from "../engine/views.ts";
import { ended, running } from "./context.ts";
import { readCosts } from "./cost-views.ts";
import type { Database } from "./dialect.ts";
import { everything } from "./export.ts";
import { historyViews } from "./history-views.ts";
import { countTasks } from "./run-queries.ts";
import { readChecks } from "./check-views.ts";
import { readMirror } from "./mirror-views.ts";
import { readAside, readResting, readWaits } from "./waiting-views.ts";
import { toCycle, toRun, toSpend } from "./rows.ts";
import { evidenceOf } from "./verdict-queries.ts";

type Db = Database["db"];

export function openViews(database: Database): Views {
  const { db } = database;
  return {
    async runs(repository) {
      const rows = await db
        .selectFrom("runs")
        .selectAll()
        .where("repository", "=", repository)
        .orderBy("created_at", "desc")
        .orderBy("id")
        .execute();
      return rows.map(toRun);
    },

    async run(id) {
      const row = await db.selectFrom("runs").selectAll().where("id", "=", id).executeTakeFirst();
      return row ? toRun(row) : null;
    },

    status: (id) => database.snapshot((one) => readStatus(one, database.now, id)),

    tasks: (id, filter) => readTasks(db, id, filter),

    async session(id, session) {
      return (await sessionViews(db, id, (query) => query.where("sessions.id", "=", session)))[0] ?? null;
    },

    ...historyViews(db),
    costs: (id, by, limit) => database.snapshot((one) => readCosts(one, id, by, limit)),
    everything: (id) => everything(db, id),
  };
}

async function readTasks(db: Db, run: RunId, { status, cycle, limit }: TaskFilter): Promise<TaskView[]> {
  let query = db
    .selectFrom("tasks")
    .innerJoin("cycles", "cycles.id", "tasks.cycle_id")
    .leftJoin("landings", (join) =>
      join.onRef("landings.task_id", "=", "tasks.id").on("landings.place", "is not", null),
    )
    .selectAll("tasks")
    .select(["landings.submitted_at", "landings.settled_at", "landings.verified_commit", "landings.verified_at"])
    .select("cycles.number as cycle_number")
    .where("tasks.run_id", "=", run);
  if (status) query = query.where("tasks.status", "=", status);
  if (cycle !== undefined) query = query.where("cycles.number", "=", cycle);
  const rows = await query.orderBy("cycles.number", "desc").orderBy("tasks.id").limit(limit).execute();
  return rows.map((row) => ({
    id: row.id as TaskId,
    cycle: row.cycle_number,
    planner: row.planner_id as PlannerId,
    name: row.name,
    title: row.title,
    status: row.status as TaskStatus,
    priority: row.priority,
    attempts: row.failures + (row.status === "running" || row.status === "landed" ? 1 : 0),
    session: row.session_id as SessionId | null,
    commit: row.commit,
    landing: landingOf(row),
    reason: row.reason,
  }));
}

type LandingColumns = {
  submitted_at: number | null;
  settled_at: number | null;
  verified_commit: string | null;
  verified_at: number | null;
};

function landingOf(row: LandingColumns): TaskView["landing"] {
  if (row.submitted_at === null || row.settled_at === null) return null;
  const verified =
    row.verified_commit === null || row.verified_at === null
      ? null
      : { commit: row.verified_commit, at: row.verified_at };
  return { submittedAt: row.submitted_at, landedAt: row.settled_at, verified };
}

async function readStatus(db: Db, time: Database["now"], id: RunId): Promise<RunView> {
  const { now, ...row } = await db
    .selectFrom("runs")
    .selectAll()
    .select(time.as("now"))
    .where("id", "=", id)
    .executeTakeFirstOrThrow();
  const cycleRow = await db
    .selectFrom("cycles")
    .selectAll()
    .where("run_id", "=", id)
    .orderBy("number", "desc")
    .limit(1)
    .executeTakeFirst();
  const cycle = cycleRow ? { ...toCycle(cycleRow), spend: toSpend(cycleRow) } : null;
  const run = toRun(row);
  const sessionsNow = await sessionViews(db, id, (query) => query.where("sessions.status", "=", running));
  const landings = await countBy(db, "landings", id);
  const sessions = await countBy(db, "sessions", id);
  return {
    run,
    now: Number(now),
    cycle,
    tasks: cycle ? await countTasks(db, cycle.id) : noTasks(),
    tasksOfRun: { ...noTasks(), ...(await countBy(db, "tasks", id)) },
    planners: cycle ? await plannerViews(db, cycle.id) : [],
    running: sessionsNow,
    queued: sessions["queued"] ?? 0,
    aside: await readAside(db, id, Number(now)),
    resting: await readResting(db, run, Number(now), sessionsNow),
    waits: await readWaits(db, run),
    landings: {
      landed: landings["landed"] ?? 0,
      verified: await countVerified(db, id),
      conflict: landings["conflict"] ?? 0,
      refused: landings["refused"] ?? 0,
    },
    checks: await readChecks(db, id),
    mirror: await readMirror(db, run),
    verdicts: await verdicts(db, id),
    sessions: Object.values(sessions).reduce((sum, count) => sum + count, 0),
  };
}

const noTasks = () => Object.fromEntries(taskStatuses.map((status) => [status, 0])) as TaskCounts;

async function countBy(
  db: Db,
  table: "tasks" | "sessions" | "landings",
  run: RunId,
): Promise<{ [status: string]: number }> {
  const rows = await db
    .selectFrom(table)
    .select((eb) => ["status", eb.fn.countAll<number>().as("count")])
    .where("run_id", "=", run)
    .groupBy("status")
    .execute();
  return Object.fromEntries(rows.map(({ status, count }) => [status, Number(count)]));
}

async function countVerified(db: Db, run: RunId): Promise<number> {
  const { count } = await db
    .selectFrom("landings")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("run_id", "=", run)
    .where("verified_at", "is not", null)
    .executeTakeFirstOrThrow();
  return Number(count);
}

async function plannerViews(db: Db, cycle: CycleId): Promise<PlannerView[]> {
  const planners = await db.selectFrom("planners").selectAll().where("cycle_id", "=", cycle).orderBy("id").execute();
  const counts = await db
    .selectFrom("tasks")
    .select((eb) => ["planner_id", "status", eb.fn.countAll<number>().as("count")])
    .where("cycle_id", "=", cycle)
    .groupBy(["planner_id", "status"])
    .execute();
  const turns = await db
    .selectFrom("sessions")
    .select(["planner_id", "status"])
    .where("cycle_id", "=", cycle)
    .where("kind", "=", "turn")
    .where("status", "<>", ended)
    .execute();
  const tasksOf = new Map<number, TaskCounts>(planners.map((row) => [row.id, noTasks()]));
  for (const { planner_id, status, count } of counts) {
    const tasks = tasksOf.get(planner_id);
    if (tasks) tasks[status as TaskStatus] = Number(count);
  }
  const turnOf = new Map(turns.map(({ planner_id, status }) => [planner_id, status]));
  return planners.map((row) => {
    const turn = turnOf.get(row.id);
    return {
      id: row.id as PlannerId,
      parent: row.parent_id as PlannerId | null,
      depth: row.depth,
      name: row.name,
      question: row.question,
      status: row.status as PlannerStatus,
      turn: turn === "running" || turn === "queued" ? turn : null,
      tasks: tasksOf.get(row.id) ?? noTasks(),
      spend: toSpend(row),
    };
  });
}

function sessionQuery(db: Db, run: RunId) {
  return db
    .selectFrom("sessions")
    .leftJoin("tasks", "tasks.id", "sessions.task_id")
    .leftJoin("planners", "planners.id", "sessions.planner_id")
    .selectAll("sessions")
    .select(["tasks.title as task_title", "planners.name as planner_name"])
    .where("sessions.run_id", "=", run);
}

async function sessionViews(
  db: Db,
  run: RunId,
  narrow: (query: ReturnType<typeof sessionQuery>) => ReturnType<typeof sessionQuery>,
): Promise<SessionView[]> {
  const rows = await narrow(sessionQuery(db, run)).orderBy("sessions.id").execute();
  return rows.map((row) => ({
    id: row.id as SessionId,
    kind: row.kind as SessionKind,
    planner: row.planner_id as PlannerId | null,
    task: row.task_id as TaskId | null,
    title: row.task_title ?? row.planner_name ?? "judgement",
    agent: row.agent,
    status: row.status as SessionView["status"],
    startedAt: row.started_at,
    endedAt: row.ended_at,
    outcome: row.outcome as SessionOutcome | null,
    failure: row.failure === null ? null : describeFailure(JSON.parse(row.failure) as Failure),
    spend: toSpend({ ...row, spent_micro_usd: row.micro_usd }),
  }));
}

async function verdicts(db: Db, run: RunId): Promise<RunView["verdicts"]> {
  const rows = await db
    .selectFrom("verdicts")
    .innerJoin("cycles", "cycles.id", "verdicts.cycle_id")
    .selectAll("verdicts")
    .select("cycles.number")
    .where("cycles.run_id", "=", run)
    .orderBy("cycles.number")
    .execute();
  return rows.map((row) => ({
    cycle: row.number,
    verdict: row.verdict as VerdictKind,
    summary: row.summary,
    brief: row.brief,
    evidence: evidenceOf(row),
    at: row.at,
  }));
}
