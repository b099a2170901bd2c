/** The schema's history. A newer version opens an older database; an older version refuses a newer one. */
import { sql, type ColumnDefinitionBuilder, type CreateTableBuilder, type Kysely } from "kysely";
import { Migrator, type Migration } from "kysely/migration";
import type { Database } from "./dialect.ts";
import { arbitration } from "./arbitration.ts";
import { followed } from "./followed.ts";
import { foundation } from "./foundation.ts";
import { landingFacts } from "./landing-facts.ts";
import { unwanted } from "./unwanted.ts";

export class StoreTooNewError extends Error {}

const migrationsOf = (database: Database): { [name: string]: Migration } => ({
  "0001_foundation": foundation(database),
  "0002_models": models(database),
  "0003_landing_facts": landingFacts,
  "0004_arbitration": arbitration,
  "0005_followed": followed,
  "0006_unwanted": unwanted,
});

/** `empty`: nothing of ours; `older`: brought up to date when it is opened. */
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

/** Sessions that keep a record, the ledger of calls, budgets, credentials. */
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
