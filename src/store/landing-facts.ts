/** Adds when and in which order work landed, on which commit it was verified, and how often files were in conflict. */
import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";

export const landingFacts: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable("landings").addColumn("place", "bigint").execute();
    await db.schema.alterTable("landings").addColumn("verified_commit", "text").execute();
    await db.schema.alterTable("landings").addColumn("verified_at", "bigint").execute();
    await db.schema
      .createTable("file_conflicts")
      .addColumn("run_id", "text", (c) => c.notNull().references("runs.id"))
      .addColumn("path", "text", (c) => c.notNull())
      .addColumn("conflicts", "bigint", (c) => c.notNull())
      .addPrimaryKeyConstraint("file_conflicts_key", ["run_id", "path"])
      .execute();
    // The commits of a run are the trunk's own order.
    await sql`update landings set place = (
      select count(*) from landings as earlier
      where earlier.run_id = landings.run_id and earlier.status = 'landed'
        and (earlier.settled_at < landings.settled_at or (earlier.settled_at = landings.settled_at and earlier.id <= landings.id))
    ) where status = 'landed'`.execute(db);
    for (const index of indexes) await sql.raw(index).execute(db);
  },
};

const indexes = [
  "create index if not exists checks_of_run on checks (run_id, id)",
  "create unique index landings_place on landings (run_id, place) where place is not null",
  'create index landings_of_commit on landings (run_id, "commit") where place is not null',
  "create index landings_unverified on landings (run_id, place) where place is not null and verified_at is null",
  "create index landings_of_task on landings (task_id, place) where place is not null",
  "create index file_conflicts_most on file_conflicts (run_id, conflicts desc, path)",
];
