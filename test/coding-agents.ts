/**
 * The real coding agents that tests drive. They are packages of their own (`test/coding-agents`, and `more` in it), apart from the
 * root because they take hundreds of megabytes: whoever needs one calls `codingAgent` in `beforeAll`, and the first call installs.
 * Exactly what the lock says is installed, by one process at a time; the others wait for it.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as wait } from "node:timers/promises";

const folder = join(import.meta.dirname, "coding-agents");
const more = join(folder, "more");

/** By the preset's name. */
const folders: { readonly [preset: string]: string } = {
  "claude-code": folder,
  codex: folder,
  "codex-acp": more,
  opencode: more,
  gemini: more,
  qwen: more,
  pi: more,
};

/** The presets that this run tests: two, or with `LONGHAUL_TEST_AGENTS=all` every one. */
export const codingAgentsTested: readonly string[] = Object.keys(folders).filter(
  (name) => process.env["LONGHAUL_TEST_AGENTS"] === "all" || folders[name] === folder,
);

/** Of an installation, the wait for another's included. A `beforeAll` that calls `codingAgent` needs as much. */
export const codingAgentMs = 900_000;

/** The folder of its programs, for the front of a PATH. Rejects with what to do when it cannot be installed. */
export async function codingAgent(preset: string): Promise<string> {
  const at = folders[preset];
  if (at === undefined) throw new Error(`no test package has a coding agent for the preset ${preset}`);
  await install(at);
  return join(at, "node_modules", ".bin");
}

const stampOf = (at: string): string => join(at, "node_modules", ".longhaul-installed");
const lockOf = (at: string): string =>
  createHash("sha256")
    .update(readFileSync(join(at, "package-lock.json")))
    .digest("hex");
const installed = (at: string): boolean => existsSync(stampOf(at)) && readFileSync(stampOf(at), "utf8") === lockOf(at);

export async function install(
  at: string,
  npm: readonly string[] = npmFor(at),
  timeoutMs = codingAgentMs,
): Promise<void> {
  if (installed(at)) return;
  const signal = AbortSignal.timeout(timeoutMs);
  const release = await alone(at, signal);
  try {
    if (installed(at)) return;
    const failed = await run(at, npm, signal);
    if (failed !== null)
      throw new Error(
        `The coding agents of the tests could not be installed in ${at}: ${failed}\nMend what npm says, run \`${npm.join(" ")}\` there, and test again; tests that need no coding agent run without.`,
      );
    mkdirSync(join(at, "node_modules"), { recursive: true });
    writeFileSync(stampOf(at), lockOf(at));
  } finally {
    release();
  }
}

/**
 * `npm ci` refuses a lock that lacks an agent's optional packages for other systems; for `more` some of those are not to be had
 * everywhere. The scripts of packages do not run, but for the one that `more/package.json` allows.
 */
function npmFor(at: string): readonly string[] {
  const how = at === more ? ["install", "--no-save"] : ["ci", "--ignore-scripts"];
  return ["npm", ...how, "--no-audit", "--no-fund", "--loglevel=error", "--prefix", at];
}

/** A lock that ends with its process, however that ends: SQLite's. Beside what npm replaces. */
async function alone(at: string, signal: AbortSignal): Promise<() => void> {
  const name = createHash("sha256").update(`${process.getuid?.()} ${at}`).digest("hex").slice(0, 16);
  const database = new DatabaseSync(join(tmpdir(), `longhaul-coding-agents-${name}.sqlite`), { timeout: 0 });
  while (!locked(database)) {
    if (signal.aborted) {
      database.close();
      throw new Error(
        `Another test run has been installing coding agents in ${at} for too long: end it, and test again.`,
      );
    }
    await wait(250);
  }
  return () => database.close();
}

function locked(database: DatabaseSync): boolean {
  try {
    database.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if (error instanceof Error && /locked/.test(error.message)) return false;
    throw error;
  }
}

const saidMax = 4_000;

/** null: it worked. */
function run(at: string, [program = "", ...args]: readonly string[], signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve) => {
    let said = "";
    const child = spawn(program, args, { cwd: at, stdio: ["ignore", "pipe", "pipe"], signal });
    const hear = (text: Buffer) => (said = (said + text.toString()).slice(0, saidMax));
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("error", (error) => resolve(signal.aborted ? `npm took too long\n${said}` : error.message));
    child.once("close", (code) => resolve(code === 0 ? null : `npm ended with ${code}\n${said}`));
  });
}
