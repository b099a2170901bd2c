/** Rows of sessions and landings: the queue, the claims, and what was submitted. */
import { sql } from "kysely";
import type { Failure } from "../domain/failure.ts";
import type { CycleId, SessionId } from "../domain/ids.ts";
import { plannerOf, taskOf, type Subject } from "../domain/session.ts";
import type { Transition } from "../engine/store-port.ts";
import { ended, queued, running, type Context } from "./context.ts";
import { toSession } from "./rows.ts";

type SessionQueries = Pick<
  Transition,
  | "queueSession"
  | "claimable"
  | "nextReadyAt"
  | "claim"
  | "session"
  | "liveSession"
  | "runningSessions"
  | "queuedSessions"
  | "endSession"
  | "failuresOf"
>;

const sessionsOfRun = ({ db, run }: Context) => db.selectFrom("sessions").selectAll().where("run_id", "=", run.id);

function ofSubject(c: Context, subject: Subject, cycle: CycleId) {
  const sessions = sessionsOfRun(c);
  if ("task" in subject) return sessions.where("task_id", "=", subject.task);
  // Written into the statement: the planner's attempts are most of the run, and only the index of live turns has none of them.
  const query = sessions.where("kind", "=", sql.lit(subject.kind));
  return subject.kind === "turn"
    ? query.where("planner_id", "=", subject.planner)
    : query.where("cycle_id", "=", cycle);
}

export function sessionQueries(c: Context): SessionQueries {
  const { db } = c;
  const sessions = () => sessionsOfRun(c);
  return {
    async queueSession({ cycle, subject, agent, priority, readyAt }) {
      const row = await db
        .insertInto("sessions")
        .values({
          run_id: c.run.id,
          cycle_id: cycle,
          kind: subject.kind,
          planner_id: plannerOf(subject),
          task_id: taskOf(subject),
          agent,
          priority,
          status: "queued",
          ready_at: readyAt,
          queued_at: c.now,
          token: 0,
          reserved_micro_usd: 0,
          micro_usd: 0,
          tokens: 0,
          reserved_tokens: 0,
        })
        .returning("id")
        .executeTakeFirstOrThrow();
      return row.id as SessionId;
    },

    async claimable(kind, limit, exceptAgents, exceptPlanners = []) {
      let query = sessions().where("kind", "=", kind).where("status", "=", queued).where("ready_at", "<=", c.now);
      if (exceptAgents.length > 0) query = query.where("agent", "not in", exceptAgents);
      if (exceptPlanners.length > 0) query = query.where("planner_id", "not in", exceptPlanners);
      const rows = await query.orderBy("priority", "desc").orderBy("id").limit(limit).execute();
      return rows.map(toSession);
    },

    async nextReadyAt() {
      const row = await db
        .selectFrom("sessions")
        .select("ready_at")
        .where("run_id", "=", c.run.id)
        .where("status", "=", queued)
        .where("ready_at", ">", c.now)
        .orderBy("ready_at")
        .limit(1)
        .executeTakeFirst();
      return row?.ready_at ?? null;
    },

    async claim(session, holder, leaseUntil) {
      const token = session.token + 1;
      await db
        .updateTable("sessions")
        .set({
          status: "running",
          holder,
          token,
          lease_until: leaseUntil,
          started_at: c.now,
        })
        .where("id", "=", session.id)
        .execute();
      const { id, run, cycle, subject, agent } = session;
      return { session: id, run, cycle, subject, agent, token, holder, startedAt: c.now };
    },

    async session(id) {
      const row = await sessions().where("id", "=", id).executeTakeFirst();
      return row ? toSession(row) : null;
    },

    async liveSession(subject, cycle) {
      const row = await ofSubject(c, subject, cycle).where("status", "<>", ended).executeTakeFirst();
      return row ? toSession(row) : null;
    },

    async runningSessions() {
      const rows = await sessions().where("status", "=", running).orderBy("id").execute();
      return rows.map(toSession);
    },

    async queuedSessions(cycle) {
      const rows = await sessions().where("cycle_id", "=", cycle).where("status", "=", queued).orderBy("id").execute();
      return rows.map(toSession);
    },

    async endSession(id, { outcome, failure }) {
      await db
        .updateTable("sessions")
        .set({
          status: "ended",
          outcome,
          failure: failure ? JSON.stringify(failure) : null,
          ended_at: c.now,
          lease_until: null,
        })
        .where("id", "=", id)
        .execute();
    },

    async failuresOf(subject, cycle, limit) {
      const rows = await ofSubject(c, subject, cycle)
        .where("status", "=", ended)
        .where("failure", "is not", null)
        .orderBy("id", "desc")
        .limit(limit)
        .execute();
      return rows
        .toReversed()
        .map((row) => ({ session: row.id as SessionId, failure: JSON.parse(row.failure ?? "null") as Failure }));
    },
  };
}
