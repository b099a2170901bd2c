/**
 * What a planner may do in a turn, and the judgement on it: a plan is taken whole or refused whole, with one
 * error per fault that names the action and says what would be right.
 */
import type { Handoff } from "./handoff.ts";
import { idText, parseId, type TaskId } from "./ids.ts";
import type { Limits } from "./limits.ts";
import type { OpenChildren, Planner } from "./planner.ts";
import { isOpen, type Task, type TaskSpec, type TaskState } from "./task.ts";

export type PlannerAction =
  /** `dependsOn`: names of this planner's tasks, or ids such as `t17` of any task of the cycle. */
  | ({ type: "create_task"; dependsOn: string[] } & TaskSpec)
  | { type: "spawn_planner"; name: string; question: string; paths: string[]; agent: string | null }
  | { type: "cancel_task"; task: string; reason: string }
  | { type: "write_scratchpad"; text: string }
  | { type: "finish_scope"; handoff: Handoff };

/** What the judgement needs to know of the world. */
export type PlanView = {
  planner: Planner;
  /** This planner's tasks and every task that an action names by id. */
  tasks: Task[];
  open: OpenChildren;
  /** Planners of the whole cycle. */
  planners: Pick<Planner, "id" | "parent" | "name" | "question">[];
  openTasksInRun: number;
  /** Agents named in the config. */
  agents: string[];
};

/** Tasks in an order in which every dependency stands before its dependents. */
export type Plan = {
  tasks: { spec: TaskSpec; dependsOnNew: string[]; dependsOnExisting: TaskId[] }[];
  planners: { name: string; question: string; paths: string[]; agent: string | null }[];
  cancel: { task: TaskId; reason: string }[];
  scratchpad: string | null;
  finish: Handoff | null;
};

export type PlanJudgement = { ok: true; plan: Plan } | { ok: false; errors: string[] };

export function judgePlan(view: PlanView, actions: PlannerAction[], limits: Limits): PlanJudgement {
  const errors: string[] = [];
  const refuse = (index: number, what: string) => errors.push(`actions[${index}] (${actions[index]?.type}): ${what}`);
  const plan: Plan = { tasks: [], planners: [], cancel: [], scratchpad: null, finish: null };

  const creates = actions.flatMap((action, index) => (action.type === "create_task" ? [{ action, index }] : []));
  if (creates.length > limits.tasksPerTurnMax) {
    errors.push(
      `${creates.length} tasks in one turn, at most ${limits.tasksPerTurnMax} are allowed (tasksPerTurnMax): ` +
        "create the most useful ones now and the rest in later turns, or spawn sub-planners for parts of the scope",
    );
  } else if (view.openTasksInRun + creates.length > limits.openTasksMax) {
    errors.push(
      `${view.openTasksInRun} tasks of the run are open and ${creates.length} more would pass ${limits.openTasksMax} (openTasksMax): ` +
        "wait for tasks to end before you create more",
    );
  }

  const byName = new Map(view.tasks.filter((t) => t.planner === view.planner.id).map((t) => [t.name, t]));
  const byId = new Map(view.tasks.map((t) => [t.id, t]));
  const fresh = new Map<string, number>();
  for (const { action, index } of creates) {
    const before = byName.get(action.name);
    if (before)
      refuse(
        index,
        `you already have a task named "${action.name}" (${idText("task", before.id)}, ${before.state.status}): use another name`,
      );
    else if (fresh.has(action.name))
      refuse(index, `the name "${action.name}" is used twice in this turn: names are unique within a planner`);
    fresh.set(action.name, index);
    checkTask(action, view, limits, (what) => refuse(index, what));
  }

  for (const { action, index } of creates) {
    const dependsOnNew: string[] = [];
    const dependsOnExisting: TaskId[] = [];
    for (const dependency of new Set(action.dependsOn)) {
      if (dependency === action.name) {
        refuse(index, `task "${action.name}" depends on itself: remove the dependency`);
      } else if (fresh.has(dependency)) {
        dependsOnNew.push(dependency);
      } else {
        const id = parseId("task", dependency);
        const existing = byName.get(dependency) ?? (id && byId.get(id));
        if (!existing)
          refuse(
            index,
            `no task "${dependency}" to depend on: give the name of a task of yours or the id of a task of this cycle`,
          );
        else if (existing.state.status === "failed" || existing.state.status === "cancelled")
          refuse(
            index,
            `task "${dependency}" has ${existing.state.status === "failed" ? "failed" : "been cancelled"} and will never land: depend on its replacement`,
          );
        else dependsOnExisting.push(existing.id);
      }
    }
    const { type: _, dependsOn: __, ...spec } = action;
    plan.tasks.push({ spec, dependsOnNew, dependsOnExisting });
  }
  const circle = sortByDependency(plan);
  if (circle)
    errors.push(`tasks depend on each other in a circle: ${circle.join(" → ")}: remove one of these dependencies`);

  const children = view.planners.filter((p) => p.parent === view.planner.id);
  const questions = new Map(view.planners.map((p) => [normalize(p.question), p]));
  const names = new Set(children.map((p) => p.name));
  actions.forEach((action, index) => {
    switch (action.type) {
      case "create_task":
        return;
      case "spawn_planner": {
        const owner = questions.get(normalize(action.question));
        if (view.planner.depth >= limits.planDepthMax)
          refuse(
            index,
            `a planner at depth ${view.planner.depth} cannot spawn planners (planDepthMax ${limits.planDepthMax}): create tasks instead`,
          );
        if (owner)
          refuse(
            index,
            `planner ${idText("planner", owner.id)} ("${owner.name}") already owns this question: no two planners own the same one`,
          );
        if (names.has(action.name))
          refuse(index, `you already have a sub-planner named "${action.name}": use another name`);
        checkName(action.name, limits, (what) => refuse(index, what));
        checkPaths(action.paths, limits, (what) => refuse(index, what));
        checkAgent(action.agent, view, (what) => refuse(index, what));
        if (bytes(action.question) > limits.instructionsBytesMax)
          refuse(index, tooLong("question", action.question, limits.instructionsBytesMax));
        names.add(action.name);
        questions.set(normalize(action.question), {
          id: view.planner.id,
          parent: null,
          name: action.name,
          question: action.question,
        });
        plan.planners.push({ name: action.name, question: action.question, paths: action.paths, agent: action.agent });
        return;
      }
      case "cancel_task": {
        const id = parseId("task", action.task);
        const task = byName.get(action.task) ?? (id && byId.get(id));
        if (!task || task.planner !== view.planner.id)
          refuse(index, `no task "${action.task}" of yours: you can cancel only your own tasks`);
        else if (isOpen(task.state)) plan.cancel.push({ task: task.id, reason: action.reason });
        return; // A task that ended meanwhile needs no cancelling; its end is in the inbox.
      }
      case "write_scratchpad":
        if (bytes(action.text) > limits.scratchpadBytesMax)
          refuse(index, tooLong("scratchpad", action.text, limits.scratchpadBytesMax));
        plan.scratchpad = action.text;
        return;
      case "finish_scope":
        plan.finish = action.handoff;
        return;
    }
  });
  if (children.length + plan.planners.length > limits.plannersPerPlannerMax)
    errors.push(
      `${children.length + plan.planners.length} sub-planners, at most ${limits.plannersPerPlannerMax} are allowed (plannersPerPlannerMax): give each a wider question`,
    );
  if (plan.planners.length > 0 && view.planners.length + plan.planners.length > limits.plannersPerCycleMax)
    errors.push(
      `the cycle would have ${view.planners.length + plan.planners.length} planners, at most ${limits.plannersPerCycleMax} are allowed (plannersPerCycleMax): create tasks instead`,
    );
  if (plan.finish) checkFinish(view, plan, errors);
  return errors.length > 0 ? { ok: false, errors } : { ok: true, plan };
}

function checkTask(
  spec: TaskSpec & { dependsOn: string[] },
  view: PlanView,
  limits: Limits,
  refuse: (what: string) => void,
): void {
  checkName(spec.name, limits, refuse);
  checkPaths(spec.paths, limits, refuse);
  checkAgent(spec.agent, view, refuse);
  if (bytes(spec.title) > limits.titleBytesMax) refuse(tooLong("title", spec.title, limits.titleBytesMax));
  if (bytes(spec.instructions) > limits.instructionsBytesMax)
    refuse(tooLong("instructions", spec.instructions, limits.instructionsBytesMax));
  if (bytes(spec.acceptance) > limits.instructionsBytesMax)
    refuse(tooLong("acceptance", spec.acceptance, limits.instructionsBytesMax));
  if (spec.dependsOn.length > limits.dependenciesPerTaskMax)
    refuse(
      `${spec.dependsOn.length} dependencies, at most ${limits.dependenciesPerTaskMax} are allowed (dependenciesPerTaskMax)`,
    );
}

function checkName(name: string, limits: Limits, refuse: (what: string) => void): void {
  if (name.trim() === "") refuse("the name is empty");
  if (bytes(name) > limits.titleBytesMax) refuse(tooLong("name", name, limits.titleBytesMax));
  if (parseId("task", name) !== undefined) refuse(`the name "${name}" looks like a task id: use another name`);
}

function checkPaths(paths: string[], limits: Limits, refuse: (what: string) => void): void {
  if (paths.length > limits.pathsMax)
    refuse(`${paths.length} paths, at most ${limits.pathsMax} are allowed (pathsMax): name folders or globs instead`);
  const outside = paths.find((path) => path.startsWith("/") || path.split("/").includes("..") || path.includes("\0"));
  if (outside !== undefined) refuse(`the path ${JSON.stringify(outside)} is not relative to the repository's root`);
}

function checkAgent(agent: string | null, view: PlanView, refuse: (what: string) => void): void {
  if (agent !== null && !view.agents.includes(agent))
    refuse(`no agent "${agent}" in the configuration: the agents are ${view.agents.join(", ")}`);
}

function checkFinish(view: PlanView, plan: Plan, errors: string[]): void {
  const cancelled = new Set(plan.cancel.map((c) => c.task));
  const stillOpen = view.open.tasks - cancelled.size + plan.tasks.length + view.open.planners + plan.planners.length;
  if (stillOpen > 0)
    errors.push(
      `finish_scope: ${stillOpen} of your tasks and sub-planners are still open: wait for them (you are woken when one ends) or cancel them`,
    );
}

/** Orders `plan.tasks` by dependency; returns the names of a circle if there is one. */
function sortByDependency(plan: Plan): string[] | null {
  const byName = new Map(plan.tasks.map((task) => [task.spec.name, task]));
  const sorted: Plan["tasks"] = [];
  const state = new Map<string, "open" | "sorted">();
  const path: string[] = [];
  // Iterative: a chain of 200 tasks must not depend on the size of the stack.
  for (const root of byName.keys()) {
    const stack: { name: string; next: number }[] = state.has(root) ? [] : [{ name: root, next: 0 }];
    while (stack.length > 0) {
      const frame = stack.at(-1)!;
      const task = byName.get(frame.name)!;
      if (!state.has(frame.name)) {
        state.set(frame.name, "open");
        path.push(frame.name);
      }
      const dependency = task.dependsOnNew[frame.next++];
      if (dependency === undefined) {
        state.set(frame.name, "sorted");
        sorted.push(task);
        path.pop();
        stack.pop();
      } else if (state.get(dependency) === "open") {
        return [...path.slice(path.indexOf(dependency)), dependency];
      } else if (!state.has(dependency)) {
        stack.push({ name: dependency, next: 0 });
      }
    }
  }
  plan.tasks = sorted;
  return null;
}

/** How many of the tasks it depends on have not landed yet. */
export function countBlockers(dependencies: TaskState[]): number {
  return dependencies.filter((state) => state.status !== "landed").length;
}

const normalize = (question: string) => question.trim().replace(/\s+/g, " ").toLowerCase();
const bytes = (text: string) => Buffer.byteLength(text);
const tooLong = (what: string, text: string, max: number) =>
  `the ${what} has ${bytes(text)} bytes, at most ${max} are allowed: shorten it`;
