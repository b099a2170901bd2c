/**
 * vitest's global setup: one PostgreSQL server for the whole run, in a temporary folder, reached over a socket there.
 * Tests read its URL with `inject("postgresUrl")` and make a database of their own (`fresh-database.ts`). Its guard
 * (`postgres-guard.sh`) ends it with the run, however the run ends.
 */
import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, cpSync, lchownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import type { TestProject } from "vitest/node";
import { findPostgres } from "./postgres-programs.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A superuser's URL, for `pg` and for libpq; tests work in databases of their own. */
    postgresUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres();
  project.provide("postgresUrl", server.url);
  return server.stop;
}

export type PostgresServer = { url: string; folder: string; stop: () => Promise<void> };

export async function startPostgres(): Promise<PostgresServer> {
  const found = findPostgres();
  if (!found.ok) throw new Error(found.reason);
  const user = serverUser();
  const folder = mkdtempSync(join(temporaryFolder(user), "longhaul-pg-"));
  try {
    if (user !== null) chownSync(folder, user.uid, user.gid);
    const bin = canReach(join(found.bin, "postgres"), user) ? found.bin : copyPrograms(found.bin, folder, user);
    const guard = startGuard(bin, folder, user);
    await ready(guard);
    return { url: `postgresql://postgres@localhost/postgres?host=${folder}`, folder, stop: () => stop(guard) };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** null: whoever runs the tests. */
type User = { uid: number; gid: number } | null;
type Guard = ChildProcessByStdio<Writable, Readable, Readable>;

/** PostgreSQL refuses to run as root: then it runs as an account that every system already has. */
function serverUser(): User {
  if (process.getuid?.() !== 0) return null;
  for (const name of ["postgres", "nobody"]) {
    const [uid, gid] = ["-u", "-g"].map((flag) => spawnSync("id", [flag, name], { encoding: "utf8" }));
    if (uid?.status === 0 && gid?.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new Error('PostgreSQL cannot run as root and there is no user "postgres" or "nobody" to run it as.');
}

/** A socket's path may have about 100 characters, and root's own temporary folder may be closed to the server's user. */
function temporaryFolder(user: User): string {
  const folder = tmpdir();
  return folder.length <= 60 && canReach(folder, user) ? folder : "/tmp";
}

function canReach(path: string, user: User): boolean {
  return spawnSync("test", ["-x", path], { ...user, cwd: "/" }).status === 0;
}

/** An install below root's home is closed to the server's user: it gets a copy, and owns it, to be able to remove it. */
function copyPrograms(bin: string, folder: string, user: User): string {
  const copy = join(folder, "programs");
  cpSync(dirname(bin), copy, { recursive: true, verbatimSymlinks: true });
  if (user !== null) {
    for (const path of ["", ...readdirSync(copy, { recursive: true, encoding: "utf8" })]) {
      lchownSync(join(copy, path), user.uid, user.gid);
    }
  }
  return join(copy, "bin");
}

function startGuard(bin: string, folder: string, user: User): Guard {
  // The text and not the file, which the server's user may not be able to read.
  const script = readFileSync(new URL("postgres-guard.sh", import.meta.url), "utf8");
  return spawn("sh", ["-c", script, "postgres-guard", bin, folder], {
    ...user,
    cwd: "/",
    // Out of the terminal's process group: Ctrl-C is for the tests, the guard follows when they have ended.
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
}

async function ready(guard: Guard): Promise<void> {
  let errors = "";
  guard.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  await new Promise<void>((resolve, reject) => {
    guard.stdout.once("data", () => resolve());
    guard.once("error", reject);
    guard.once("close", () => reject(new Error(`PostgreSQL for the tests did not start: ${errors}`)));
  });
}

async function stop(guard: Guard): Promise<void> {
  if (guard.exitCode !== null || guard.signalCode !== null) return;
  const ended = once(guard, "exit");
  guard.stdin.end();
  await ended;
}
