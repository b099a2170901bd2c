/**
 * One swarm, in a process of its own: `swarm-run.ts CASE_JSON`. The real command line drives many program workers on one generated
 * repository; each twentieth changes the same place. Then the trunk is compared with what the same changes give one after the other, in the
 * order in which they landed. Throws when anything differs, was lost or landed twice; prints its figures as JSON.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generate, git, hotFile, type Size } from "./landing-repository.ts";
import { program, plans, sequential, workerScript, type Swarm } from "./swarm-job.ts";

export type SwarmCase = Swarm & { size: Size };
export type SwarmFigures = {
  wallMs: number;
  landed: number;
  conflicts: number;
  /** Sessions of one task, and submissions of one session, at most. */
  attemptsMax: number;
  triesMax: number;
  /** Of the engine at its highest. */
  rssMb: number;
};

const longhaul = fileURLToPath(new URL("../bin/longhaul.js", import.meta.url));

async function main(one: SwarmCase): Promise<SwarmFigures> {
  const folder = mkdtempSync(join(tmpdir(), "longhaul-swarm-"));
  try {
    const origin = generate(join(folder, "origin.git"), one.size);
    const repository = join(folder, "repository");
    git(folder, "clone", "--quiet", "--shared", origin.path, repository);
    for (const [name, text] of Object.entries(plans(one))) writeFileSync(join(folder, name), text);
    writeFileSync(join(folder, "worker.sh"), workerScript(origin.files.length));
    writeFileSync(join(folder, "longhaul.config.json"), JSON.stringify(program(one)));
    const { wallMs, rssMb } = await drive(folder, repository);
    const branch = git(repository, "for-each-ref", "--format=%(refname)", "refs/heads/longhaul").split("\n")[0] ?? "";
    const order = git(repository, "log", "--reverse", "--format=%s", `main..${branch}`)
      .split("\n")
      .map((subject) => Number(/^Task (\d+)$/.exec(subject)?.[1]));
    check(order, one, git(repository, "rev-parse", `${branch}^{tree}`), origin.path, origin.files);
    return { wallMs, landed: order.length, rssMb, ...(await counted(repository)) };
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function drive(folder: string, repository: string): Promise<{ wallMs: number; rssMb: number }> {
  const begun = performance.now();
  const config = join(folder, "longhaul.config.json");
  const child = spawn(process.execPath, [longhaul, "run", "Change many files", "--config", config], {
    cwd: repository,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (text: Buffer) => (said = `${said}${text.toString()}`.slice(-4_000)));
  const ended = once(child, "exit");
  let rssMb = 0;
  const watching = setInterval(() => (rssMb = Math.max(rssMb, peakMb(child.pid ?? 0))), 500);
  const [code] = (await ended) as [number | null];
  clearInterval(watching);
  if (code !== 0) throw new Error(`longhaul ended with ${code}:\n${said}`);
  return { wallMs: performance.now() - begun, rssMb };
}

/** Of the engine, and of what it is started through; 0: not told by this system. */
function peakMb(pid: number): number {
  try {
    const own = Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1_024;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
    const engine = children.filter((child) => readFileSync(`/proc/${child}/comm`, "utf8").startsWith("node"));
    return Math.max(own, ...engine.map(peakMb));
  } catch (error) {
    if (error instanceof Error && "code" in error) return 0; // Gone meanwhile, or no such system.
    throw error;
  }
}

/** Every task once, and the tree is that of the same changes one after the other. */
function check(order: number[], { tasks }: Swarm, tree: string, origin: string, files: string[]): void {
  const seen = new Set(order);
  if (order.length !== tasks || seen.size !== tasks)
    throw new Error(`${order.length} commits of ${seen.size} tasks on the trunk, and there were ${tasks} tasks`);
  const stream = sequential(order, files, (path) => git(origin, "show", `main:${path}`));
  const made = spawnSync("git", ["-C", origin, "fast-import", "--quiet", "--force"], { input: stream });
  if (made.status !== 0) throw new Error(`git fast-import: ${made.stderr.toString()}`);
  const expected = git(origin, "rev-parse", "sequential^{tree}");
  if (tree === expected) return;
  const differs = git(origin, "ls-tree", "-r", "sequential", "--", hotFile);
  throw new Error(`the trunk's tree is ${tree}, one after the other gives ${expected} (${differs})`);
}

async function counted(repository: string) {
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(join(repository, ".longhaul", "longhaul.db"), { readOnly: true });
  const number = (query: string) => Number(Object.values(db.prepare(query).get() ?? {})[0]);
  const figures = {
    conflicts: number("select count(*) from landings where status = 'conflict'"),
    attemptsMax: number(
      "select max(n) from (select count(*) as n from sessions where kind = 'attempt' group by task_id)",
    ),
    triesMax: number("select max(n) from (select count(*) as n from landings group by session_id)"),
  };
  db.close();
  return figures;
}

console.log(JSON.stringify(await main(JSON.parse(process.argv[2] ?? "") as SwarmCase)));
