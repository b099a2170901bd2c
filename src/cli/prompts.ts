/** `longhaul prompts show`: a template, or exactly what an agent would be told, or what a session was told. */
import { join } from "node:path";
import { toolTexts, type ToolText } from "../agents/tools/tool-texts.ts";
import { loadPrompts, renderBrief, renderOwnTools } from "../agents/prompts/prompts.ts";
import { isRolePrompt, promptNames, type PromptName } from "../agents/prompts/variables.ts";
import { outsideToolsFor, toolsFor } from "../agents/tools/tools.ts";
import { wayToTools } from "../agents/acp/way-to-tools.ts";
import type { Brief } from "../domain/brief.ts";
import { idText, parseId, type PlannerId, type TaskId } from "../domain/ids.ts";
import { coneOf } from "../domain/cone.ts";
import { agentFor, agentsOnOffer, type AgentConfig } from "../domain/run-config.ts";
import { nothingPutBack } from "../domain/protected.ts";
import type { Run } from "../domain/run.ts";
import { roleOf, type Role } from "../domain/session.ts";
import { nothingWeakened } from "../domain/weakened-tests.ts";
import { isOpen } from "../domain/task.ts";
import { judgeBrief, plannerBrief, taskBrief, type Place } from "../engine/briefs.ts";
import { agentOfTask } from "../engine/queueing.ts";
import type { Transition } from "../engine/store-port.ts";
import { renderPrompt } from "../terminal/prompt.ts";
import { safeLines } from "../terminal/safe-text.ts";
import { UsageError } from "./exit.ts";
import type { Common } from "./inspect.ts";
import { sessionId } from "./logs.ts";
import { openingOf } from "./opening.ts";
import { print, printJson, say } from "./output.ts";
import { chooseRun, withProject, type Project } from "./project.ts";

export type PromptsOptions = Common & { task?: string; planner?: string; session?: string };

type Shown = {
  /** Of the session that there was, or would be. */
  session: string | null;
  role: Role;
  agent: string;
  model: string | null;
  hash: string;
  system: string;
  message: string;
  tools: ToolText[];
};

export async function showPrompt(name: string | undefined, options: PromptsOptions): Promise<void> {
  const { task, planner, session, run, json } = options;
  if (session !== undefined) return showSession(session, options);
  if (name === undefined || !promptNames.includes(name as PromptName))
    throw new UsageError(
      `${name === undefined ? "Say which prompt" : `There is no prompt "${name}"`}: there are ${promptNames.join(", ")}; --session shows what a session got.`,
    );
  const prompt = name as PromptName;
  if (task === undefined && planner === undefined && run === undefined) return showTemplate(prompt, json ?? false);
  if (!isRolePrompt(prompt)) throw new UsageError(`${name} is no role: only prompts of roles are rendered for a run.`);
  return showRendered(prompt, options);
}

/** Byte for byte, so that it can be saved and changed. */
async function showTemplate(name: PromptName, json: boolean): Promise<void> {
  const { text, hash } = (await loadPrompts())[name];
  if (json) printJson({ name, hash, template: text, tools: isRolePrompt(name) ? toolTexts(toolsFor(name)) : [] });
  else process.stdout.write(text);
}

function showRendered(role: Role, options: PromptsOptions): Promise<void> {
  return withProject(false, async (project) => {
    const run = await chooseRun(project, options.run);
    const told = await briefFor(project, run, role, options);
    const config = run.config.agents[told.agent];
    for (const note of told.notes) say(note);
    if (!config || config.kind === "command") return showProgram(told, config, options.json ?? false);
    const prompts = await loadPrompts(run.config.prompts);
    const agents = agentsOnOffer(run.config, "worker");
    const { system, brief, hash } = renderBrief(prompts, told.brief, { now: told.now, agents });
    const ofAll = { session: null, role, agent: told.agent, hash, message: brief };
    if (config.kind === "model")
      return show({ ...ofAll, model: config.model, system, tools: toolTexts(toolsFor(role)) }, options);
    const { preset, model, ownModel } = config;
    const own = renderOwnTools(prompts, role, wayToTools(preset, join(project.stateFolder, "sessions", run.id, "sN")));
    const tools = toolTexts(outsideToolsFor(role));
    const named = model ?? ownModel ?? "its own model";
    show({ ...ofAll, model: `${preset.name}, ${named}`, system: `${system}\n\n${own}`, tools }, options);
  });
}

/** A program gets its brief as it is. */
function showProgram({ agent, brief }: Told, config: AgentConfig | undefined, json: boolean): void {
  say(
    config
      ? `The agent ${agent} is a program: this is what it gets on stdin, on one line.`
      : `No agent stands in this role: Longhaul decides by the acceptance commands alone.`,
  );
  if (config) (json ? printJson : (value: unknown) => print(JSON.stringify(value, null, 2)))(brief);
}

type Told = { brief: Brief; agent: string; now: number; notes: string[] };

/** In one transition, as the engine would read it. */
function briefFor(project: Project, run: Run, role: Role, options: PromptsOptions): Promise<Told> {
  const session = "sN";
  return project.store.transition(run.id, async (tx): Promise<Told> => {
    const { config, tip } = tx.run;
    const workspace = join(project.stateFolder, "workspaces", run.id, session);
    const { softDeadlineMs, hardDeadlineMs } = config.limits;
    const deadline = { softAt: tx.now + softDeadlineMs, hardAt: tx.now + hardDeadlineMs, handOffFile: "" };
    const placeFor = (scope: readonly string[]): Place => {
      const cone = config.workspaces === "sparse" ? coneOf(scope) : null;
      return { workspace, base: tip, sparse: cone && [...cone], deadline };
    };
    const notes = [
      `What a session of ${run.id} would be told now; its id is not known yet, so it is called ${session}.`,
    ];
    const about = { now: tx.now, notes };
    switch (role) {
      case "worker":
      case "arbiter": {
        const id = taskId(options.task);
        const task = (await tx.tasks([id]))[0];
        if (!task) throw new UsageError(`Run ${run.id} has no task ${options.task} (longhaul tasks shows them).`);
        if (!isOpen(task.state))
          notes.push(`${idText("task", id)} has ended (${task.state.status}): no attempt follows.`);
        const brief = await taskBrief(tx, session, id, placeFor(task.contested ? [] : task.paths), null);
        if (brief.role !== role)
          throw new UsageError(
            `The next session of ${idText("task", id)} is one of a ${brief.role}: longhaul prompts show ${brief.role} --task ${idText("task", id)}`,
          );
        return { ...about, brief, agent: agentOfTask(config, task) };
      }
      case "planner": {
        const id = await plannerId(tx, options.planner);
        const planner = await tx.planner(id);
        if (!planner)
          throw new UsageError(`Run ${run.id} has no planner ${options.planner} (longhaul status shows them).`);
        if (planner.status !== "active") notes.push(`${idText("planner", id)} is ${planner.status}: no turn follows.`);
        const { brief } = await plannerBrief(tx, session, id, placeFor(planner.paths));
        return { ...about, brief, agent: agentFor(config, role, planner.agent, planner.paths) };
      }
      case "judge": {
        const cycle = await tx.cycle();
        if (!cycle) throw new UsageError(`Run ${run.id} has no cycle yet.`);
        if (config.acceptance.length + config.checks.length > 0)
          notes.push("The acceptance commands were not run for this, so their results are not in it.");
        const brief = await judgeBrief(tx, session, cycle.id, placeFor([]), {
          acceptance: [],
          putBack: nothingPutBack,
          tests: nothingWeakened,
        });
        return { ...about, brief, agent: config.roles.judge ?? "" };
      }
    }
  });
}

function taskId(text: string | undefined): TaskId {
  const id = text === undefined ? undefined : parseId("task", text);
  if (id === undefined)
    throw new UsageError(
      text === undefined ? "Say for which task: --task t7." : `"${text}" is not a task: tasks are named t1, t2, …`,
    );
  return id;
}

async function plannerId(tx: Transition, text: string | undefined): Promise<PlannerId> {
  const id = text === undefined ? undefined : parseId("planner", text);
  if (id !== undefined) return id;
  if (text !== undefined && text !== "root")
    throw new UsageError(`"${text}" is not a planner: planners are named p1, p2, … or root.`);
  const cycle = await tx.cycle();
  const root = cycle && (await tx.plannersOfCycle(cycle.id)).find((each) => each.parent === null);
  if (!root) throw new UsageError("There is no planner yet.");
  return root.id;
}

/** What a session really got. */
function showSession(name: string, options: PromptsOptions): Promise<void> {
  const id = sessionId(name);
  return withProject(false, async (project) => {
    const run = await chooseRun(project, options.run);
    const session = await project.views.session(run.id, id);
    if (!session) throw new UsageError(`Run ${run.id} has no session ${name}.`);
    const opening = openingOf(await project.views.firstStep(id));
    if (!opening)
      throw new UsageError(`No model has begun ${name}; what a program was told is in its log: longhaul logs ${name}`);
    const { model, promptHash: hash, system, message } = opening;
    const role = roleOf[session.kind];
    say(`What ${name} was told when it began. Its tools are shown as this version of Longhaul has them.`);
    const tools = toolTexts(toolsFor(role));
    show({ session: name, role, agent: session.agent, model, hash, system, message, tools }, options);
  });
}

function show(shown: Shown, { json }: Common): void {
  if (json) return printJson(shown);
  const { session, role, agent, model } = shown;
  const notes = [`${session ?? "a session"}, ${role}, agent ${agent}: ${model}`];
  const text = renderPrompt({ ...shown, notes });
  // What agents wrote is in it.
  print(process.stdout.isTTY ? safeLines(text) : text);
}
