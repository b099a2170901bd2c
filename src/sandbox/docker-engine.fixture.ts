/** An engine for tests: starts a program in a container, then lives until it is killed. Arguments: image, folder, a word for the program's name, the environment as JSON. */
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openDocker } from "./docker-probe.ts";
import { bareOrder } from "./sandbox.ts";

const [image = "", folder = "", word = "", operators = "{}"] = process.argv.slice(2);
const probed = openDocker({ environment: JSON.parse(operators) as { [name: string]: string }, image, folder });
if (!probed.ok) throw new Error(probed.missing);
const workspace = join(folder, "workspace");
mkdirSync(workspace);
const argv = ["sh", "-c", `setsid sh -c 'sleep 600; :' ${word} & echo up; sleep 600`] as const;
const limits = { cpuSeconds: 60, fileBytes: 1_000_000, processes: 64, memoryBytes: null };
const confined = probed.sandbox.confine(bareOrder([...argv], workspace, "/home/user", limits));
const [program, ...args] = confined.argv;
spawn(program, args, {
  cwd: confined.directory,
  env: confined.environment,
  stdio: ["ignore", "inherit", "inherit"],
  detached: true,
});
