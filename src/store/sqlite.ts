/**
 * SQLite, built into Node. Owns the connection's settings: WAL, so that other local processes may read and write at
 * once; `synchronous=FULL`, so that what is acknowledged survives a power loss.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { Kysely, sql, SqliteDialect } from "kysely";
import type { Database } from "./dialect.ts";
import type { Tables } from "./schema.ts";

/**
 * How long a statement waits for another process's transaction. Short, because the wait blocks this whole process: the
 * store tries again without blocking.
 */
const busyMs = 20;
const busyCode = 5;
const nothingLost = "Nothing that was acknowledged is lost; then: longhaul resume";
/** By SQLite's primary result code. */
const faults: { [code: number]: { problem: string; mend: string } } = {
  8: { problem: "the store cannot be written: it is read-only", mend: `Make it writable. ${nothingLost}` },
  10: {
    problem: "the store cannot be read or written: the disk reports an error",
    mend: `Check the disk. ${nothingLost}`,
  },
  11: {
    problem: "the store is damaged",
    mend: "Nothing was deleted: keep the file, and put back a copy from a backup.",
  },
  13: { problem: "the disk is full", mend: `Make room. ${nothingLost}` },
  14: { problem: "the store cannot be opened", mend: "Check that the folder exists and may be written." },
  26: {
    problem: "this is not a database of Longhaul",
    mend: "Nothing was deleted: move the file away, or put back a copy.",
  },
};
const foreignPollMs = 100;
const statementsMax = 300;

/** `file`: a path, or `:memory:`. SQLite runs in this process, so its clock is the one given. */
export function openSqlite(file: string, clock: { now(): number }, onQuery?: (sql: string) => void): Database {
  const database = new DatabaseSync(file, { timeout: busyMs });
  database.exec("pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on");
  const db = new Kysely<Tables>({
    dialect: new SqliteDialect({ database: adapt(database) }),
    ...(onQuery && { log: (event) => onQuery(event.query.sql) }),
  });
  return {
    db,
    get now() {
      return sql<number>`${clock.now()}`;
    },
    lockRows: false,
    addIdColumn: (table, name) => table.addColumn(name, "integer", (column) => column.primaryKey().autoIncrement()),
    place: file,
    explain: (error) =>
      error instanceof Error && "errcode" in error ? (faults[Number(error.errcode) & 0xff] ?? null) : null,
    isOutage: () => false,
    isContention: (error) => error instanceof Error && "errcode" in error && error.errcode === busyCode,
    announce: null,
    snapshot: (read) =>
      db.connection().execute(async (one) => {
        // Not "begin", which is a writer's here.
        await sql`begin deferred`.execute(one);
        try {
          return await read(one);
        } finally {
          await sql`rollback`.execute(one);
        }
      }),
    listen: (wake) => pollDataVersion(database, wake),
    close: () => db.destroy(),
  };
}

/** Kysely expects the shape of better-sqlite3. Statements are kept, because preparing costs more than running. */
function adapt(database: DatabaseSync) {
  const statements = new Map<string, Adapted>();
  return {
    close: () => database.close(),
    prepare(text: string): Adapted {
      // A transaction that begins as a reader and then writes can fail at once when another process writes.
      const statement = text === "begin" ? "begin immediate" : text;
      if (text === "rollback") return rollbackOf(database);
      const known = statements.get(statement);
      if (known) return known;
      if (statements.size >= statementsMax) statements.clear();
      const fresh = adaptStatement(database.prepare(statement));
      statements.set(statement, fresh);
      return fresh;
    },
  };
}

/** On a full disk SQLite has rolled back by itself; a second rollback would fail and hide the first error. */
function rollbackOf(database: DatabaseSync): Adapted {
  const run = () => {
    if (database.isTransaction) database.exec("rollback");
    return { changes: 0, lastInsertRowid: 0 };
  };
  return { reader: false, all: () => [], run, iterate: () => [][Symbol.iterator]() };
}

type Adapted = ReturnType<typeof adaptStatement>;

function adaptStatement(statement: StatementSync) {
  return {
    reader: statement.columns().length > 0,
    all: (parameters: readonly unknown[]) => statement.all(...(parameters as SQLInputValue[])),
    run: (parameters: readonly unknown[]) => statement.run(...(parameters as SQLInputValue[])),
    iterate: (parameters: readonly unknown[]) => statement.iterate(...(parameters as SQLInputValue[])),
  };
}

/** `data_version` changes when another connection has committed; reading it costs microseconds. */
function pollDataVersion(database: DatabaseSync, wake: () => void): () => void {
  const statement = database.prepare("pragma data_version");
  const read = () => (statement.get() as { data_version: number }).data_version;
  let last = read();
  const timer = setInterval(() => {
    const version = read();
    if (version !== last) {
      last = version;
      wake();
    }
  }, foreignPollMs);
  timer.unref();
  return () => clearInterval(timer);
}
