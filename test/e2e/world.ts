/**
 * A world for one test: a repository of its user, agents written by the test, and the real `longhaul` in processes of
 * its own. Invariant: when the test is over, however it ended, nothing of it lives and nothing of it is left on disk.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished, vi } from "vitest";
import type { Config } from "../../src/config.ts";
import type { Event } from "../../src/domain/event.ts";
import type { RunView, TaskView } from "../../src/engine/views.ts";
import { agentTools, type ArbiterTools, type JudgeTools, type PlannerTools, type WorkerTools } from "./agent-tools.ts";
import { startLonghaul, type Ended, type Running } from "./command.ts";
import { kill, noneLeft, processesWith } from "./process-table.ts";
import { until } from "./until.ts";

vi.setConfig({ testTimeout: 180_000 });

type Program<T> = (tools: T) => void | Promise<void>;

export type Setup = {
  planner: Program<PlannerTools>;
  worker: Program<WorkerTools>;
  arbiter?: Program<ArbiterTools>;
  judge?: Program<JudgeTools>;
  /** For `tools.data`. */
  data?: string;
} & Omit<Partial<Config>, "roles" | "agents"> & { costUsd?: number };

/** So that nothing waits longer than it has to. */
const quickLimits = {
  pollMs: 200,
  retryBackoffMs: 20,
  retryBackoffMsMax: 100,
  killGraceMs: 300,
  leaseMs: 6_000,
  drainMs: 60_000,
  commandMs: 60_000,
};

export type WorldOptions = { files?: { [path: string]: string }; databaseUrl?: string; commit?: boolean };

export function makeWorld(options: WorldOptions = {}): World {
  const world = new World(realpathSync(mkdtempSync(join(tmpdir(), "longhaul-e2e-"))), options);
  onTestFinished(() => world.end());
  return world;
}

export class World {
  readonly folder: string;
  readonly repository: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly #running = new Set<Running>();

  constructor(folder: string, { files = { "README.md": "# A project\n" }, databaseUrl, commit = true }: WorldOptions) {
    this.folder = folder;
    this.repository = join(folder, "repository");
    this.environment = {
      PATH: `${join(folder, "bin")}:${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
      HOME: join(folder, "home"),
      LANG: "C.UTF-8",
      ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
    };
    for (const name of ["home", "bin", "gates", "notes", "agents", "repository"]) mkdirSync(join(folder, name));
    this.write("home/.gitconfig", "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n");
    this.git("init", "--quiet");
    for (const [path, text] of Object.entries(files)) this.write(join("repository", path), text);
    if (!commit) return;
    this.git("add", "--all");
    this.git("commit", "--quiet", "--message", "Start");
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Below the world's folder. */
  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  /** In the user's repository, as the user. Answers stdout without the last line end. */
  git(...args: string[]): string {
    const options = { cwd: this.repository, env: this.environment, encoding: "utf8", maxBuffer: 1 << 26 } as const;
    return execFileSync("git", args, options).replace(/\n$/, "");
  }

  /** Writes the agents and the configuration that `run` uses; it lies outside of the repository. */
  configure({ planner, worker, arbiter, judge, data = "", costUsd, ...config }: Setup): void {
    const cost = costUsd === undefined ? {} : { costUsd };
    const agents = {
      plan: { command: this.#program("plan", planner, data) },
      work: { command: this.#program("work", worker, data), ...cost },
      ...(arbiter && { settle: { command: this.#program("settle", arbiter, data) } }),
      ...(judge && { decide: { command: this.#program("decide", judge, data) } }),
    };
    const roles = {
      planner: "plan",
      worker: "work",
      ...(arbiter && { arbiter: "settle" }),
      ...(judge && { judge: "decide" }),
    };
    // These agents meet the test in its own files, which no sandbox lets them see.
    this.writeConfig({ agents, roles, sandbox: "none", ...config });
  }

  /** The configuration that `run` uses, with limits that make nothing wait longer than it has to. */
  writeConfig({ limits, ...config }: Config): void {
    const all = { ...config, limits: { ...quickLimits, ...limits } };
    this.write("longhaul.config.json", JSON.stringify(all, null, 2));
  }

  #program<T>(name: string, program: Program<T>, data: string): [string, string] {
    const made = `(${agentTools.toString()})(${JSON.stringify(data)})`;
    this.write(`agents/${name}.mjs`, `const program = ${program.toString()};\nawait program(${made});\n`);
    return [process.execPath, join(this.folder, "agents", `${name}.mjs`)];
  }

  /** Runs `longhaul` to its end. */
  async longhaul(...args: string[]): Promise<Ended> {
    const running = this.start(...args);
    const ended: { is: Ended | null } = { is: null };
    void running.ended.then((end) => (ended.is = end));
    return until(`longhaul ${args.join(" ")} to end`, () => ended.is, running.stderr);
  }

  start(...args: string[]): Running {
    return this.startIn(this.repository, args);
  }

  startIn(directory: string, args: string[], environment: NodeJS.ProcessEnv = {}, before: string[] = []): Running {
    const running = startLonghaul(args, { directory, environment: { ...this.environment, ...environment }, before });
    this.#running.add(running);
    return running;
  }

  /** Starts a run of what is configured, in the background. */
  async startRun(...args: string[]): Promise<Running & { run: string }> {
    const running = this.start("run", "Do it", "--config", join(this.folder, "longhaul.config.json"), ...args);
    const [, run = ""] = await running.says(/^Run (\S+) starts/m);
    return { ...running, run };
  }

  /** A run from its start to its end. */
  async finishRun(...args: string[]): Promise<Ended & { run: string }> {
    const { run, ended } = await this.startRun(...args);
    return { run, ...(await ended) };
  }

  /** What a command prints with `--json`; it has to succeed. */
  async json<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.longhaul(...args, "--json");
    if (code !== 0) throw new Error(`longhaul ${args.join(" ")} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }

  status(): Promise<RunView> {
    return this.json<RunView>("status");
  }

  tasks(): Promise<(Omit<TaskView, "id" | "session"> & { id: string; session: string | null })[]> {
    return this.json("tasks");
  }

  async events(): Promise<Event[]> {
    return jsonLines<Event>((await this.longhaul("events", "--json")).stdout);
  }

  /** What agents have noted under this name, in that order. */
  notes<T>(name: string): T[] {
    const path = join(this.folder, "notes", name);
    return existsSync(path) ? jsonLines<T>(readFileSync(path, "utf8")) : [];
  }

  /** An agent waits at this gate. */
  async reached(gate: string): Promise<void> {
    await until(
      `an agent at the gate ${gate}`,
      () => existsSync(join(this.folder, "gates", `${gate}.reached`)),
      () => [...this.#running].map((running) => running.stderr()).join("\n---\n"),
    );
  }

  open(gate: string): void {
    this.write(`gates/${gate}.open`, "");
  }

  /** Everything that this world started and that lives: their home is here. */
  processes(): ReturnType<typeof processesWith> {
    return processesWith(`HOME=${this.environment["HOME"]}`);
  }

  /** From now on this command of git, with these arguments, waits at the gate `git-COMMAND`. */
  slowGit(command: string): void {
    const gate = this.path(`gates/git-${command.split(" ", 1)[0]}`);
    const real = execFileSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).trim();
    const waits = `: > ${gate}.reached; while [ ! -e ${gate}.open ]; do sleep 0.02; done`;
    this.write("bin/git.new", `#!/bin/sh\ncase " $* " in *" ${command} "*) ${waits};; esac\nexec ${real} "$@"\n`);
    chmodSync(this.path("bin/git.new"), 0o755);
    renameSync(this.path("bin/git.new"), this.path("bin/git"));
  }

  async end(): Promise<void> {
    for (const { pid, signal } of this.#running) if (pid > 0) signal("SIGKILL");
    for (const { pid } of this.processes()) kill(pid);
    await noneLeft(`HOME=${this.environment["HOME"]}`);
    await Promise.allSettled([...this.#running].map(({ ended }) => ended));
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

export function jsonLines<T>(text: string): T[] {
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);
}

/** The landed commits of a run's branch, oldest first. */
export function landings(world: World, run: string): { commit: string; subject: string; trailers: string[] }[] {
  const format = "%H%x00%s%x00%(trailers:only,unfold,separator=%x2c)%x1e";
  return world
    .git("log", "--reverse", `--format=${format}`, `longhaul/${run}`)
    .split("\x1e")
    .map((entry) => entry.trim().split("\0"))
    .filter(([, , trailers]) => trailers?.includes("Longhaul-Run"))
    .map(([commit = "", subject = "", trailers = ""]) => ({ commit, subject, trailers: trailers.split(",") }));
}
