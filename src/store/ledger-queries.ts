/** Rows of the ledger, the accounts that it is charged to, and the credentials. */
import { sql } from "kysely";
import { noTokens } from "../domain/call.ts";
import { idText, type CallId, type PlannerId, type SessionId } from "../domain/ids.ts";
import { freshCredential, type Credential } from "../domain/rate.ts";
import { roleOf, type Session } from "../domain/session.ts";
import type { Account, Spend } from "../domain/budget.ts";
import type { OpenCall, SettledCall, Transition } from "../engine/store-port.ts";
import type { Context } from "./context.ts";
import { toSpend } from "./rows.ts";

type LedgerQueries = Pick<
  Transition,
  | "charge"
  | "accounts"
  | "insertCall"
  | "call"
  | "openCalls"
  | "callsUnderWay"
  | "settleCall"
  | "insertUsage"
  | "credential"
  | "setCredential"
  | "credentials"
>;

/** Written into the statement: an index `where status = …` serves no query that binds the status as a parameter. */
const openCall = sql.lit("open");

export function ledgerQueries(c: Context): LedgerQueries {
  const { db } = c;
  const openCalls = () =>
    db
      .selectFrom("calls")
      .select(["id", "session_id", "credential", "at_most_micro_usd", "at_most_tokens", "started_at"])
      .where("run_id", "=", c.run.id)
      .where("status", "=", openCall);
  return {
    ...accountQueries(c),

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
      const row = await openCalls().where("id", "=", id).executeTakeFirst();
      return row ? toOpenCall(row) : null;
    },

    async openCalls(session) {
      const rows = await openCalls().where("session_id", "=", session).execute();
      return rows.map(toOpenCall);
    },

    async callsUnderWay(credential) {
      const row = await db
        .selectFrom("calls")
        .select((eb) => eb.fn.countAll<number>().as("count"))
        .where("run_id", "=", c.run.id)
        .where("credential", "=", credential)
        .where("status", "=", openCall)
        .executeTakeFirstOrThrow();
      return Number(row.count);
    },

    async settleCall(id, end) {
      await db
        .updateTable("calls")
        .set({ ended_at: c.now, ...settledColumns(end) })
        .where("id", "=", id)
        .execute();
    },

    async insertUsage(session, { microUsd, tokens }) {
      const settled = settledColumns({
        status: "answered",
        tokens: { ...noTokens, input: tokens },
        microUsd,
        priceSource: "told",
        detail: null,
      });
      await db
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
    },

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

function accountQueries(c: Context): Pick<Transition, "charge" | "accounts"> {
  const { db } = c;
  return {
    async charge(session, change) {
      const { spend } = c.run;
      c.run = { ...c.run, spend: added(spend, change) };
      await db.updateTable("runs").set(addTo(change)).where("id", "=", c.run.id).execute();
      await db.updateTable("cycles").set(addTo(change)).where("id", "=", session.cycle).execute();
      const { spent_micro_usd: micro_usd, ...rest } = addTo(change, "micro_usd");
      await db
        .updateTable("sessions")
        .set({ micro_usd, ...rest })
        .where("id", "=", session.id)
        .execute();
      if (session.subject.kind === "judgement") return;
      const above = (await plannersAbove(c, session.subject.planner)).map((planner) => planner.id);
      await db.updateTable("planners").set(addTo(change)).where("id", "in", above).execute();
    },

    async accounts(session) {
      const { budget } = c.run.config;
      const accounts: Account[] = [{ of: "run", name: `run ${c.run.id}`, budget, spend: c.run.spend }];
      if (session.subject.kind !== "judgement") {
        const cycle = await db
          .selectFrom("cycles")
          .selectAll()
          .where("id", "=", session.cycle)
          .executeTakeFirstOrThrow();
        accounts.push({ of: "cycle", name: `cycle ${cycle.number}`, budget: budget.cycle, spend: toSpend(cycle) });
        for (const planner of await plannersAbove(c, session.subject.planner))
          if (planner.parent_id !== null)
            accounts.push({
              of: "planner",
              planner: planner.id as PlannerId,
              name: `planner ${idText("planner", planner.id as PlannerId)} (${planner.name}) and all below it`,
              budget: budget.planner,
              spend: toSpend(planner),
            });
      }
      const name = `session ${idText("session", session.id)}`;
      return [...accounts, { of: "session", name, budget: budget.session, spend: session.spend }];
    },
  };
}

/** The planner and those above it, at most `planDepthMax` of them. */
async function plannersAbove(c: Context, planner: PlannerId) {
  const found = [];
  for (let id: number | null = planner; id !== null;) {
    const row = await c.db
      .selectFrom("planners")
      .select(["id", "parent_id", "name", "spent_micro_usd", "reserved_micro_usd", "tokens", "reserved_tokens"])
      .where("id", "=", id)
      .executeTakeFirstOrThrow();
    found.push(row);
    id = row.parent_id;
  }
  return found;
}

const added = (spend: Spend, change: Spend): Spend => ({
  microUsd: spend.microUsd + change.microUsd,
  reservedMicroUsd: spend.reservedMicroUsd + change.reservedMicroUsd,
  tokens: spend.tokens + change.tokens,
  reservedTokens: spend.reservedTokens + change.reservedTokens,
});

function addTo(change: Spend, spentColumn = "spent_micro_usd") {
  const plus = (column: string, by: number) => sql<number>`${sql.ref(column)} + ${by}`;
  return {
    spent_micro_usd: plus(spentColumn, change.microUsd),
    reserved_micro_usd: plus("reserved_micro_usd", change.reservedMicroUsd),
    tokens: plus("tokens", change.tokens),
    reserved_tokens: plus("reserved_tokens", change.reservedTokens),
  };
}

function callOf(c: Context, { id, cycle, subject, agent }: Session) {
  return {
    run_id: c.run.id,
    session_id: id,
    cycle_id: cycle,
    planner_id: subject.kind === "judgement" ? null : subject.planner,
    task_id: subject.kind === "attempt" ? subject.task : null,
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

function toOpenCall(row: {
  id: number;
  session_id: number;
  credential: string;
  at_most_micro_usd: number;
  at_most_tokens: number;
  started_at: number;
}): OpenCall {
  return {
    id: row.id as CallId,
    session: row.session_id as SessionId,
    credential: row.credential,
    atMost: { microUsd: row.at_most_micro_usd, tokens: row.at_most_tokens },
    startedAt: row.started_at,
  };
}
