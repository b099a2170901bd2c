/** The schema's history. A newer version opens an older database; an older version refuses a newer one. */
import { sql, type ColumnDefinitionBuilder, type CreateTableBuilder, type Kysely } from "kysely";
import { Migrator, type Migration } from "kysely/migration";
import type { Database } from "./dialect.ts";

export class StoreTooNewError extends Error {}

const migrationsOf = (database: Database): { [name: string]: Migration } => ({
  "0001_foundation": foundation(database),
  "0002_models": models(database),
});

/** `empty`: there is nothing of ours in it; `older`: it is brought up to date when it is opened. */
export type StoreAge = "empty" | "older" | "current";

/** Only looks. Rejects with `StoreTooNewError`, and when the database cannot be read. */
export async function storeAge(database: Database): Promise<StoreAge> {
  const { db } = database;
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === migrationTable)) return "empty";
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(migrationTable)}`.execute(db);
  const known = Object.keys(migrationsOf(database));
  if (rows.some(({ name }) => !known.includes(name))) throw new StoreTooNewError(tooNew);
  return rows.length < known.length ? "older" : "current";
}

const migrationTable = "kysely_migration";
const tooNew = "The database was written by a newer version of Longhaul: update Longhaul to use it.";

export async function migrate(database: Database): Promise<void> {
  const migrator = new Migrator({
    db: database.db,
    migrationTableName: migrationTable,
    provider: { getMigrations: async () => migrationsOf(database) },
  });
  const { error } = await migrator.migrateToLatest();
  if (!error) return;
  if (error instanceof Error && /previously executed migration .* is missing/.test(error.message))
    throw new StoreTooNewError(tooNew, { cause: error });
  throw error instanceof Error ? error : new Error("the database could not be migrated", { cause: error });
}

function foundation(database: Database): Migration {
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

/** Sessions that keep a record, the ledger of calls, budgets below the run's, and what is known of credentials. */
function models({ addIdColumn }: Database): Migration {
  return {
    async up(db: Kysely<unknown>) {
      const zero = (c: ColumnDefinitionBuilder) => c.notNull().defaultTo(0);
      await db.schema.alterTable("runs").addColumn("reserved_tokens", "bigint", zero).execute();
      for (const table of ["cycles", "planners"])
        for (const column of ["spent_micro_usd", "reserved_micro_usd", "tokens", "reserved_tokens"])
          await db.schema.alterTable(table).addColumn(column, "bigint", zero).execute();
      await db.schema.alterTable("sessions").addColumn("reserved_tokens", "bigint", zero).execute();
      for (const column of ["opening", "workspace"])
        await db.schema.alterTable("sessions").addColumn(column, "text").execute();
      await addIdColumn(db.schema.createTable("steps"), "seq")
        .addColumn("run_id", "text", (c) => c.notNull())
        .addColumn("session_id", "bigint", (c) => c.notNull().references("sessions.id"))
        .addColumn("at", "bigint", (c) => c.notNull())
        .addColumn("kind", "text", (c) => c.notNull())
        .addColumn("body", "text", (c) => c.notNull())
        .execute();
      await db.schema
        .createTable("actions")
        .addColumn("session_id", "bigint", (c) => c.notNull().references("sessions.id"))
        .addColumn("key", "text", (c) => c.notNull())
        .addColumn("run_id", "text", (c) => c.notNull())
        .addColumn("answer", "text", (c) => c.notNull())
        .addPrimaryKeyConstraint("actions_key", ["session_id", "key"])
        .execute();
      await callsTable(addIdColumn(db.schema.createTable("calls"), "id")).execute();
      await db.schema
        .createTable("credentials")
        .addColumn("run_id", "text", (c) => c.notNull().references("runs.id"))
        .addColumn("name", "text", (c) => c.notNull())
        .addColumn("state", "text", (c) => c.notNull())
        .addPrimaryKeyConstraint("credentials_key", ["run_id", "name"])
        .execute();
      for (const index of modelIndexes) await sql.raw(index).execute(db);
    },
  };
}

function callsTable(table: CreateTableBuilder<"calls", "id">) {
  let calls = table
    .addColumn("run_id", "text", (c) => c.notNull())
    .addColumn("session_id", "bigint", (c) => c.notNull().references("sessions.id"))
    .addColumn("cycle_id", "bigint", (c) => c.notNull())
    .addColumn("planner_id", "bigint")
    .addColumn("task_id", "bigint");
  for (const column of ["role", "agent", "credential", "model", "status"] as const)
    calls = calls.addColumn(column, "text", (c) => c.notNull());
  for (const column of ["started_at", "at_most_micro_usd", "at_most_tokens"] as const)
    calls = calls.addColumn(column, "bigint", (c) => c.notNull());
  for (const column of ["input_tokens", "cached_tokens", "written_tokens", "output_tokens", "micro_usd"] as const)
    calls = calls.addColumn(column, "bigint", (c) => c.notNull());
  return calls.addColumn("ended_at", "bigint").addColumn("price_source", "text").addColumn("detail", "text");
}

const modelIndexes = [
  "create index steps_of_session on steps (session_id, seq)",
  "create index calls_open on calls (run_id, credential) where status = 'open'",
  "create index calls_of_session on calls (session_id, id)",
  "create index calls_of_run on calls (run_id, id)",
];

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
