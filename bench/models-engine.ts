/**
 * One case of the models benchmark with the engine, in a process of its own, so that its CPU time and memory are the
 * engine's alone: `models-engine.ts ORDER_JSON`. Prints its figures as JSON.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { ToolServer } from "../src/agents/tool-server/server.ts";
import { loadPrompts } from "../src/agents/prompts/prompts.ts";
import { makeRunId, type EngineId, type RunId } from "../src/domain/ids.ts";
import { limitDefaults } from "../src/domain/limits.ts";
import type { Credential } from "../src/domain/rate.ts";
import { commandAgent, configDefaults, type RunConfig } from "../src/domain/run-config.ts";
import { allRoles } from "../src/domain/session.ts";
import { startEngine, type Ports } from "../src/engine/engine.ts";
import { Git } from "../src/git/git-process.ts";
import { openGitTrunk } from "../src/git/trunk.ts";
import { findRepository } from "../src/git/user-repository.ts";
import { openProcesses } from "../src/processes/processes.ts";
import type { Database } from "../src/store/dialect.ts";
import { openStore } from "../src/store/store.ts";
import { Counts } from "./counts.ts";
import { openDatabase } from "./databases.ts";
import { childCpuMs, meteredPorts, type Inside } from "./engine-ports.ts";
import { Gauge, type Gauged } from "./models-gauge.ts";
import { gaugedAgents } from "./models-meter.ts";
import { key, makeRepository, modelId, type ModelOrder } from "./models-work.ts";
import { Meter } from "./meter.ts";

/** Of the phase that counts. `statements` 0: not counted on this database. */
export type EngineFigures = Gauged & {
  phases: Meter["ms"];
  statements: number;
  processes: number;
  processStartMs: number;
  childCpuMs: number;
  databaseBytes: number;
  window: number;
};

type Totals = Pick<EngineFigures, "statements" | "processes" | "processStartMs" | "childCpuMs" | "databaseBytes">;

async function runCase(order: ModelOrder): Promise<EngineFigures> {
  const folder = mkdtempSync(join(tmpdir(), "longhaul-bench-"));
  const counts = new Counts();
  const { database, remove } = await openDatabase(order.url, () => void counts.statements++);
  const processes = openProcesses();
  const tools = new ToolServer({ version: "bench", report: (error) => console.error(error) });
  try {
    const store = await openStore(database);
    const user = await findRepository(new Git(process.env), makeRepository(folder));
    const stateFolder = join(user.topLevel, ".longhaul");
    const trunk = await openGitTrunk({ repository: user, stateFolder, environment: process.env });
    const config = configOf(order, folder);
    const { base } = await trunk.resolveBase();
    const run = makeRunId(Math.random);
    await store.createRun({ id: run, repository: user.topLevel, goal: "bench", config, base });
    const model = { providers: config.providers, keyOf: () => key, prompts: await loadPrompts() };
    const inside = { store, trunk, config, stateFolder, meter: new Meter(), processes, tools, model };
    return await drive(order, run, inside, database, counts);
  } finally {
    await tools.stop();
    await processes.stop();
    await remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A command plans all tasks at once; only the workers are models. */
function configOf({ sessions, modelUrl }: ModelOrder, folder: string): RunConfig {
  const tasks = Array.from({ length: sessions }, (_, index) => ({
    type: "create_task",
    name: `task-${index}`,
    title: `Task ${index}`,
    instructions: "Do what is to do.",
  }));
  const actions = [...tasks, { type: "write_scratchpad", text: "planned" }];
  writeFileSync(join(folder, "plan.json"), JSON.stringify({ version: 1, actions }));
  const planner =
    `if grep -q '"scratchpad":"planned"' "$LONGHAUL_BRIEF"; then echo '{"version":1,"actions":[]}'; ` +
    `else cat "$LONGHAUL_CONFIG_DIR/plan.json"; fi`;
  const worker = { kind: "model", model: `bench/${modelId}`, effort: null, contextTokens: null } as const;
  return {
    ...configDefaults,
    providers: { bench: { kind: "anthropic", baseUrl: modelUrl, keyEnv: null } },
    agents: {
      planner: commandAgent(planner),
      worker: { ...worker, outputTokensMax: 1_000, roles: allRoles, description: "" },
    },
    roles: { planner: "planner", worker: "worker", arbiter: null, judge: null },
    acceptance: [{ name: "true", command: "true", timeoutMs: null, protected: [] }],
    parallel: { workers: sessions, planners: 1 },
    limits: { ...limitDefaults, tasksPerTurnMax: Math.max(sessions, limitDefaults.tasksPerTurnMax) },
    directory: folder,
    identity: "Longhaul bench <bench@example.invalid>",
  };
}

async function drive(
  order: ModelOrder,
  run: RunId,
  inside: Inside,
  database: Database,
  counts: Counts,
): Promise<EngineFigures> {
  const { meter } = inside;
  let before: Totals | null = null;
  let after: { phases: Meter["ms"]; totals: Totals; window: number } | null = null;
  const gauge = new Gauge(
    order.sessions,
    async () => {
      meter.clear();
      before = { ...totalsNow(counts), databaseBytes: await bytesOf(database) };
    },
    async () => {
      const phases = structuredClone(meter.ms);
      const totals = totalsNow(counts);
      after = {
        phases,
        totals: { ...totals, databaseBytes: await bytesOf(database) },
        window: await windowOf(database),
      };
    },
  );
  const ports: Ports = meteredPorts(inside);
  const agents = gaugedAgents(meter, gauge, order.sessions, ports.agents);
  const me = { id: "bench" as EngineId, host: hostname(), pid: process.pid };
  const start = await startEngine({ ...ports, agents }, { run, me, isDead: () => true });
  if (!start.ok) throw new Error("the run is held by somebody else");
  const end = await start.engine.drive();
  if (end.kind !== "ended" || end.state.outcome !== "achieved")
    throw new Error(`the run ended: ${JSON.stringify(end)}`);
  const gauged = await gauge.result();
  return { ...gauged, ...figuresOf(before, after) };
}

function figuresOf(
  before: Totals | null,
  after: { phases: Meter["ms"]; totals: Totals; window: number } | null,
): Omit<EngineFigures, keyof Gauged> {
  if (!before || !after) throw new Error("the phase that counts never came");
  const { phases, totals, window } = after;
  return {
    phases,
    window,
    statements: totals.statements - before.statements,
    processes: totals.processes - before.processes,
    processStartMs: totals.processStartMs - before.processStartMs,
    childCpuMs: totals.childCpuMs - before.childCpuMs,
    databaseBytes: totals.databaseBytes - before.databaseBytes,
  };
}

const totalsNow = ({ statements, startMs }: Counts): Omit<Totals, "databaseBytes"> => ({
  statements,
  processes: startMs.length,
  processStartMs: startMs.reduce((sum, ms) => sum + ms, 0),
  childCpuMs: childCpuMs() ?? NaN,
});

async function bytesOf({ db, lockRows }: Database): Promise<number> {
  const query = lockRows
    ? sql<{ bytes: number }>`select pg_database_size(current_database()) as bytes`
    : sql<{ bytes: number }>`select page_count * page_size as bytes from pragma_page_count, pragma_page_size`;
  return Number((await query.execute(db)).rows[0]?.bytes);
}

/** Calls at once that the credential allows by now. */
async function windowOf({ db }: Database): Promise<number> {
  const { state } = await db.selectFrom("credentials").select("state").executeTakeFirstOrThrow();
  return (JSON.parse(state) as Credential).window;
}

console.log(JSON.stringify(await runCase(JSON.parse(process.argv[2] ?? "") as ModelOrder)));
