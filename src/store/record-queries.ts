/** Rows of what sessions record of themselves: their steps, and the answers of actions that must not be taken twice. */
import type { Step } from "../domain/session.ts";
import type { Transition } from "../engine/store-port.ts";
import type { Context } from "./context.ts";

type RecordQueries = Pick<Transition, "requeueSession" | "openSession" | "hasSteps" | "steps" | "appendStep">;

export function recordQueries(c: Context): RecordQueries {
  const { db } = c;
  return {
    async requeueSession(id, readyAt) {
      await db
        .updateTable("sessions")
        .set({ status: "queued", ready_at: readyAt, holder: null, lease_until: null })
        .where("id", "=", id)
        .execute();
    },

    async openSession(id, opening, workspace) {
      await db
        .updateTable("sessions")
        .set({ opening: JSON.stringify(opening), workspace })
        .where("id", "=", id)
        .execute();
    },

    async hasSteps(session) {
      const row = await db
        .selectFrom("steps")
        .select("seq")
        .where("session_id", "=", session)
        .limit(1)
        .executeTakeFirst();
      return row !== undefined;
    },

    async steps(session) {
      const rows = await db
        .selectFrom("steps")
        .select(["kind", "body"])
        .where("session_id", "=", session)
        .orderBy("seq")
        .execute();
      return rows.map(({ kind, body }): Step => ({ kind, body: JSON.parse(body) as unknown }));
    },

    async appendStep(session, { kind, body }, workspace) {
      await db
        .insertInto("steps")
        .values({ run_id: c.run.id, session_id: session, at: c.now, kind, body: JSON.stringify(body) })
        .execute();
      if (workspace !== null) await db.updateTable("sessions").set({ workspace }).where("id", "=", session).execute();
    },
  };
}

/** Answers of actions that must not be taken twice. */
export function actionQueries(c: Context): Pick<Transition, "actionAnswer" | "insertActionAnswer"> {
  const { db } = c;
  return {
    async actionAnswer(session, key) {
      const row = await db
        .selectFrom("actions")
        .select("answer")
        .where("session_id", "=", session)
        .where("key", "=", key)
        .executeTakeFirst();
      return row ? (JSON.parse(row.answer) as unknown) : null;
    },

    async insertActionAnswer(session, key, answer) {
      await db
        .insertInto("actions")
        .values({ session_id: session, key, run_id: c.run.id, answer: JSON.stringify(answer) })
        .execute();
    },
  };
}
