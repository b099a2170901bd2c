/** The tables that all began with. */
import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { Database } from "./dialect.ts";

export function foundation(database: Database): Migration {
  const { addIdColumn } = database;
  return {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable("runs")
        .addColumn("id", "text", (c) => c.primaryKey())
        .addColumn("repository", "text", (c) => c.notNull())
        .addColumn("goal", "text", (c) => c.notNull())
        .addColumn("config", "text", (c) => c.notNull())
        .addColumn("base", "text", (c) => c.notNull())
        .addColumn("tip", "text", (c) => c.notNull())
        .addColumn("green", "text")
        .addColumn("state", "text", (c) => c.notNull())
        .addColumn("status", "text", (c) => c.notNull())
        .addColumn("spent_micro_usd", "bigint", (c) => c.notNull())
        .addColumn("reserved_micro_usd", "bigint", (c) => c.notNull())
        .addColumn("tokens", "bigint", (c) => c.notNull())
        .addColumn("created_at", "bigint", (c) => c.notNull())
        .addColumn("engine_id", "text")
        .addColumn("engine_host", "text")
        .addColumn("engine_pid", "bigint")
        .addColumn("engine_lease_until", "bigint")
        .execute();
      await addIdColumn(db.schema.createTable("cycles"), "id")
        .addColumn("run_id", "text", (c) => c.notNull().references("runs.id"))
        .addColumn("number", "bigint", (c) => c.notNull())
        .addColumn("brief", "text", (c) => c.notNull())
        .addColumn("started_at", "bigint", (c) => c.notNull())
        .addColumn("state", "text", (c) => c.notNull())
        .addUniqueConstraint("cycles_number", ["run_id", "number"])
        .execute();
      await db.schema
        .createTable("verdicts")
        .addColumn("cycle_id", "bigint", (c) => c.primaryKey().references("cycles.id"))
        .addColumn("session_id", "bigint")
        .addColumn("verdict", "text", (c) => c.notNull())
        .addColumn("summary", "text", (c) => c.notNull())
        .addColumn("brief", "text", (c) => c.notNull())
        .addColumn("evidence", "text", (c) => c.notNull())
        .addColumn("at", "bigint", (c) => c.notNull())
        .execute();
      await addIdColumn(db.schema.createTable("planners"), "id")
        .addColumn("run_id", "text", (c) => c.notNull())
        .addColumn("cycle_id", "bigint", (c) => c.notNull().references("cycles.id"))
        .addColumn("parent_id", "bigint", (c) => c.references("planners.id"))
        .addColumn("depth", "bigint", (c) => c.notNull())
        .addColumn("name", "text", (c) => c.notNull())
        .addColumn("question", "text", (c) => c.notNull())
        .addColumn("paths", "text", (c) => c.notNull())
        .addColumn("agent", "text")
        .addColumn("scratchpad", "text", (c) => c.notNull())
        .addColumn("status", "text", (c) => c.notNull())
        .addColumn("failures", "bigint", (c) => c.notNull())
        .addColumn("interruptions", "bigint", (c) => c.notNull())
        .execute();
      await addIdColumn(db.schema.createTable("tasks"), "id")
        .addColumn("run_id", "text", (c) => c.notNull())
        .addColumn("cycle_id", "bigint", (c) => c.notNull().references("cycles.id"))
        .addColumn("planner_id", "bigint", (c) => c.notNull().references("planners.id"))
        .addColumn("name", "text", (c) => c.notNull())
        .addColumn("title", "text", (c) => c.notNull())
        .addColumn("instructions", "text", (c) => c.notNull())
        .addColumn("paths", "text", (c) => c.notNull())
        .addColumn("priority", "bigint", (c) => c.notNull())
        .addColumn("acceptance", "text", (c) => c.notNull())
        .addColumn("agent", "text")
        .addColumn("failures", "bigint", (c) => c.notNull())
        .addColumn("interruptions", "bigint", (c) => c.notNull())
        .addColumn("status", "text", (c) => c.notNull())
        .addColumn("blockers", "bigint", (c) => c.notNull())
        .addColumn("session_id", "bigint")
        .addColumn("commit", "text")
        .addColumn("nothing_to_do", "bigint", (c) => c.notNull())
        .addColumn("reason", "text")
        .addColumn("created_at", "bigint", (c) => c.notNull())
        .addColumn("ended_at", "bigint")
        .addUniqueConstraint("tasks_name", ["planner_id", "name"])
        .addCheckConstraint("tasks_blockers", sql`blockers >= 0`)
        .execute();
      await db.schema
        .createTable("dependencies")
        .addColumn("task_id", "bigint", (c) => c.notNull().references("tasks.id"))
        .addColumn("depends_on", "bigint", (c) => c.notNull().references("tasks.id"))
        .addPrimaryKeyConstraint("dependencies_key", ["task_id", "depends_on"])
        .execute();
      await addIdColumn(db.schema.createTable("sessions"), "id")
        .addColumn("run_id", "text", (c) => c.notNull().references("runs.id"))
        .addColumn("cycle_id", "bigint", (c) => c.notNull().references("cycles.id"))
        .addColumn("kind", "text", (c) => c.notNull())
        .addColumn("planner_id", "bigint", (c) => c.references("planners.id"))
        .addColumn("task_id", "bigint", (c) => c.references("tasks.id"))
        .addColumn("agent", "text", (c) => c.notNull())
        .addColumn("priority", "bigint", (c) => c.notNull())
        .addColumn("status", "text", (c) => c.notNull())
        .addColumn("ready_at", "bigint", (c) => c.notNull())
        .addColumn("queued_at", "bigint", (c) => c.notNull())
        .addColumn("started_at", "bigint")
        .addColumn("ended_at", "bigint")
        .addColumn("holder", "text")
        .addColumn("token", "bigint", (c) => c.notNull())
        .addColumn("lease_until", "bigint")
        .addColumn("reserved_micro_usd", "bigint", (c) => c.notNull())
        .addColumn("micro_usd", "bigint", (c) => c.notNull())
        .addColumn("tokens", "bigint", (c) => c.notNull())
        .addColumn("outcome", "text")
        .addColumn("failure", "text")
        .execute();
      await addIdColumn(db.schema.createTable("messages"), "id")
        .addColumn("run_id", "text", (c) => c.notNull())
        .addColumn("planner_id", "bigint", (c) => c.notNull().references("planners.id"))
        .addColumn("at", "bigint", (c) => c.notNull())
        .addColumn("body", "text", (c) => c.notNull())
        .addColumn("consumed_by", "bigint", (c) => c.references("sessions.id"))
        .execute();
      await addIdColumn(db.schema.createTable("handoffs"), "id")
        .addColumn("run_id", "text", (c) => c.notNull())
        .addColumn("cycle_id", "bigint", (c) => c.notNull().references("cycles.id"))
        .addColumn("session_id", "bigint")
        .addColumn("task_id", "bigint")
        .addColumn("planner_id", "bigint", (c) => c.notNull())
        .addColumn("status", "text", (c) => c.notNull())
        .addColumn("body", "text", (c) => c.notNull())
        .addColumn("synthetic", "bigint", (c) => c.notNull())
        .addColumn("at", "bigint", (c) => c.notNull())
        .execute();
      await addIdColumn(db.schema.createTable("landings"), "id")
        .addColumn("run_id", "text", (c) => c.notNull())
        .addColumn("session_id", "bigint", (c) => c.notNull().references("sessions.id"))
        .addColumn("task_id", "bigint", (c) => c.notNull().references("tasks.id"))
        .addColumn("status", "text", (c) => c.notNull())
        .addColumn("submission", "text", (c) => c.notNull())
        .addColumn("submitted_at", "bigint", (c) => c.notNull())
        .addColumn("settled_at", "bigint")
        .addColumn("commit", "text")
        .addColumn("detail", "text")
        .execute();
      await addIdColumn(db.schema.createTable("checks"), "id")
        .addColumn("run_id", "text", (c) => c.notNull())
        .addColumn("commit", "text", (c) => c.notNull())
        .addColumn("passed", "bigint", (c) => c.notNull())
        .addColumn("results", "text", (c) => c.notNull())
        .addColumn("at", "bigint", (c) => c.notNull())
        .execute();
      await addIdColumn(db.schema.createTable("events"), "seq")
        .addColumn("run_id", "text", (c) => c.notNull())
        .addColumn("at", "bigint", (c) => c.notNull())
        .addColumn("type", "text", (c) => c.notNull())
        .addColumn("session_id", "bigint")
        .addColumn("task_id", "bigint")
        .addColumn("planner_id", "bigint")
        .addColumn("data", "text", (c) => c.notNull())
        .execute();
      await addIdColumn(db.schema.createTable("transcripts"), "seq")
        .addColumn("run_id", "text", (c) => c.notNull())
        .addColumn("session_id", "bigint", (c) => c.notNull())
        .addColumn("at", "bigint", (c) => c.notNull())
        .addColumn("kind", "text", (c) => c.notNull())
        .addColumn("text", "text", (c) => c.notNull())
        .execute();
      for (const index of indexes) await sql.raw(index).execute(db);
    },
  };
}

/** Partial where the finished history would otherwise be walked or kept; the unique ones are invariants. */
const indexes = [
  "create index runs_of_repository on runs (repository, created_at)",
  "create index sessions_queue on sessions (run_id, kind, priority desc, id) where status = 'queued'",
  "create index sessions_ready on sessions (run_id, ready_at) where status = 'queued'",
  "create index sessions_running on sessions (run_id) where status = 'running'",
  "create unique index sessions_one_turn on sessions (planner_id) where kind = 'turn' and status <> 'ended'",
  "create unique index sessions_one_attempt on sessions (task_id) where kind = 'attempt' and status <> 'ended'",
  "create unique index sessions_one_judgement on sessions (cycle_id) where kind = 'judgement' and status <> 'ended'",
  "create index sessions_of_task on sessions (task_id, id)",
  "create index sessions_of_planner on sessions (planner_id, id)",
  "create index sessions_of_cycle on sessions (cycle_id, kind, id)",
  "create index tasks_of_cycle on tasks (cycle_id, status)",
  "create index tasks_open on tasks (run_id) where status in ('blocked', 'ready', 'running')",
  "create index tasks_of_planner on tasks (planner_id, id)",
  "create index tasks_open_of_planner on tasks (planner_id) where status in ('blocked', 'ready', 'running')",
  "create index dependents on dependencies (depends_on)",
  "create index planners_of_cycle on planners (cycle_id, id)",
  "create index planners_active on planners (cycle_id) where status = 'active'",
  "create index planners_of_parent on planners (parent_id)",
  "create index messages_unread on messages (planner_id, id) where consumed_by is null",
  "create index handoffs_of_cycle on handoffs (cycle_id, id)",
  "create index handoffs_of_task on handoffs (task_id, id)",
  "create index landings_of_session on landings (session_id, id)",
  "create index landings_of_run on landings (run_id, status)",
  "create index checks_of_run on checks (run_id, id)",
  "create index events_of_run on events (run_id, seq)",
  "create index transcripts_of_session on transcripts (session_id, seq)",
];
