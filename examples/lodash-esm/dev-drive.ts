/**
 * Runs the whole example without the engine: planner turns, tasks in dependency order in real workspaces, landings with
 * real merges, acceptance and the judge. `dev-drive.ts FOLDER [WORKERS] [SEED]`: with several workers, as many ready
 * tasks as that start from the same trunk and land one after the other in an order drawn from the seed, so all but the
 * first may be sent back.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { BriefMessage, ConflictFile, JudgeBrief, PlannerBrief, WorkerBrief } from "../../src/domain/brief.ts";
import type { Handoff } from "../../src/domain/handoff.ts";
import type { PlannerAction } from "../../src/domain/plan.ts";
import { readScore, scoresOf, type AcceptanceResult, type CycleRecord } from "../../src/domain/verdict.ts";
import type { Judgement } from "./judge.ts";
import config from "./longhaul.config.ts";
import { prepare } from "./prepare.ts";
import { handoff } from "./program.ts";

type DrivenTask = {
  id: string;
  planner: DrivenPlanner;
  name: string;
  title: string;
  instructions: string;
  paths: string[];
  dependsOn: string[];
  agent: string;
  status: string;
};
type DrivenPlanner = {
  id: string;
  parent: DrivenPlanner | null;
  depth: number;
  name: string;
  question: string;
  paths: string[];
  scratchpad: string;
  inbox: BriefMessage[];
  status: string;
  tasks: DrivenTask[];
  planners: DrivenPlanner[];
};
export type DriveResult = {
  verdict: string;
  cycles: number;
  tasks: number;
  planners: number;
  depth: number;
  conflicts: number;
  commit: string;
  tree: string;
  scores: { [name: string]: number };
};

export async function drive(
  folder: string,
  workers: number,
  seed: number,
  log: (line: string) => void,
): Promise<DriveResult> {
  const base = prepare(folder);
  return new Drive(resolve(folder), base, workers, seed, log).run();
}

class Drive {
  readonly history: CycleRecord[] = [];
  conflicts = 0;
  depth = 0;
  private ids = 0;
  private tasks: DrivenTask[] = [];
  private planners: DrivenPlanner[] = [];
  private readonly all = { tasks: 0, planners: 0 };
  private readonly work = mkdtempSync(join(tmpdir(), "lodash-esm-"));
  private readonly repo: string;
  private tip: string;
  private readonly workers: number;
  private seed: number;
  private readonly log: (line: string) => void;

  constructor(repo: string, tip: string, workers: number, seed: number, log: (line: string) => void) {
    this.repo = repo;
    this.tip = tip;
    this.workers = workers;
    this.seed = seed;
    this.log = log;
  }

  async run(): Promise<DriveResult> {
    let judgement: Judgement = { verdict: "continue", summary: "", brief: "" };
    let scores: { [name: string]: number } = {};
    while (judgement.verdict === "continue" && this.history.length < config.limits.cyclesMax) {
      await this.cycle(judgement.brief);
      const acceptance = await this.accept();
      scores = scoresOf(acceptance);
      const landed = this.tasks.filter((task) => task.status === "landed").length;
      const failed = this.tasks.filter((task) => task.status === "failed").length;
      const brief: JudgeBrief = {
        ...this.head("judge", judgement.brief),
        role: "judge",
        acceptance,
        tasks: { landed, failed, cancelled: 0 },
        handoffs: [],
      };
      judgement = JSON.parse(await this.program("judge", this.repo, brief)) as Judgement;
      this.history.push({
        number: this.history.length + 1,
        verdict: judgement.verdict,
        summary: judgement.summary,
        landed,
        scores,
      });
      this.log(
        `cycle ${this.history.length}: ${judgement.verdict}: ${judgement.summary} (${landed} landed, ${failed} failed)`,
      );
      this.log(judgement.brief);
    }
    rmSync(this.work, { recursive: true, force: true });
    const tree = this.git(this.repo, "rev-parse", `${this.tip}^{tree}`);
    return {
      verdict: judgement.verdict,
      cycles: this.history.length,
      ...this.all,
      depth: this.depth,
      conflicts: this.conflicts,
      commit: this.tip,
      tree,
      scores,
    };
  }

  private async cycle(brief: string): Promise<void> {
    this.tasks = [];
    this.planners = [];
    const root = this.planner(null, "root", "How does the package become ES modules?", []);
    await this.turn(root, brief);
    for (;;) {
      const waiting = this.planners.find(
        (planner) => planner.status === "active" && (planner.inbox.length > 0 || planner.scratchpad === ""),
      );
      if (waiting) await this.turn(waiting, brief);
      else if (!(await this.round(brief))) return;
    }
  }

  private planner(parent: DrivenPlanner | null, name: string, question: string, paths: string[]): DrivenPlanner {
    const planner = {
      id: `p${++this.ids}`,
      parent,
      depth: parent ? parent.depth + 1 : 0,
      name,
      question,
      paths,
      scratchpad: "",
      inbox: [],
      status: "active",
      tasks: [],
      planners: [],
    };
    this.planners.push(planner);
    this.all.planners++;
    this.depth = Math.max(this.depth, planner.depth);
    parent?.planners.push(planner);
    return planner;
  }

  private async turn(planner: DrivenPlanner, cycleBrief: string): Promise<void> {
    const row = ({ id, name, title, status }: DrivenTask) => ({ id, name, title, status, reason: null });
    const brief: PlannerBrief = {
      ...this.head("planner", cycleBrief),
      role: "planner",
      planner: { ...planner, parent: planner.parent?.id ?? null },
      scratchpad: planner.scratchpad,
      inbox: planner.inbox.splice(0),
      tasks: planner.tasks.map(row),
      tasksOmitted: 0,
      planners: planner.planners.map(({ id, name, question, status }) => ({ id, name, question, status })),
      refusals: [],
      limits: { depthLeft: 4 - planner.depth, tasksPerTurnMax: 200, dependenciesPerTaskMax: 100, openTasksLeft: 5000 },
    };
    const { actions } = JSON.parse(
      await this.program("planner", this.repo, {
        ...brief,
        planner: { ...brief.planner, tasks: undefined, planners: undefined, inbox: undefined },
      }),
    ) as { actions: PlannerAction[] };
    for (const action of actions) this.apply(planner, action);
    const open =
      planner.tasks.some((task) => task.status === "ready") || planner.planners.some((one) => one.status === "active");
    if (!open && planner.status === "active" && planner.inbox.length === 0) this.end(planner, handoff(""));
  }

  private apply(planner: DrivenPlanner, action: PlannerAction): void {
    if (action.type === "create_task") {
      const task = {
        ...action,
        id: `t${++this.ids}`,
        planner,
        agent: action.agent ?? config.roles.worker,
        status: "ready",
      };
      planner.tasks.push(task);
      this.tasks.push(task);
      this.all.tasks++;
    } else if (action.type === "spawn_planner") this.planner(planner, action.name, action.question, action.paths);
    else if (action.type === "write_scratchpad") planner.scratchpad = action.text;
    else if (action.type === "finish_scope") this.end(planner, action.handoff);
  }

  private end(planner: DrivenPlanner, report: Handoff): void {
    planner.status = "done";
    planner.parent?.inbox.push({
      id: `m${++this.ids}`,
      at: 0,
      kind: "planner_ended",
      planner: planner.id,
      name: planner.name,
      status: "done",
      handoff: report,
    });
    if (!planner.parent) this.log(JSON.stringify(report, null, 1));
  }

  /** As many ready tasks as there are workers, from one trunk. */
  private async round(cycleBrief: string): Promise<boolean> {
    const landed = (task: DrivenTask) =>
      task.dependsOn.every((name) =>
        task.planner.tasks.some((other) => other.name === name && other.status === "landed"),
      );
    const ready = this.tasks.filter((task) => task.status === "ready" && landed(task)).slice(0, this.workers);
    const from = this.tip;
    const spaces = ready.map((task) => ({ task, path: join(this.work, task.id) }));
    for (const { path } of spaces) this.git(this.repo, "worktree", "add", "--quiet", "--detach", path, from);
    const outs = await Promise.all(
      spaces.map(async ({ task, path }) => ({
        task,
        path,
        out: await this.program(task.agent, path, this.workBrief(task, path, cycleBrief, null)),
      })),
    );
    for (const { task, path, out } of this.shuffled(outs)) {
      let result = JSON.parse(out) as { status?: string; handoff: Handoff };
      if (result.status !== "nothing_to_do" && result.status !== "failed") {
        this.commit(path, task.title);
        const files = this.merge(path, from);
        if (files.length > 0) {
          this.conflicts++;
          const again = await this.program(task.agent, path, this.workBrief(task, path, cycleBrief, files));
          result = { ...result, ...(JSON.parse(again) as object), handoff: result.handoff };
          this.commit(path, task.title);
        }
        this.tip = this.git(path, "rev-parse", "HEAD");
      }
      this.git(this.repo, "worktree", "remove", "--force", path);
      task.status = result.status === "failed" ? "failed" : "landed";
      task.planner.inbox.push({
        id: `m${++this.ids}`,
        at: 0,
        kind: "task_ended",
        task: task.id,
        name: task.name,
        status: task.status,
        commit: this.tip,
        handoff: result.handoff,
      });
    }
    this.git(this.repo, "reset", "--quiet", "--hard", this.tip);
    return ready.length > 0;
  }

  /** Merges the trunk into the work; the files in conflict, each version beside the workspace. */
  private merge(path: string, from: string): ConflictFile[] {
    try {
      this.git(path, "merge", "--quiet", "--no-edit", this.tip);
      return [];
    } catch (error) {
      const names = this.git(path, "diff", "--name-only", "--diff-filter=U").split("\n").filter(Boolean);
      if (names.length === 0) throw error;
      const folder = mkdtempSync(join(this.work, "versions-"));
      const version = (commit: string, label: string, name: string): string | null => {
        try {
          const text = execFileSync("git", ["show", `${commit}:${name}`], {
            cwd: path,
            stdio: ["ignore", "pipe", "ignore"],
          });
          mkdirSync(join(folder, label, name, ".."), { recursive: true });
          writeFileSync(join(folder, label, name), text);
          return join(folder, label, name);
        } catch {
          return null; // The path does not exist in that version.
        }
      };
      return names.map((name) => ({
        path: name,
        base: version(from, "base", name),
        trunk: version(this.tip, "trunk", name),
        yours: version("HEAD", "yours", name),
      }));
    }
  }

  private workBrief(
    task: DrivenTask,
    workspace: string,
    cycleBrief: string,
    files: ConflictFile[] | null,
  ): WorkerBrief {
    const { id, name, title, instructions, paths } = task;
    return {
      ...this.head("worker", cycleBrief),
      role: "worker",
      workspace,
      task: { id, name, title, instructions, paths, acceptance: "", attempt: 1 },
      dependencies: [],
      earlier: [],
      sentBack: files ? { kind: "conflict", tip: this.tip, files } : null,
    };
  }

  private head(role: string, brief: string) {
    return {
      version: 1 as const,
      session: `${role}-${++this.ids}`,
      run: { id: "r1", goal: "lodash as ES modules" },
      cycle: { number: this.history.length + 1, brief, history: this.history },
      workspace: this.repo,
      base: this.tip,
      deadline: { softAt: 0, hardAt: 0, handOffFile: "" },
    };
  }

  private async accept(): Promise<AcceptanceResult[]> {
    const results: AcceptanceResult[] = [];
    for (const { name, command } of [...config.checks, ...config.acceptance]) {
      const started = performance.now();
      const { code, output } = await run(["sh", "-c", command], this.repo, "");
      const ms = Math.round(performance.now() - started);
      this.log(`${name}: exit ${code} in ${ms} ms: ${output.trim().split("\n").slice(-2).join("; ")}`);
      if (config.acceptance.some((one) => one.name === name))
        results.push({ name, command, passed: code === 0, exitCode: code, score: readScore(output), ms, output });
      else if (code !== 0) throw new Error(output);
    }
    return results;
  }

  private async program(agent: string, cwd: string, brief: object): Promise<string> {
    const { code, output } = await run(
      config.agents[agent as keyof typeof config.agents].command,
      cwd,
      JSON.stringify(brief),
    );
    if (code !== 0) throw new Error(`${agent} ended with ${code}: ${output}`);
    return output;
  }

  private commit(path: string, message: string): void {
    this.git(path, "add", "--all");
    this.git(path, "commit", "--quiet", "--allow-empty", "--message", message);
  }

  private git(cwd: string, ...args: string[]): string {
    const settings = [
      "user.name=drive",
      "user.email=drive@longhaul.invalid",
      "commit.gpgsign=false",
      "core.hooksPath=/dev/null",
    ];
    return execFileSync("git", [...settings.flatMap((s) => ["-c", s]), ...args], {
      cwd,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  }

  private shuffled<T>(items: T[]): T[] {
    const next = () => (this.seed = (Math.imul(this.seed, 1_103_515_245) + 12_345) >>> 0);
    return items
      .map((item) => ({ item, at: next() }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ item }) => item);
  }
}

function run(argv: string[], cwd: string, input: string): Promise<{ code: number | null; output: string }> {
  return new Promise((done, reject) => {
    const child = spawn(argv[0]!, argv.slice(1), {
      cwd,
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, LONGHAUL_CONFIG_DIR: import.meta.dirname },
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.on("error", reject).on("close", (code) => done({ code, output }));
    child.stdin.on("error", () => undefined).end(input); // A program that does not read its brief closes the pipe.
  });
}

if (import.meta.main) {
  const started = performance.now();
  const [folder, workers, seed] = process.argv.slice(2);
  if (folder === undefined) throw new Error("usage: dev-drive.ts FOLDER [WORKERS] [SEED]");
  const result = await drive(folder, Number(workers ?? 1), Number(seed ?? 1), console.log);
  console.log(JSON.stringify({ ...result, seconds: Math.round((performance.now() - started) / 100) / 10 }, null, 2));
}
