/** The main job of the examples, whole, with different numbers of workers: time taken, and whether the result is the same. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { openSqlite } from "../src/store/sqlite.ts";
import { openViews } from "../src/store/views.ts";
import { figure, spread, table } from "./figures.ts";

const workers = [1, 8, 64];
/** Of what the job says, the end that explains a failure. */
const saidCharsMax = 4_000;
const example = join(import.meta.dirname, "..", "examples", "lodash-esm");
const repository = join(example, "work", "lodash");

type Result = { seconds: number; tree: string; sessions: number; landed: number; conflicts: number; cycles: number };

/** Answers Markdown. */
export async function measureMainJob(repeats: number): Promise<string> {
  const results = new Map<number, Result[]>(workers.map((count) => [count, []]));
  for (let round = 1; round <= repeats; round++) {
    for (const count of workers) {
      const result = await runJob(count);
      results.get(count)?.push(result);
      console.error(`round ${round}: ${count} workers: ${figure(result.seconds)} s, tree ${result.tree}`);
    }
  }
  const trees = new Set([...results.values()].flat().map(({ tree }) => tree));
  const rows = [...results].map(([count, runs]) => [
    String(count),
    spread(runs.map(({ seconds }) => seconds)),
    spread(runs.map(({ seconds, landed }) => landed / seconds)),
    ...(["sessions", "landed", "conflicts", "cycles"] as const).map((key) => spread(runs.map((run) => run[key]))),
    [...new Set(runs.map(({ tree }) => `\`${tree}\``))].join(", "),
  ]);
  const head = [
    "workers",
    "wall time (s)",
    "landings/s",
    "sessions",
    "landed",
    "conflicts",
    "cycles",
    "tree of the result",
  ];
  const same = trees.size === 1 ? "All trees are identical." : `The trees differ: ${trees.size} different ones.`;
  return `${table(head, rows)}\n\n${same}`;
}

async function runJob(count: number): Promise<Result> {
  const from = performance.now();
  const job = spawn(process.execPath, [join(example, "start.ts"), "--workers", String(count), "--json"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  job.stderr.on("data", (text: Buffer) => (said = (said + text.toString()).slice(-saidCharsMax)));
  const [code] = (await once(job, "exit")) as [number | null];
  const seconds = (performance.now() - from) / 1000;
  if (code !== 0) throw new Error(`the main job with ${count} workers ended with exit code ${code}:\n${said}`);
  const database = openSqlite(join(repository, ".longhaul", "longhaul.db"), Date);
  try {
    const views = openViews(database);
    const [run] = await views.runs(repository);
    if (!run) throw new Error("the main job left no run");
    const { sessions, landings, cycle } = await views.status(run.id);
    const tree = execFileSync("git", ["rev-parse", `longhaul/${run.id}^{tree}`], { cwd: repository, encoding: "utf8" });
    return {
      seconds,
      tree: tree.trim(),
      sessions,
      landed: landings.landed,
      conflicts: landings.conflict,
      cycles: cycle?.number ?? 0,
    };
  } finally {
    await database.close();
  }
}
