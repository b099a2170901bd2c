/** Adds what an arbiter begins with; a task has at most one live session, an attempt or an arbitration. */
import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";

export const arbitration: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable("tasks").addColumn("contested", "text").execute();
    await db.schema.alterTable("tasks").addColumn("follows", "text").execute();
    await sql`create index tasks_following on tasks (run_id, id) where follows is not null`.execute(db);
    await sql`drop index sessions_one_attempt`.execute(db);
    await sql`create unique index sessions_one_of_task on sessions (task_id) where task_id is not null and status <> 'ended'`.execute(
      db,
    );
  },
};
