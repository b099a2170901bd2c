import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { sql } from "kysely";
import { Client } from "pg";
import { expect, inject, test, vi } from "vitest";
import type { CycleId, EngineId, PlannerId, RunId, SessionId, TaskId } from "../domain/ids.ts";
import { freshDatabase } from "../../test/fresh-database.ts";
import type { Database } from "./dialect.ts";
import { storeAge } from "./migrations.ts";
import { config } from "./open-store.testsuite.ts";
import { openPostgres } from "./postgres.ts";
import { openSqlite } from "./sqlite.ts";
import { openStore } from "./store.ts";
import { testStore } from "./store.testsuite.ts";
import { openViews } from "./views.ts";

const opened = async (database: Database) => ({ store: await openStore(database), views: openViews(database) });

async function temporaryFile() {
  const folder = await mkdtemp(join(tmpdir(), "longhaul-store-"));
  return { file: join(folder, "longhaul.db"), dispose: () => rm(folder, { recursive: true }) };
}

testStore("SQLite", async () => {
  const { file, dispose } = await temporaryFile();
  return { open: () => opened(openSqlite(file, Date)), dispose };
});

testStore("PostgreSQL", async () => {
  const { url, drop } = await freshDatabase(inject("postgresUrl"));
  return { open: () => opened(openPostgres(url)), dispose: drop };
});

test("a database of a newer version is refused and left alone", async () => {
  const { file, dispose } = await temporaryFile();
  await (await openStore(openSqlite(file, Date))).close();
  const raw = new DatabaseSync(file);
  raw.exec("insert into kysely_migration (name, timestamp) values ('9999_future', '2099-01-01')");
  raw.close();
  const database = openSqlite(file, Date);
  await expect(openStore(database)).rejects.toThrow(/newer version of Longhaul/);
  await database.close();
  await dispose();
});

test.each(["SQLite", "PostgreSQL"])("how old a store is can be seen without a change to it: %s", async (kind) => {
  const { file, dispose } = await temporaryFile();
  const { url, drop } = await freshDatabase(inject("postgresUrl"));
  const open = () => (kind === "SQLite" ? openSqlite(file, Date) : openPostgres(url));
  const look = async (before = "") => {
    const database = open();
    try {
      if (before !== "") await sql.raw(before).execute(database.db);
      return await storeAge(database);
    } finally {
      await database.close();
    }
  };
  expect(await look()).toBe("empty");
  expect(await look()).toBe("empty");
  await (await openStore(open())).close();
  expect(await look()).toBe("current");
  expect(await look("delete from kysely_migration where name = '0002_models'")).toBe("older");
  expect(await look()).toBe("older");
  const newer = "insert into kysely_migration (name, timestamp) values ('9999_future', '2099-01-01')";
  await expect(look(newer)).rejects.toThrow(/newer version of Longhaul/);
  await dispose();
  await drop();
});

test.each(["SQLite", "PostgreSQL"])("what a screen reads is of one moment, and holds nobody up: %s", async (kind) => {
  const { file, dispose } = await temporaryFile();
  const { url, drop } = await freshDatabase(inject("postgresUrl"));
  const open = () => (kind === "SQLite" ? openSqlite(file, Date) : openPostgres(url));
  const store = await openStore(open());
  const insert = (id: string) =>
    store.createRun({ id: id as RunId, repository: "/", goal: "", config, base: "c" as never });
  await insert("run1");
  const screen = open();
  const count = async (db: Database["db"]) => (await db.selectFrom("runs").select("id").execute()).length;
  const seen = await screen.snapshot(async (db) => {
    const before = await count(db);
    await insert("run2");
    return [before, await count(db)];
  });
  expect([seen, await screen.snapshot(count)]).toEqual([[1, 1], 2]);
  for (const one of [screen, store]) await one.close();
  await dispose();
  await drop();
});

test("on PostgreSQL who is frozen in the middle of a transaction loses it, and its locks", async () => {
  const { url, drop } = await freshDatabase(inject("postgresUrl"));
  const [frozen, other] = [openPostgres(url), openPostgres(url)];
  const { rows } = await sql<{ [name: string]: string }>`show idle_in_transaction_session_timeout`.execute(frozen.db);
  expect(rows).toEqual([{ idle_in_transaction_session_timeout: "30s" }]);
  const fault = await frozen.db
    .transaction()
    .execute(async (trx) => {
      await sql`set local idle_in_transaction_session_timeout = 20`.execute(trx);
      const { rows: mine } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx);
      const isThere = async () =>
        (await sql`select 1 from pg_stat_activity where pid = ${mine[0]?.pid}`.execute(other.db)).rows.length;
      await vi.waitUntil(async () => (await isThere()) === 0);
      return sql`select 1`.execute(trx).catch((error: unknown) => error);
    })
    .catch((error: unknown) => error);
  // Nothing is lost that was acknowledged: it is tried again.
  expect(frozen.isOutage(fault)).toBe(true);
  for (const one of [frozen, other]) await one.close();
  await drop();
});

test("a claim reads the queue by an index, not the finished history", async () => {
  const { file, dispose } = await temporaryFile();
  let statements: string[] = [];
  const store = await openStore(openSqlite(file, Date, (statement) => statements.push(statement)));
  const run = "run1" as RunId;
  await store.createRun({ id: run, repository: "/", goal: "", config, base: "c" as never });
  statements = [];
  await store.transition(run, async (tx) => {
    await tx.claimable("attempt", 1, []);
    await tx.nextReadyAt();
    await tx.runningSessions();
    await tx.openTasksOfRun();
    await tx.activePlanners(1 as CycleId);
    await tx.openChildren(1 as PlannerId);
    await tx.unread(1 as PlannerId, 1);
    await tx.liveSession({ kind: "attempt", task: 1 as TaskId, planner: 1 as PlannerId }, 1 as CycleId);
    await tx.openLanding(1 as SessionId);
  });
  await store.heartbeat(run, "e" as EngineId, 1);
  const raw = new DatabaseSync(file);
  const scans = statements
    .filter((statement) => /^(select|update)/.test(statement))
    .flatMap(
      (statement) => raw.prepare(`explain query plan ${statement.replaceAll("?", "1")}`).all() as { detail: string }[],
    )
    .filter(({ detail }) => detail.startsWith("SCAN"));
  raw.close();
  await store.close();
  await dispose();
  expect(statements.length).toBeGreaterThan(10);
  expect(scans).toEqual([]);
});

test("whether a planner has a turn is known without a look at all the attempts of its tasks", async () => {
  const statements: string[] = [];
  const database = openSqlite(":memory:", Date, (statement) => statements.push(statement));
  const store = await openStore(database);
  const run = "run1" as RunId;
  await store.createRun({ id: run, repository: "/", goal: "", config, base: "c" as never });
  await store.transition(run, (tx) => tx.liveSession({ kind: "turn", planner: 1 as PlannerId }, 1 as CycleId));
  const plan = await sql<{ detail: string }>`explain query plan ${sql.raw(statements.at(-2)!.replaceAll("?", "1"))}`
    .execute(database.db)
    .then(({ rows }) => rows.map(({ detail }) => detail));
  await store.close();
  expect(plan).toEqual(["SEARCH sessions USING INDEX sessions_one_turn (planner_id=?)"]);
});

test("connections that the server cuts, as when it restarts, lose no transition", async () => {
  const { url, drop } = await freshDatabase(inject("postgresUrl"));
  const { store, views } = await opened(openPostgres(url));
  const run = "run1" as RunId;
  await store.createRun({ id: run, repository: "/", goal: "", config, base: "c" as never });
  const cutting = new Client({ connectionString: url });
  await cutting.connect();
  const count = 60;
  const cuts = new Set([10, 30, 50]);
  const work = Array.from({ length: count }, (_, n) =>
    store.transition(run, async (tx) => {
      if (cuts.delete(n))
        await cutting.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
        );
      await tx.addEvent("message.sent", {}, { n });
    }),
  );
  await Promise.all(work);
  await cutting.end();
  const seen = new Set((await views.events(run, 0, 1_000)).map(({ data }) => data["n"]));
  expect(Array.from({ length: count }, (_, n) => n).filter((n) => !seen.has(n))).toEqual([]);
  await store.close();
  await drop();
});

test("a full disk is said as such, and the store works on when there is room", async () => {
  const { file, dispose } = await temporaryFile();
  const database = openSqlite(file, Date);
  const store = await openStore(database);
  const run = "run1" as RunId;
  await store.createRun({ id: run, repository: "/", goal: "", config, base: "c" as never });
  await sql`pragma max_page_count = 1`.execute(database.db); // SQLite answers as on a full disk: SQLITE_FULL.
  const fill = store.transition(run, (tx) => tx.addEvent("message.sent", {}, { text: "x".repeat(1_000_000) }));
  await expect(fill).rejects.toThrow(`${file}: the disk is full. Make room.`);
  await sql`pragma max_page_count = 1000000`.execute(database.db);
  await store.transition(run, (tx) => tx.addEvent("message.sent", {}, { text: "y" }));
  await store.close();
  await dispose();
});
