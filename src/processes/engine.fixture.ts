/**
 * For chaos tests: stands for an engine. `node engine.fixture.ts RUN COUNT` starts COUNT programs, each with two
 * children, tells its reaper's id and that of each successor, and waits to be killed.
 */
import { openProcesses } from "./processes.ts";

const [run = "", count = "0"] = process.argv.slice(2);
const processes = openProcesses();
process.stdout.write("begun\n");
for (let i = 0; i < Number(count); i++) {
  processes.groups.spawn({
    argv: ["/bin/sh", "-c", "sleep 1000 & sleep 1000 & wait"],
    directory: "/",
    environment: { PATH: "/usr/bin:/bin", LONGHAUL_RUN: run },
    stdin: null,
    onStdout: () => {},
    onStderr: () => {},
  });
  // Programs are started in the midst of other work.
  await new Promise((resolve) => setImmediate(resolve));
}
let reaper = processes.reaperPid();
process.stdout.write(`reaper ${reaper}\n`);
// A new one is told of when it has been given the list: both happen in one turn of the loop.
setInterval(() => {
  if (processes.reaperPid() === reaper || processes.reaperPid() === null) return;
  reaper = processes.reaperPid();
  process.stdout.write(`then ${reaper}\n`);
}, 5);
