/** `npm run bench`: measures and prints Markdown tables. `-- overhead`, `-- models`, `-- landing`, `-- growth`, `-- swarm`,
 * `-- sandbox`, `-- workspaces`, `-- history`, `-- main`: only that part. */
import { parseArgs } from "node:util";
import { measureGrowth } from "./growth.ts";
import { describeMachine } from "./machine.ts";
import { measureHistory } from "./history.ts";
import { measureLanding } from "./landing.ts";
import { measureMainJob } from "./main-job.ts";
import { measureModels } from "./models.ts";
import { measureOverhead } from "./overhead.ts";
import { measureSandbox } from "./sandbox.ts";
import { measureSwarm } from "./swarm.ts";
import { measureWorkspaces } from "./workspaces.ts";

const parts: { [name: string]: { title: string; repeats: number; measure(repeats: number): Promise<string> } } = {
  overhead: { title: "Engine overhead per session", repeats: 3, measure: measureOverhead },
  models: { title: "Engine overhead per step of a model session", repeats: 1, measure: measureModels },
  landing: { title: "Landing under contention", repeats: 1, measure: measureLanding },
  growth: { title: "The trunk's store over 20,000 landings", repeats: 1, measure: measureGrowth },
  swarm: { title: "Many workers on one big repository", repeats: 1, measure: measureSwarm },
  sandbox: { title: "Cost of a sandbox", repeats: 3, measure: measureSandbox },
  workspaces: { title: "Cost of a workspace", repeats: 1, measure: measureWorkspaces },
  history: { title: "Cost of a step against the length of the history", repeats: 3, measure: measureHistory },
  main: { title: "The main job with 1, 8 and 64 workers", repeats: 1, measure: measureMainJob },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { repeats: { type: "string" } },
});
const wanted = positionals.length > 0 ? positionals : Object.keys(parts);
const repeats = values.repeats === undefined ? null : Number(values.repeats);
const unknown = wanted.filter((name) => !parts[name]);
if (unknown.length > 0 || (repeats !== null && !(Number.isInteger(repeats) && repeats > 0))) {
  console.error(`usage: npm run bench -- [${Object.keys(parts).join("] [")}] [--repeats N]`);
  process.exit(2);
}

console.log(`${describeMachine()}\n`);
for (const name of wanted) {
  const part = parts[name];
  if (part) console.log(`## ${part.title}\n\n${await part.measure(repeats ?? part.repeats)}\n`);
}
