/**
 * The store over either database: opens and migrates it, and runs transitions, each one transaction that holds the
 * run's row. That one lock per run is what makes claims, inboxes, blockers and budgets right without further thought.
 */
import type { Transaction } from "kysely";
import { EnvironmentError } from "../domain/environment-error.ts";
import type { EngineLease } from "../domain/run.ts";
import type { Store, Transition } from "../engine/store-port.ts";
import { noSpendColumns, running, type Context } from "./context.ts";
import type { Tables } from "./schema.ts";
import type { Database } from "./dialect.ts";
import { migrate } from "./migrations.ts";
import { accountQueries } from "./account-queries.ts";
import { credentialQueries } from "./credential-queries.ts";
import { dependencyQueries } from "./dependency-queries.ts";
import { handoffQueries } from "./handoff-queries.ts";
import { landedQueries } from "./landed-queries.ts";
import { landingQueries } from "./landing-queries.ts";
import { ledgerQueries } from "./ledger-queries.ts";
import { inboxQueries, plannerQueries } from "./planner-queries.ts";
import { actionQueries, recordQueries } from "./record-queries.ts";
import { toRun } from "./rows.ts";
import { runQueries } from "./run-queries.ts";
import { verdictQueries } from "./verdict-queries.ts";
import { sessionQueries } from "./session-queries.ts";
import { taskQueries } from "./task-queries.ts";

/** Migrates the database to this version's schema first. Rejects with `StoreTooNewError` when that is older. */
export async function openStore(database: Database): Promise<Store> {
  await migrate(database).catch((error: unknown) => {
    throw explained(database, error);
  });
  const inTransaction = <T>(runId: string, work: (context: Context) => Promise<T>): Promise<T> =>
    transact(database, async (trx, made) => {
      let query = trx.selectFrom("runs").selectAll().select(database.now.as("now")).where("id", "=", runId);
      if (database.lockRows) query = query.forUpdate();
      const { now, ...row } = await query.executeTakeFirstOrThrow(() => new Error(`there is no run ${runId}`));
      const result = await work({ db: trx, now: Number(now), run: toRun(row) });
      for (const { id } of (await database.announce?.tell.execute(trx))?.rows ?? []) made(id, result);
      return result;
    });

  const setEngine = (c: Context, lease: EngineLease | null) =>
    c.db
      .updateTable("runs")
      .set({
        engine_id: lease?.id ?? null,
        engine_host: lease?.host ?? null,
        engine_pid: lease?.pid ?? null,
        engine_lease_until: lease?.leaseUntil ?? null,
      })
      .where("id", "=", c.run.id)
      .execute();

  return {
    async createRun({ id, repository, goal, config, base }) {
      await transact(database, async (trx) => {
        const clock = database.now.as("now");
        const { now } = await trx.selectNoFrom(clock).executeTakeFirstOrThrow();
        await trx
          .insertInto("runs")
          .values({
            id,
            repository,
            goal,
            config: JSON.stringify(config),
            base,
            tip: base,
            green: null,
            state: JSON.stringify({ status: "running" }),
            status: "running",
            ...noSpendColumns,
            created_at: Number(now),
          })
          .execute();
        await trx
          .insertInto("events")
          .values({
            run_id: id,
            at: Number(now),
            type: "run.created",
            session_id: null,
            task_id: null,
            planner_id: null,
            data: "{}",
          })
          .execute();
      });
    },

    transition: (run, change) => inTransaction(run, (c) => change(makeTransition(c))),

    acquireRun: (run, engine, leaseMs, isDead) =>
      inTransaction(run, async (c) => {
        const holder = c.run.engine;
        if (holder && holder.id !== engine.id && holder.leaseUntil > c.now && !isDead(holder)) return holder;
        await setEngine(c, { ...engine, leaseUntil: c.now + leaseMs });
        return null;
      }),

    releaseRun: (run, engine, status) =>
      inTransaction(run, async (c) => {
        if (c.run.engine?.id !== engine) return true;
        if (c.run.state.status === status) await setEngine(c, null);
        return c.run.state.status === status;
      }),

    heartbeat: (run, engine, leaseMs) =>
      inTransaction(run, async (c) => {
        if (c.run.engine?.id !== engine) return false;
        await setEngine(c, { ...c.run.engine, leaseUntil: c.now + leaseMs });
        await c.db
          .updateTable("sessions")
          .set({ lease_until: c.now + leaseMs })
          .where("run_id", "=", run)
          .where("status", "=", running)
          .where("holder", "=", engine)
          .execute();
        return true;
      }),

    async appendTranscript(claim, entries) {
      if (entries.length === 0) return;
      await transact(database, async (trx) => {
        const held = await trx
          .selectFrom("sessions")
          .select("id")
          .where("id", "=", claim.session)
          .where("token", "=", claim.token)
          .executeTakeFirst();
        if (!held) return;
        await trx
          .insertInto("transcripts")
          .values(
            entries.map(({ at, kind, text }) => ({
              run_id: claim.run,
              session_id: claim.session,
              at,
              kind,
              text: text.replaceAll("\0", "\uFFFD"),
            })),
          )
          .execute();
      });
    },

    onForeignChange: (wake) => database.listen(wake),
    close: () => database.close(),
  };
}

const contention = { againMs: 10, msMax: 15_000 };
const outage = { againMs: 1_000, msMax: 300_000 };

/** Called last: the transaction's id, and what it answers once it is committed. */
type Made<T> = (id: string, result: T) => void;

/**
 * One transaction; tried again, for a bounded time, while another process stands in the way or the server is away. Where
 * the answer to a commit was lost with the connection, the server is asked what became of it.
 */
async function transact<T>(
  database: Database,
  work: (trx: Transaction<Tables>, made: Made<T>) => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  const unanswered: { id: string; result: T }[] = [];
  for (;;) {
    try {
      for (const { id, result } of unanswered) if (await isCommitted(database, id, startedAt)) return result;
      unanswered.length = 0;
      return await database.db
        .transaction()
        .execute((trx) => work(trx, (id, result) => void unanswered.push({ id, result })));
    } catch (error) {
      const patience = database.isContention(error) ? contention : database.isOutage(error) ? outage : null;
      if (!patience || performance.now() - startedAt >= patience.msMax) throw explained(database, error);
      await new Promise((resolve) => setTimeout(resolve, patience.againMs));
    }
  }
}

async function isCommitted({ db, announce }: Database, id: string, startedAt: number): Promise<boolean> {
  for (;;) {
    const fate = (await announce?.fateOf(id).execute(db))?.rows[0]?.fate;
    if (fate !== "in progress") return fate === "committed";
    // Its connection is broken: the server comes to an end with it by itself.
    if (performance.now() - startedAt >= outage.msMax) throw new Error(`transaction ${id} does not come to its end`);
    await new Promise((resolve) => setTimeout(resolve, contention.againMs));
  }
}

function explained(database: Database, error: unknown): unknown {
  const fault = database.explain(error);
  return fault ? new EnvironmentError(database.place, fault.problem, fault.mend, { cause: error }) : error;
}

function makeTransition(c: Context): Transition {
  return {
    now: c.now,
    get run() {
      return c.run;
    },
    ...runQueries(c),
    ...verdictQueries(c),
    ...plannerQueries(c),
    ...inboxQueries(c),
    ...taskQueries(c),
    ...sessionQueries(c),
    ...recordQueries(c),
    ...actionQueries(c),
    ...ledgerQueries(c),
    ...accountQueries(c),
    ...credentialQueries(c),
    ...handoffQueries(c),
    ...dependencyQueries(c),
    ...landingQueries(c),
    ...landedQueries(c),
  };
}
