/** Rows of the ledger: what each call used and cost. */
import { sql } from "kysely";
import { noTokens } from "../domain/call.ts";
import type { CallId, SessionId } from "../domain/ids.ts";
import { plannerOf, roleOf, taskOf, type Session, type Usage } from "../domain/session.ts";
import type { OpenCall, SettledCall, Transition } from "../engine/store-port.ts";
import type { Context } from "./context.ts";

type LedgerQueries = Pick<
  Transition,
  "insertCall" | "call" | "openCalls" | "callsUnderWay" | "settleCall" | "insertUsage"
>;

/** Written into the statement: an index `where status = …` serves no query that binds the status as a parameter. */
const openCall = sql.lit("open");

export function ledgerQueries(c: Context): LedgerQueries {
  const { db } = c;
  const calls = () =>
    db
      .selectFrom("calls")
      .select(["id", "session_id", "credential", "status", "at_most_micro_usd", "at_most_tokens", "started_at"]);
  return {
    async insertCall(session, { credential, model, atMost }) {
      const row = await db
        .insertInto("calls")
        .values({
          ...callOf(c, session),
          credential,
          model,
          status: "open",
          ended_at: null,
          at_most_micro_usd: atMost.microUsd,
          at_most_tokens: atMost.tokens,
        })
        .returning("id")
        .executeTakeFirstOrThrow();
      return row.id as CallId;
    },

    async call(id) {
      const row = await calls()
        .where("run_id", "=", c.run.id)
        .where("id", "=", id)
        .where("status", "in", unsettled)
        .executeTakeFirst();
      return row ? toOpenCall(row) : null;
    },

    async openCalls(session) {
      // Not by the run as well: SQLite would take the index of all calls of the run.
      const rows = await calls().where("status", "=", openCall).where("session_id", "=", session).execute();
      return rows.map(toOpenCall);
    },

    callsUnderWay: (credential) => callsUnderWay(c, credential),

    async settleCall(id, end) {
      await db
        .updateTable("calls")
        .set({ ended_at: c.now, ...settledColumns(end) })
        .where("id", "=", id)
        .execute();
    },

    insertUsage: (session, usage) => insertUsage(c, session, usage),
  };
}

async function callsUnderWay({ db, run }: Context, credential: string): Promise<number> {
  const row = await db
    .selectFrom("calls")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("run_id", "=", run.id)
    .where("credential", "=", credential)
    .where("status", "=", openCall)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

async function insertUsage(c: Context, session: Session, { microUsd, tokens }: Usage): Promise<void> {
  const settled = settledColumns({
    status: "answered",
    tokens: { ...noTokens, input: tokens },
    microUsd,
    priceSource: "told",
    detail: null,
  });
  await c.db
    .insertInto("calls")
    .values({
      ...callOf(c, session),
      ...settled,
      credential: "",
      model: "",
      ended_at: c.now,
      at_most_micro_usd: 0,
      at_most_tokens: 0,
    })
    .execute();
}

function callOf(c: Context, { id, cycle, subject, agent }: Session) {
  return {
    run_id: c.run.id,
    session_id: id,
    cycle_id: cycle,
    planner_id: plannerOf(subject),
    task_id: taskOf(subject),
    role: roleOf[subject.kind],
    agent,
    started_at: c.now,
    input_tokens: 0,
    cached_tokens: 0,
    written_tokens: 0,
    output_tokens: 0,
    micro_usd: 0,
    price_source: null,
    detail: null,
  };
}

function settledColumns({ status, tokens, microUsd, priceSource, detail }: SettledCall) {
  return {
    status,
    input_tokens: tokens.input,
    cached_tokens: tokens.cached,
    written_tokens: tokens.written,
    output_tokens: tokens.output,
    micro_usd: microUsd,
    price_source: priceSource,
    detail,
  };
}

const unsettled = ["open", "unknown"];

function toOpenCall(row: {
  id: number;
  status: string;
  session_id: number;
  credential: string;
  at_most_micro_usd: number;
  at_most_tokens: number;
  started_at: number;
}): OpenCall {
  return {
    id: row.id as CallId,
    isOpen: row.status === "open",
    session: row.session_id as SessionId,
    credential: row.credential,
    atMost: { microUsd: row.at_most_micro_usd, tokens: row.at_most_tokens },
    startedAt: row.started_at,
  };
}
