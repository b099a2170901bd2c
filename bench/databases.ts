/** The databases to measure on: always SQLite, and PostgreSQL when a server can be started here. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Database } from "../src/store/dialect.ts";
import { openPostgres } from "../src/store/postgres.ts";
import { openSqlite } from "../src/store/sqlite.ts";
import { freshDatabase } from "../test/fresh-database.ts";
import { startPostgres } from "../test/postgres.ts";

export type DatabaseName = "SQLite" | "PostgreSQL";
/** `url`: the server; null: SQLite, in a file of its own. */
export type Server = { name: DatabaseName; url: string | null };

export async function withServers<T>(work: (servers: Server[]) => Promise<T>): Promise<T> {
  const servers: Server[] = [{ name: "SQLite", url: null }];
  const postgres = await startPostgres().catch((error: unknown) => {
    console.error(`PostgreSQL is left out: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  });
  if (postgres) servers.push({ name: "PostgreSQL", url: postgres.url });
  try {
    return await work(servers);
  } finally {
    await postgres?.stop();
  }
}

export type OpenDatabase = { database: Database; remove(): Promise<void> };

/** An empty database, on the same disk and with the same durability as in real use. `onQuery`: SQLite only. */
export async function openDatabase(url: string | null, onQuery?: (sql: string) => void): Promise<OpenDatabase> {
  if (url !== null) {
    const fresh = await freshDatabase(url);
    const database = openPostgres(fresh.url);
    return {
      database,
      async remove() {
        await database.close();
        await fresh.drop();
      },
    };
  }
  const folder = mkdtempSync(join(tmpdir(), "longhaul-bench-"));
  const database = openSqlite(join(folder, "longhaul.db"), Date, onQuery);
  return {
    database,
    async remove() {
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
