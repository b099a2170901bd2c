/** `longhaul run` and `longhaul resume`. */
import { readFile, statfs } from "node:fs/promises";
import { resolve as resolvePath } from "node:path";
import { loadPrompts } from "../agents/prompts/prompts.ts";
import { environment, loadConfig } from "../config.ts";
import { toMicroUsd } from "../config/resolve.ts";
import { makeRunId } from "../domain/ids.ts";
import type { RunConfig, SandboxChoice } from "../domain/run-config.ts";
import { resume as resumeRun, type Changes } from "../engine/control.ts";
import { Git } from "../git/git-process.ts";
import { openGitTrunk } from "../git/trunk.ts";
import { findRepository } from "../git/user-repository.ts";
import { openingLines } from "../terminal/estimate.ts";
import { requireAgents } from "./agent-needs.ts";
import { readConfig, sayChosen } from "./choose-config.ts";
import { drive } from "./drive.ts";
import { engineOf } from "./engine-process.ts";
import { estimateFor } from "./estimate.ts";
import { exitCodes, RefusedError, UsageError } from "./exit.ts";
import type { Common } from "./inspect.ts";
import { print, printJson, say } from "./output.ts";
import { chooseRun, openProject, unwritable, withProject, type Project } from "./project.ts";
import { requireAtBase, requireCommitted } from "./protected-files.ts";
import { requireSandbox } from "./sandbox.ts";

export type RunOptions = {
  goalFile?: string;
  config?: string;
  workers?: number;
  planners?: number;
  sandbox?: SandboxChoice;
  json?: boolean;
};

export async function run(goalText: string | undefined, options: RunOptions): Promise<number> {
  const goal = await readGoal(goalText, options.goalFile);
  const repository = await findRepository(new Git(environment), process.cwd());
  const loaded = await readConfig(repository.topLevel, options);
  const config = withOptions(loaded.config, options);
  requireAgents(config);
  requireSandbox(config);
  await requireCommitted(repository, config, configPlace(options));
  await loadPrompts(config.prompts); // Its faults are the operator's, and are said before anything begins.
  const max = config.limits.goalBytesMax;
  if (Buffer.byteLength(goal) > max)
    throw new UsageError(
      `The goal has ${Buffer.byteLength(goal)} bytes, at most ${max} are allowed (goalBytesMax): put the details into files of the repository.`,
    );
  sayChosen(loaded);
  for (const line of openingLines(await estimateFor(repository, config))) say(line);
  const project = await openProject(true);
  try {
    const created = await createRun(project, goal, config).catch(async (cause: unknown) => {
      throw (await isDiskFull(project, config)) ? unwritable(project.stateFolder, cause) : cause;
    });
    return await drive(project, created, { json: options.json ?? false, resumed: false });
  } finally {
    await project.store.close();
  }
}

/** As for a session that fails: with less room than that, it is the disk's fault. */
async function isDiskFull({ stateFolder }: Project, { limits }: RunConfig): Promise<boolean> {
  const { bavail, bsize } = await statfs(stateFolder);
  return bavail * bsize < limits.diskFreeBytesMin;
}

const configPlace = ({ config }: { config?: string }) => config ?? "the configuration";

async function readGoal(text: string | undefined, file: string | undefined): Promise<string> {
  if ((text === undefined) === (file === undefined))
    throw new UsageError('Say what to reach, once: longhaul run "GOAL", or --goal-file FILE.');
  const goal =
    file === undefined
      ? text
      : await readFile(file, "utf8").catch((cause: unknown) => {
          throw new UsageError(
            `The goal file cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
            { cause },
          );
        });
  if (!goal?.trim()) throw new UsageError("The goal is empty.");
  return goal;
}

function withOptions(config: RunConfig, { workers, planners, sandbox }: RunOptions): RunConfig {
  const { parallel } = config;
  return {
    ...config,
    parallel: { workers: workers ?? parallel.workers, planners: planners ?? parallel.planners },
    sandbox: sandbox ?? config.sandbox,
  };
}

async function createRun(project: Project, goal: string, config: RunConfig) {
  const trunk = await openGitTrunk({ repository: project.repository, stateFolder: project.stateFolder, environment });
  const { base, dirty, unborn } = await trunk.resolveBase();
  const id = makeRunId(Math.random);
  await trunk.begin(id, base);
  await trunk.close();
  await project.store.createRun({ id, repository: project.repository.topLevel, goal, config, base });
  say(
    `Run ${id} starts from ${unborn ? "an empty tree (this repository has no commit yet)" : `commit ${base.slice(0, 10)}`}; your working copy and branches are not touched.`,
  );
  if (dirty > 0)
    say(
      `Note: ${dirty} uncommitted ${dirty === 1 ? "change is" : "changes are"} not part of the run; commit them first if they should be.`,
    );
  const created = await project.views.run(id);
  if (!created) throw new Error(`run ${id} was not stored`);
  return created;
}

export type ResumeOptions = Common & { config?: string; budgetUsd?: number; budgetTokens?: number };

export function resume(options: ResumeOptions): Promise<number> {
  return withProject(false, async (project) => {
    const chosen = await chooseRun(project, options.run);
    if (chosen.state.status === "ended") {
      say(`Run ${chosen.id} has ended (${chosen.state.outcome}); publishing its branches again.`);
      return drive(project, chosen, { json: options.json ?? false, resumed: true });
    }
    const holder = engineOf(chosen);
    if (holder && options.config !== undefined)
      throw new RefusedError(
        `Run ${chosen.id} is driven by process ${holder.pid} on ${holder.host}, which has read its configuration: stop it first (Ctrl-C there), then resume with the new one.`,
      );
    const changes = await readChanges(options);
    if (changes.config) await requireAtBase(project, chosen, changes.config, configPlace(options));
    const answer = await resumeRun(project.store, chosen.id, changes);
    if (!answer.ok) throw new RefusedError(answer.why);
    if (holder) {
      if (options.json) printJson({ run: chosen.id, resumed: true, engine: holder.pid });
      else print(`Run ${chosen.id} goes on in process ${holder.pid} on ${holder.host}.`);
      return exitCodes.ok;
    }
    const resumed = await project.views.run(chosen.id);
    if (!resumed) throw new Error(`run ${chosen.id} has vanished`);
    return drive(project, resumed, { json: options.json ?? false, resumed: true });
  });
}

async function readChanges({ config: path, budgetUsd, budgetTokens }: ResumeOptions): Promise<Changes> {
  const budget = {
    ...(budgetUsd !== undefined && { microUsd: toMicroUsd(budgetUsd) }),
    ...(budgetTokens !== undefined && { tokens: budgetTokens }),
  };
  if (path === undefined) return { budget };
  const { config } = await loadConfig(resolvePath(path));
  requireAgents(config);
  requireSandbox(config);
  await loadPrompts(config.prompts);
  return { config, budget };
}

/** Ends a stopping run whose engine is gone. */
export function finishStop(options: Common): Promise<number> {
  return withProject(false, async (project) => {
    await drive(project, await chooseRun(project, options.run), { json: options.json ?? false, resumed: true });
    return exitCodes.ok;
  });
}
