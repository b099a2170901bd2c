/**
 * Drives a run in this process: wires the real ports together, shows the live view, turns signals into pauses, and
 * says at the end what came of it.
 */
import { rm, statfs } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { environment, ownMounts } from "../config.ts";
import { assertNever } from "../domain/assert.ts";
import type { EngineId } from "../domain/ids.ts";
import type { PauseReason, Run } from "../domain/run.ts";
import { startEngine, type Engine, type EngineEnd, type Ports } from "../engine/engine.ts";
import { Mounts } from "../git/mounts.ts";
import { openGitTrunk, type GitTrunk } from "../git/trunk.ts";
import { createCommands } from "../processes/commands.ts";
import { allowedEnvironment } from "../processes/environment.ts";
import { freeMemoryBytes } from "../processes/memory.ts";
import { openProcesses, type Processes } from "../processes/processes.ts";
import { isDead } from "./engine-process.ts";
import { outliveReader, report } from "./output.ts";
import { exitCodes, RefusedError } from "./exit.ts";
import type { Project } from "./project.ts";
import { followRun, type FollowOptions } from "./follow.ts";
import { openDoors, runAgents, type Doors } from "./run-agents.ts";
import { openSandbox, type OpenSandbox } from "./sandbox.ts";

const clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  timer(ms: number, fire: () => void) {
    const timer = setTimeout(fire, ms);
    return () => clearTimeout(timer);
  },
};

/** Runs until the run ends or pauses for good; answers the exit code. */
export async function drive(project: Project, run: Run, options: FollowOptions): Promise<number> {
  outliveReader();
  const processes = openProcesses();
  const doors = openDoors(run.config, report);
  let sandbox: OpenSandbox | null = null;
  let trunk: GitTrunk | null = null;
  try {
    sandbox = openSandbox(processes.groups, run.config, project.stateFolder, report);
    trunk = await openTrunk(project, run, sandbox);
    const ports = await openPorts(project, run, trunk, { ...processes, groups: sandbox.groups }, doors);
    const me = {
      id: `${hostname()}-${process.pid}-${Date.now().toString(36)}` as EngineId,
      host: hostname(),
      pid: process.pid,
    };
    const start = await startEngine(ports, { run: run.id, me, isDead });
    if (!start.ok) {
      const { host, pid } = start.holder;
      throw new RefusedError(
        `Run ${run.id} is driven by another engine: process ${pid} on ${host}. Watch it with: longhaul status`,
      );
    }
    return await follow(project, run, start.engine, options);
  } finally {
    await doors.stop();
    await processes.stop();
    await trunk?.close().catch(report);
    sandbox?.close();
  }
}

async function follow(project: Project, run: Run, engine: Engine, options: FollowOptions): Promise<number> {
  const signals = onSignals(engine);
  const view = followRun(project, run, options);
  try {
    const end = await engine.drive();
    await view.end(end);
    // What sessions keep for the case that they go on; none does any more.
    if (end.kind === "ended") await rm(join(project.stateFolder, "sessions", run.id), { recursive: true, force: true });
    // A run that has ended has a result of its own, also when somebody resumed it after the signal.
    return end.kind === "ended" ? exitCodeOfEnd(end) : (signals.exitCode() ?? exitCodeOfEnd(end));
  } catch (error) {
    await view.end(null);
    throw error;
  } finally {
    signals.off();
  }
}

function openTrunk(
  { repository, stateFolder }: Project,
  { config }: Run,
  { seesMounts }: OpenSandbox,
): Promise<GitTrunk> {
  const [, name = "", email = ""] = /^(.*) <(.*)>$/.exec(config.identity) ?? [];
  const mounts = ownMounts && seesMounts && config.workspaces !== "copied" ? new Mounts() : null;
  return openGitTrunk({
    repository,
    stateFolder,
    environment,
    identity: { name, email },
    signOff: config.signOff,
    mounts,
    sparse: config.workspaces === "sparse",
  });
}

async function openPorts(
  project: Project,
  run: Run,
  trunk: GitTrunk,
  { groups, leftovers }: Processes,
  doors: Doors,
): Promise<Ports> {
  const { limits, publish, directory } = run.config;
  const killGraceMs = limits.killGraceMs;
  return {
    store: project.store,
    trunk,
    remote: publish && trunk.remote(publish),
    agents: await runAgents(run.config, project.stateFolder, groups, doors, report),
    commands: createCommands({
      groups,
      environment: { ...allowedEnvironment(environment), LONGHAUL_CONFIG_DIR: directory },
      killGraceMs,
    }),
    machine: {
      async freeDiskBytes() {
        const { bavail, bsize } = await statfs(project.stateFolder);
        return bavail * bsize;
      },
      freeMemoryBytes,
    },
    leftovers,
    clock,
    random: Math.random,
  };
}

/** Ctrl-C and SIGTERM: first drain, then cut. */
function onSignals(engine: Engine) {
  let code: number | null = null;
  const handle = (signal: NodeJS.Signals) => {
    code ??= signal === "SIGINT" ? exitCodes.interrupted : exitCodes.terminated;
    engine.interrupt().catch(() => process.exit(code ?? exitCodes.failed)); // The store is gone: nothing is left to save.
  };
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  return {
    exitCode: () => code,
    off() {
      process.off("SIGINT", handle);
      process.off("SIGTERM", handle);
    },
  };
}

const pauseCodes: { [R in PauseReason]?: number } = { budget: exitCodes.budget, environment: exitCodes.environment };

function exitCodeOfEnd(end: EngineEnd): number {
  switch (end.kind) {
    case "ended":
      return end.state.outcome === "achieved" ? exitCodes.ok : exitCodes.failed;
    case "paused":
      return pauseCodes[end.state.reason] ?? exitCodes.failed;
    case "taken_over":
      return exitCodes.failed;
    default:
      return assertNever(end, "end");
  }
}
