/** Rows of what is known of credentials. */
import { freshCredential, type Credential } from "../domain/rate.ts";
import type { Transition } from "../engine/store-port.ts";
import type { Context } from "./context.ts";

type CredentialQueries = Pick<Transition, "credential" | "setCredential" | "credentials">;

export function credentialQueries(c: Context): CredentialQueries {
  const { db } = c;
  return {
    async credential(name) {
      const row = await db
        .selectFrom("credentials")
        .select("state")
        .where("run_id", "=", c.run.id)
        .where("name", "=", name)
        .executeTakeFirst();
      return row ? (JSON.parse(row.state) as Credential) : freshCredential;
    },

    async setCredential(name, credential) {
      const state = JSON.stringify(credential);
      await db
        .insertInto("credentials")
        .values({ run_id: c.run.id, name, state })
        .onConflict((conflict) => conflict.columns(["run_id", "name"]).doUpdateSet({ state }))
        .execute();
    },

    async credentials() {
      const rows = await db
        .selectFrom("credentials")
        .select(["name", "state"])
        .where("run_id", "=", c.run.id)
        .orderBy("name")
        .execute();
      return Object.fromEntries(rows.map(({ name, state }) => [name, JSON.parse(state) as Credential]));
    },
  };
}
