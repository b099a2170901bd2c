/**
 * One case of the overhead benchmark, in a process of its own, so that its CPU time and memory are the engine's alone:
 * `overhead-run.ts CASE_JSON`. Prints its figures as JSON.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { ToolServer } from "../src/agents/tool-server/server.ts";
import { makeRunId, type EngineId } from "../src/domain/ids.ts";
import { startEngine } from "../src/engine/engine.ts";
import { Git } from "../src/git/git-process.ts";
import { Mounts } from "../src/git/mounts.ts";
import { openGitTrunk } from "../src/git/trunk.ts";
import { findRepository } from "../src/git/user-repository.ts";
import { openProcesses, type Processes } from "../src/processes/processes.ts";
import type { Database } from "../src/store/dialect.ts";
import { openStore } from "../src/store/store.ts";
import { Counts } from "./counts.ts";
import { openDatabase } from "./databases.ts";
import { childCpuMs, meteredPorts } from "./engine-ports.ts";
import { Meter } from "./meter.ts";
import { makeJob, type Case } from "./overhead-job.ts";

/** All in ms, unless the name says otherwise. */
export type CaseFigures = {
  sessions: number;
  turns: number;
  wallMs: number;
  startWaits: number[];
  slotHeld: number[];
  releaseWaits: number[];
  phases: Meter["ms"];
  engineCpuMs: number;
  childCpuMs: number | null;
  rssMb: number;
  loopDelayMs: { p99: number; max: number };
  /** 0: not counted on this database. */
  statements: number;
  processes: Counts["processes"];
  processStarts: number[];
};

/** `mounted`: this process has mounts of its own. */
type Mounted = Case & { mounted: boolean };

async function runCase(one: Mounted): Promise<CaseFigures> {
  const folder = mkdtempSync(join(tmpdir(), "longhaul-bench-"));
  const counts = new Counts();
  const { database, remove } = await openDatabase(one.url, () => void counts.statements++);
  const processes = openProcesses();
  const tools = new ToolServer({ version: "bench", report: (error) => process.stderr.write(`${String(error)}\n`) });
  try {
    return await drive({ one, folder, database, counts, processes, tools });
  } finally {
    await tools.stop();
    await processes.stop();
    await remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Around = {
  one: Mounted;
  folder: string;
  database: Database;
  counts: Counts;
  processes: Processes;
  tools: ToolServer;
};

async function drive({ one, folder, database, counts, processes, tools }: Around): Promise<CaseFigures> {
  const meter = new Meter();
  const { repository, config } = makeJob(one, folder);
  const store = await openStore(database);
  const user = await findRepository(new Git(process.env), repository);
  const stateFolder = join(user.topLevel, ".longhaul");
  const trunk = await openGitTrunk({
    repository: user,
    stateFolder,
    environment: process.env,
    mounts: one.mounted ? new Mounts() : null,
  });
  const { base } = await trunk.resolveBase();
  const run = makeRunId(Math.random);
  await store.createRun({ id: run, repository: user.topLevel, goal: "bench", config, base });
  const ports = meteredPorts({ store, trunk, config, stateFolder, meter, processes, tools, model: null });
  const me = { id: "bench" as EngineId, host: hostname(), pid: process.pid };
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const cpuBefore = process.cpuUsage();
  const childrenBefore = childCpuMs();
  const start = await startEngine(ports, { run, me, isDead: () => true });
  if (!start.ok) throw new Error("the run is held by somebody else");
  const end = await start.engine.drive();
  if (end.kind !== "ended" || end.state.outcome !== "achieved")
    throw new Error(`the run ended: ${JSON.stringify(end)}`);
  const cpu = process.cpuUsage(cpuBefore);
  const childrenAfter = childCpuMs();
  const { statements, processes: started, startMs: processStarts } = counts;
  return {
    ...(await readRows(database, meter, one.concurrency)),
    phases: meter.ms,
    statements,
    processes: started,
    processStarts,
    engineCpuMs: (cpu.user + cpu.system) / 1000,
    childCpuMs: childrenBefore === null || childrenAfter === null ? null : childrenAfter - childrenBefore,
    rssMb: process.resourceUsage().maxRSS / 1024,
    loopDelayMs: { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 },
  };
}

async function readRows(database: Database, meter: Meter, slots: number) {
  const { db } = database;
  const all = await db.selectFrom("sessions").selectAll().orderBy("started_at").orderBy("id").execute();
  const attempts = all.flatMap(({ kind, started_at, ended_at, task_id, ...row }) =>
    kind === "attempt" && started_at !== null && ended_at !== null && task_id !== null
      ? [{ ...row, task: task_id, startedAt: started_at, endedAt: ended_at }]
      : [],
  );
  const ends = attempts.map(({ endedAt }) => endedAt).toSorted((a, b) => a - b);
  const byTask = new Map(attempts.map((row) => [row.task, row]));
  const dependencies = await db.selectFrom("dependencies").selectAll().execute();
  const landings = await db.selectFrom("landings").selectAll().execute();
  for (const { session_id, submitted_at } of landings)
    meter.note("waited for the lane", submitted_at - (meter.answeredAt.get(session_id) ?? submitted_at));
  return {
    sessions: attempts.length,
    turns: all.filter(({ kind }) => kind === "turn").length,
    wallMs: Math.max(...ends) - Math.min(...attempts.map(({ startedAt }) => startedAt)),
    // The n-th start beyond the slots needs that many ends before it: that end freed its slot.
    startWaits: attempts.map(
      (row, index) => row.startedAt - Math.max(row.queued_at, row.ready_at, ends[index - slots] ?? 0),
    ),
    slotHeld: attempts.map(({ id, endedAt }) => (meter.removedAt.get(id) ?? endedAt) - endedAt),
    releaseWaits: dependencies.flatMap(({ task_id, depends_on }) => {
      const [before, after] = [byTask.get(depends_on), byTask.get(task_id)];
      return before && after ? [after.queued_at - before.endedAt] : [];
    }),
  };
}

console.log(JSON.stringify(await runCase(JSON.parse(process.argv[2] ?? "") as Mounted)));
