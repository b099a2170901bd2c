/** Adds where commits that people pushed have their place among what landed. */
import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";

export const followed: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("followed")
      .addColumn("run_id", "text", (c) => c.notNull().references("runs.id"))
      .addColumn("place", "bigint", (c) => c.notNull())
      .addColumn("commit", "text", (c) => c.notNull())
      .addPrimaryKeyConstraint("followed_key", ["run_id", "place"])
      .execute();
    await sql`create index followed_commit on followed (run_id, "commit")`.execute(db);
  },
};
