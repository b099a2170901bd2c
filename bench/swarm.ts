/** Whole runs of many program workers on one big repository, proved against the same changes one after the other. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { figure, table } from "./figures.ts";
import type { SwarmCase, SwarmFigures } from "./swarm-run.ts";

const cases: SwarmCase[] = [
  { workers: 1, tasks: 100, size: "big" },
  { workers: 50, tasks: 1_000, size: "big" },
  { workers: 200, tasks: 5_000, size: "big" },
  { workers: 300, tasks: 3_000, size: "big" },
];

const head = ["repository", "workers", "tasks", "s", "landings/s", "conflicts", "attempts, most", "tries, most", "MB"];

/** Throws when a trunk is not what its landings give one after the other. */
export async function measureSwarm(): Promise<string> {
  return table(
    head,
    cases.map((one) => {
      const { wallMs, landed, conflicts, attemptsMax, triesMax, rssMb } = measure(one);
      const counts = [conflicts, attemptsMax, triesMax].map(String);
      const rates = [figure(wallMs / 1_000), figure((landed / wallMs) * 1_000)];
      return [one.size, String(one.workers), String(one.tasks), ...rates, ...counts, figure(rssMb)];
    }),
  );
}

function measure(one: SwarmCase): SwarmFigures {
  const args = [join(import.meta.dirname, "swarm-run.ts"), JSON.stringify(one)];
  const run = spawnSync(process.execPath, args, { encoding: "utf8", maxBuffer: 1 << 26 });
  console.error(`${new Date().toISOString()} ${JSON.stringify(one)}`);
  if (run.status !== 0) throw new Error(`${JSON.stringify(one)}: ${run.stderr}`);
  return JSON.parse(run.stdout) as SwarmFigures;
}
