/**
 * For chaos tests: stands for an engine whose programs are confined. `node engine.fixture.ts FOLDER` starts one that leaves
 * its group, forgets its environment, says `up` in its workspace, and waits to be killed.
 */
import { join } from "node:path";
import { openProcesses } from "../../src/processes/processes.ts";
import { confined } from "./world.ts";

const [folder = ""] = process.argv.slice(2);
confined(openProcesses().groups, folder).spawn({
  argv: ["/bin/sh", "-c", "setsid env -i sh -c 'sleep 600; : left-behind' & echo up > up; sleep 600; : in-front"],
  directory: join(folder, "state", "workspaces", "own"),
  environment: { PATH: "/usr/bin:/bin", HOME: join(folder, "home") },
  stdin: null,
  onStdout: () => {},
  onStderr: () => {},
});
setInterval(() => {}, 60_000);
