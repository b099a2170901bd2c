/**
 * `npm start`: migrates the published lodash package to ES modules, in a repository made for it, by the `longhaul`
 * command as a user would call it. Options are passed on: `npm start -- --workers 64`.
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join, relative } from "node:path";
import { bringSandbox } from "./bring-sandbox.ts";
import { prepare } from "./prepare.ts";

const goal =
  "Turn this CommonJS package into native ES modules, in place: every module loads as ESM and behaves as before.";

const repository = join(import.meta.dirname, "work", "lodash");
const longhaul = join(import.meta.dirname, "..", "..", "bin", "longhaul.js");
const here = (path: string) => relative(process.cwd(), path) || ".";

rmSync(repository, { recursive: true, force: true });
const commit = prepare(repository);
console.error(`Made ${here(repository)} from the published lodash package (commit ${commit.slice(0, 10)}).`);

const config = join(import.meta.dirname, "longhaul.config.ts");
const confined = bringSandbox(confines, process.getuid?.() === 0, (line) => console.error(line));
if (!confined)
  console.error(
    "No sandbox can be had here. The programs of this example are our own: they run unconfined (--sandbox=none).",
  );

const args = [
  longhaul,
  "run",
  goal,
  "--config",
  config,
  ...(confined ? [] : ["--sandbox=none"]),
  ...process.argv.slice(2),
];
const { status, signal, error } = spawnSync(process.execPath, args, { cwd: repository, stdio: "inherit" });
if (error) throw error;
process.exitCode = status ?? (signal === "SIGINT" ? 130 : 143);

/** What a run would find. */
function confines(): boolean {
  const doctor = [longhaul, "doctor", "--json", "--config", config];
  const { stdout } = spawnSync(process.execPath, doctor, { cwd: repository, encoding: "utf8" });
  const { findings } = JSON.parse(stdout) as { findings: { name: string; state: string }[] };
  return findings.some(({ name, state }) => name === "sandbox" && state === "good");
}
