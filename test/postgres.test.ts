import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { Client } from "pg";
import { expect, inject, onTestFinished, test, vi } from "vitest";
import { freshDatabase } from "./fresh-database.ts";
import { findPostgres } from "./postgres-programs.ts";
import { startPostgres } from "./postgres.ts";

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

test("a fresh database can be used and dropped", async () => {
  const database = await freshDatabase(inject("postgresUrl"));
  await query(database.url, "create table task (id int primary key)");
  await query(database.url, "insert into task values (1), (2)");
  expect(await query(database.url, "select id from task order by id")).toEqual([{ id: 1 }, { id: 2 }]);
  await database.drop();
  await expect(query(database.url, "select 1")).rejects.toThrow("does not exist");
  await database.drop();
});

test("fresh databases are made side by side and share nothing", async () => {
  const databases = await Promise.all([1, 2, 3].map(() => freshDatabase(inject("postgresUrl"))));
  onTestFinished(async () => void (await Promise.all(databases.map((database) => database.drop()))));
  await Promise.all(databases.map(({ url }) => query(url, "create table task (id int)")));
  expect(new Set(databases.map(({ url }) => url)).size).toBe(3);
});

test("dropping ends what is still connected", async () => {
  const database = await freshDatabase(inject("postgresUrl"));
  const client = new Client({ connectionString: database.url });
  const errors: Error[] = [];
  client.on("error", (error) => errors.push(error));
  const cut = new Promise<void>((resolve) => client.once("end", () => resolve()));
  await client.connect();
  await database.drop();
  await cut;
  expect(errors[0]?.message).toContain("terminating connection");
});

test("a server can be stopped more than once and leaves nothing", async () => {
  const server = await startPostgres();
  expect(await query(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
  await server.stop();
  await server.stop();
  expect(existsSync(server.folder)).toBe(false);
});

test("a server ends when the run that started it is killed", async () => {
  const setup = JSON.stringify(new URL("postgres.ts", import.meta.url).href);
  const run = spawn(
    process.execPath,
    ["-e", `import(${setup}).then((m) => m.startPostgres()).then((s) => console.log(JSON.stringify(s)))`],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const [line] = (await once(run.stdout, "data")) as [Buffer];
  const server = JSON.parse(line.toString()) as { url: string; folder: string };
  expect(await query(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
  run.kill("SIGKILL");
  await vi.waitUntil(() => !existsSync(server.folder), { timeout: 30_000 });
  await expect(query(server.url, "select 1")).rejects.toThrow("ENOENT");
});

test("without any PostgreSQL the message says what to install", () => {
  expect(findPostgres([])).toEqual({ ok: false, reason: expect.stringContaining('install the package "postgresql"') });
  expect(findPostgres(["/nowhere"])).toMatchObject({ ok: false });
});
