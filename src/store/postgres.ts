/** PostgreSQL, for many machines. Owns the pool, and the channel by which processes wake each other. */
import { randomUUID } from "node:crypto";
import { Kysely, PostgresDialect, sql } from "kysely";
import { Client, Pool, types } from "pg";
import type { Database } from "./dialect.ts";
import type { Tables } from "./schema.ts";

const channel = "longhaul_changed";
const connectionsMax = 10;
/** Serialization failure, deadlock. */
const contention = new Set(["40001", "40P01"]);
const reconnectMs = 1_000;
/** A process that is frozen in the middle of a transaction gives its locks up after this, for others to take its run over. */
const idleInTransactionMs = 30_000;

/** `connectMs`: so long is waited for a connection; left out, as long as the system does. */
export function openPostgres(url: string, connectMs = 0): Database {
  // Integers beyond 2^53 do not occur: ids, ms and millionths of a dollar.
  const getTypeParser: typeof types.getTypeParser = (oid, format) =>
    oid === types.builtins.INT8 ? Number : types.getTypeParser(oid, format);
  const numbers = { getTypeParser };
  const pool = new Pool({
    connectionString: url,
    max: connectionsMax,
    types: numbers,
    connectionTimeoutMillis: connectMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
  });
  // A connection that breaks while it is used fails its query as well; that is where it is dealt with.
  pool.on("connect", (client) => client.on("error", () => undefined));
  pool.on("error", () => undefined); // An idle connection that breaks is replaced by the pool at the next query.
  const me = randomUUID();
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  return {
    db,
    now: sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`,
    lockRows: true,
    addIdColumn: (table, name) =>
      table.addColumn(name, "bigint", (column) => column.primaryKey().generatedByDefaultAsIdentity()),
    place: "DATABASE_URL",
    explain: (error) =>
      isOutage(error)
        ? {
            problem: `the server cannot be reached: ${textOf(error)}`,
            mend: "Start it or mend the address, then: longhaul resume",
          }
        : null,
    isOutage,
    isContention: (error) => error instanceof Error && "code" in error && contention.has(String(error.code)),
    announce: {
      tell: sql`select pg_notify(${sql.lit(channel)}, ${sql.lit(me)}), txid_current()::text as id`,
      fateOf: (id) => sql`select txid_status(${id}::bigint) as fate`,
    },
    snapshot: (read) => db.transaction().setIsolationLevel("repeatable read").setAccessMode("read only").execute(read),
    listen: (wake) => listen(url, me, wake),
    close: () => db.destroy(),
  };
}

/** Connection exceptions, idle in a transaction, shutdown, start-up, too many connections, and what the socket itself says. */
function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  return (
    /^(08|25P03|57P0|53300)/.test(code) ||
    /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|ENOENT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENETDOWN)/.test(code) ||
    /Connection terminated|not queryable|timeout exceeded when trying to connect/.test(error.message)
  );
}

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Listens on a connection of its own and comes back after it broke; the caller's polling is the safety net meanwhile. */
function listen(url: string, me: string, wake: () => void): () => void {
  let stopped = false;
  let client: Client | null = null;
  let timer: NodeJS.Timeout | undefined;
  const connect = async () => {
    const mine = new Client({ connectionString: url });
    client = mine;
    let broken = false;
    const again = () => {
      if (broken) return;
      broken = true;
      mine.end().catch(() => undefined); // Already broken.
      if (!stopped) timer = setTimeout(() => void connect(), reconnectMs).unref();
    };
    mine.on("error", again);
    mine.on("end", again);
    // What this process announced itself it knows already: woken by it, it would never sleep.
    mine.on("notification", ({ payload }) => {
      if (payload !== me) wake();
    });
    try {
      await mine.connect();
      await mine.query(`listen ${channel}`);
      wake();
    } catch {
      again(); // Not reachable now: tried again below.
    }
  };
  void connect();
  return () => {
    stopped = true;
    clearTimeout(timer);
    client?.end().catch(() => undefined); // Nothing to save on it.
  };
}
