import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, inject, test } from "vitest";
import type { CycleId, EngineId, PlannerId, RunId, SessionId, TaskId } from "../domain/ids.ts";
import { freshDatabase } from "../../test/fresh-database.ts";
import type { Database } from "./dialect.ts";
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

test("a claim reads the queue by an index, not the finished history", async () => {
  const { file, dispose } = await temporaryFile();
  let statements: string[] = [];
  const store = await openStore(openSqlite(file, Date, (statement) => statements.push(statement)));
  const run = "run1" as RunId;
  await store.createRun({ id: run, repository: "/", goal: "", config, base: "c" as never });
  statements = [];
  await store.transition(run, async (tx) => {
    await tx.claimable("attempt", 1);
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
