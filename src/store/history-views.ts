/** What was recorded of a run: events, transcripts, and how a session's own record begins. */
import type { Selectable } from "kysely";
import type { Event, EventType } from "../domain/event.ts";
import type { PlannerId, RunId, SessionId, TaskId } from "../domain/ids.ts";
import type { TranscriptKind } from "../engine/store-port.ts";
import type { Views } from "../engine/views.ts";
import type { Database } from "./dialect.ts";
import type { Tables } from "./schema.ts";

export function historyViews(db: Database["db"]): Pick<Views, "events" | "lastEvent" | "firstStep" | "transcript"> {
  return {
    async events(id, afterSeq, limit) {
      const rows = await db
        .selectFrom("events")
        .selectAll()
        .where("run_id", "=", id)
        .where("seq", ">", afterSeq)
        .orderBy("seq")
        .limit(limit)
        .execute();
      return rows.map(toEvent);
    },

    async lastEvent(id, type) {
      const row = await db
        .selectFrom("events")
        .selectAll()
        .where("run_id", "=", id)
        .where("type", "=", type)
        .orderBy("seq", "desc")
        .limit(1)
        .executeTakeFirst();
      return row ? toEvent(row) : null;
    },

    async firstStep(session) {
      const row = await db
        .selectFrom("steps")
        .select(["kind", "body"])
        .where("session_id", "=", session)
        .orderBy("seq")
        .limit(1)
        .executeTakeFirst();
      return row ? { kind: row.kind, body: JSON.parse(row.body) as unknown } : null;
    },

    async transcript(session, afterSeq, limit) {
      const rows = await db
        .selectFrom("transcripts")
        .selectAll()
        .where("session_id", "=", session)
        .where("seq", ">", afterSeq)
        .orderBy("seq")
        .limit(limit)
        .execute();
      return rows.map(({ seq, at, kind, text }) => ({ seq, at, kind: kind as TranscriptKind, text }));
    },
  };
}

function toEvent(row: Selectable<Tables["events"]>): Event {
  return {
    seq: row.seq,
    run: row.run_id as RunId,
    at: row.at,
    type: row.type as EventType,
    session: row.session_id as SessionId | null,
    task: row.task_id as TaskId | null,
    planner: row.planner_id as PlannerId | null,
    data: JSON.parse(row.data) as Event["data"],
  };
}
