/** Adds why a task was cancelled while its work was on its way to the trunk. */
import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

export const unwanted: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable("tasks").addColumn("unwanted", "text").execute();
  },
};
