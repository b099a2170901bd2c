/**
 * `npm start`: migrates the published lodash package to ES modules, in a repository made for it, by the `longhaul`
 * command as a user would call it. Options are passed on: `npm start -- --workers 64`.
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join, relative } from "node:path";
import { prepare } from "./prepare.ts";

const goal =
  "Turn this CommonJS package into native ES modules, in place: every module loads as ESM and behaves as before.";

const repository = join(import.meta.dirname, "work", "lodash");
const longhaul = join(import.meta.dirname, "..", "..", "bin", "longhaul.js");
const here = (path: string) => relative(process.cwd(), path) || ".";

rmSync(repository, { recursive: true, force: true });
const commit = prepare(repository);
console.error(`Made ${here(repository)} from the published lodash package (commit ${commit.slice(0, 10)}).`);

const confined = bringSandbox();
if (!confined) console.error("Its programs are not confined here: there is no sandbox (--sandbox=none).");

const args = [
  longhaul,
  "run",
  goal,
  "--config",
  join(import.meta.dirname, "longhaul.config.ts"),
  ...(confined ? [] : ["--sandbox=none"]),
  ...process.argv.slice(2),
];
const { status, signal, error } = spawnSync(process.execPath, args, { cwd: repository, stdio: "inherit" });
if (error) throw error;
process.exitCode = status ?? (signal === "SIGINT" ? 130 : 143);

/**
 * Whether programs can be confined on this machine. Where that takes one package that may be installed, it is. The programs of
 * this example are our own and run without as well, which the run then records; for yours, decide for yourself.
 */
function bringSandbox(): boolean {
  const works = () =>
    spawnSync("bwrap", ["--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--proc", "/proc", "true"])
      .status === 0;
  if (process.platform !== "linux" || works()) return process.platform === "linux";
  if (process.getuid?.() !== 0 || spawnSync("apt-get", ["--version"]).status !== 0) return false;
  console.error("Installing bubblewrap, which confines what agents run.");
  const install = () =>
    spawnSync("apt-get", ["install", "--yes", "bubblewrap"], { stdio: ["ignore", "ignore", "inherit"] }).status === 0;
  // A fresh machine knows of no packages.
  if (!install()) {
    spawnSync("apt-get", ["update"], { stdio: "ignore" });
    install();
  }
  return works();
}
