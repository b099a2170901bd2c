#!/usr/bin/env node
// @ts-check
/**
 * The command. Starts `src/cli/main.ts` in a checkout and `dist/cli/main.js` in a published package, on the running Node
 * or, when that one is too old, on the Node that npm installed beside it. Importing main runs the command line; when it
 * exports a function `main`, that is called with the arguments and may return the exit code.
 */
import { spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import module from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chooseNode, findPinned } from "./choose-node.js";

/** Longhaul cannot run here at all. */
const exitUnusable = 3;

const file = realpathSync(fileURLToPath(import.meta.url));
const choice = chooseNode({ version: process.version, path: realpathSync(process.execPath) }, findPinned(file));

if (choice.kind === "run") await run();
else if (choice.kind === "run_with") runWith(choice.path);
else refuse(choice.message);

async function run() {
  const root = dirname(dirname(file));
  const main = [join(root, "src", "cli", "main.ts"), join(root, "dist", "cli", "main.js")].find((path) =>
    existsSync(path),
  );
  if (main === undefined) return refuse(`longhaul is incomplete: neither src/cli nor dist/cli is in ${root}.`);
  // Saves compiling the same modules at every start.
  if (typeof module.enableCompileCache === "function") module.enableCompileCache();
  const loaded = await import(pathToFileURL(main).href);
  if (typeof loaded.main !== "function") return;
  const code = await loaded.main(process.argv.slice(2));
  if (typeof code === "number") process.exitCode = code;
}

/** @param {string} node */
function runWith(node) {
  const child = spawn(node, [file, ...process.argv.slice(2)], { stdio: "inherit" });
  // The terminal sends these to the whole process group, so the child has them already: here they only must not end us
  // before it. SIGTERM comes to one process, and is passed on.
  for (const signal of ["SIGINT", "SIGQUIT", "SIGHUP"]) process.on(signal, () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("error", (error) => refuse(`longhaul cannot start ${node}: ${error.message}`));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? exitUnusable);
    // Ends like the child: whoever waits for us sees the same signal.
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** @param {string} message */
function refuse(message) {
  console.error(message);
  process.exitCode = exitUnusable;
}
