/**
 * What a planner may do in a turn, and the judgement on it: a plan is taken whole or refused whole, with one
 * error per fault that names the action and says what would be right.
 */
import { orderByDependency } from "./dependency-order.ts";
import type { Handoff } from "./handoff.ts";
import { idText, parseId, type TaskId } from "./ids.ts";
import type { Limits } from "./limits.ts";
import type { OpenChildren, Planner } from "./planner.ts";
import { bytes, checkAgent, checkName, checkPaths, checkTask, tooLong, type Refuse } from "./plan-bounds.ts";
import { isOpen, type Task, type TaskChange, type TaskSpec, type TaskState } from "./task.ts";

export type PlannerAction =
  /** `dependsOn`: names of this planner's tasks, or ids such as `t17` of any task of the cycle. */
  | ({ type: "create_task"; dependsOn: string[] } & TaskSpec)
  | { type: "spawn_planner"; name: string; question: string; paths: string[]; agent: string | null }
  | { type: "update_task"; task: string; change: TaskChange }
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
  /** Agents of the config, by the role that they may have. */
  agents: { worker: string[]; planner: string[] };
};

/** Tasks in an order in which every dependency stands before its dependents. */
export type Plan = {
  tasks: { spec: TaskSpec; dependsOnNew: string[]; dependsOnExisting: TaskId[] }[];
  planners: { name: string; question: string; paths: string[]; agent: string | null }[];
  updates: { task: Task; change: TaskChange }[];
  cancel: { task: TaskId; reason: string }[];
  scratchpad: string | null;
  finish: Handoff | null;
};

export type PlanJudgement = { ok: true; plan: Plan } | { ok: false; errors: string[] };

type Action<T extends PlannerAction["type"]> = Extract<PlannerAction, { type: T }>;
/** An action and its place in the turn, by which an error names it. */
type Create = { action: Action<"create_task">; index: number };
type RefuseAt = (index: number, what: string) => void;

export function judgePlan(view: PlanView, actions: PlannerAction[], limits: Limits): PlanJudgement {
  const errors: string[] = [];
  const refuse: Refuse = (what) => errors.push(what);
  const refuseAt: RefuseAt = (index, what) => refuse(`actions[${index}] (${actions[index]?.type}): ${what}`);
  const known = knownTasks(view);
  const creates = actions.flatMap((action, index) => (action.type === "create_task" ? [{ action, index }] : []));
  checkTaskCount(view, creates.length, limits, refuse);
  checkTasks(view, known, creates, limits, refuseAt);
  const { tasks, circle } = orderByDependency(planTasks(known, creates, refuseAt));
  if (circle) refuse(`tasks depend on each other in a circle: ${circle.join(" → ")}: remove one of these dependencies`);
  const plan: Plan = { tasks, ...planTheRest(view, known, actions, limits, refuseAt) };
  checkPlannerCount(view, plan, limits, refuse);
  if (plan.finish) checkFinish(view, plan, refuse);
  return errors.length > 0 ? { ok: false, errors } : { ok: true, plan };
}

/** How actions name tasks that exist: this planner's by name, those of the cycle by id. */
type KnownTasks = { byName: Map<string, Task>; find(name: string): Task | undefined };

function knownTasks(view: PlanView): KnownTasks {
  const byName = new Map(view.tasks.filter((t) => t.planner === view.planner.id).map((t) => [t.name, t]));
  const byId = new Map(view.tasks.map((t) => [t.id, t]));
  const find = (name: string) => {
    const id = parseId("task", name);
    return byName.get(name) ?? (id && byId.get(id));
  };
  return { byName, find };
}

function checkTaskCount(view: PlanView, creates: number, limits: Limits, refuse: Refuse): void {
  if (creates > limits.tasksPerTurnMax) {
    refuse(
      `${creates} tasks in one turn, at most ${limits.tasksPerTurnMax} are allowed (tasksPerTurnMax): ` +
        "create the most useful ones now and the rest in later turns, or spawn sub-planners for parts of the scope",
    );
  } else if (view.openTasksInRun + creates > limits.openTasksMax) {
    refuse(
      `${view.openTasksInRun} tasks of the run are open and ${creates} more would pass ${limits.openTasksMax} (openTasksMax): ` +
        "wait for tasks to end before you create more",
    );
  }
}

/** Each new task by itself, and its name among this planner's. */
function checkTasks(view: PlanView, known: KnownTasks, creates: Create[], limits: Limits, refuseAt: RefuseAt): void {
  const fresh = new Set<string>();
  for (const { action, index } of creates) {
    const before = known.byName.get(action.name);
    if (before)
      refuseAt(
        index,
        `you already have a task named "${action.name}" (${idText("task", before.id)}, ${before.state.status}): use another name`,
      );
    else if (fresh.has(action.name))
      refuseAt(index, `the name "${action.name}" is used twice in this turn: names are unique within a planner`);
    fresh.add(action.name);
    checkTask(action, view.agents.worker, limits, (what) => refuseAt(index, what));
  }
}

/** The new tasks as they were written down, each dependency resolved to a new task or to one that exists. */
function planTasks(known: KnownTasks, creates: Create[], refuseAt: RefuseAt): Plan["tasks"] {
  const fresh = new Set(creates.map(({ action }) => action.name));
  return creates.map(({ action, index }) => {
    const dependsOnNew: string[] = [];
    // By its name and by its id it is one.
    const dependsOnExisting = new Set<TaskId>();
    for (const dependency of new Set(action.dependsOn)) {
      if (dependency === action.name) {
        refuseAt(index, `task "${action.name}" depends on itself: remove the dependency`);
      } else if (fresh.has(dependency)) {
        dependsOnNew.push(dependency);
      } else {
        const existing = known.find(dependency);
        if (!existing)
          refuseAt(
            index,
            `no task "${dependency}" to depend on: give the name of a task of yours or the id of a task of this cycle`,
          );
        else if (existing.state.status === "failed" || existing.state.status === "cancelled")
          refuseAt(
            index,
            `task "${dependency}" has ${existing.state.status === "failed" ? "failed" : "been cancelled"} and will never land: depend on its replacement`,
          );
        else dependsOnExisting.add(existing.id);
      }
    }
    const { type: _, dependsOn: __, ...spec } = action;
    return { spec, dependsOnNew, dependsOnExisting: [...dependsOnExisting] };
  });
}

/** What the turn asks for besides tasks, in the order of the actions. */
function planTheRest(
  view: PlanView,
  known: KnownTasks,
  actions: PlannerAction[],
  limits: Limits,
  refuseAt: RefuseAt,
): Omit<Plan, "tasks"> {
  const plan: Omit<Plan, "tasks"> = { planners: [], updates: [], cancel: [], scratchpad: null, finish: null };
  const taken = takenByPlanners(view);
  actions.forEach((action, index) => {
    const refuse: Refuse = (what) => refuseAt(index, what);
    switch (action.type) {
      case "create_task":
        return;
      case "spawn_planner":
        checkSpawn(action, view, taken, limits, refuse);
        plan.planners.push({ name: action.name, question: action.question, paths: action.paths, agent: action.agent });
        return;
      case "update_task":
        checkUpdate(action, view, known, limits, refuse);
        for (const task of ownTask(view, known, action.task)) plan.updates.push({ task, change: action.change });
        return;
      case "cancel_task": {
        const task = known.find(action.task);
        if (!task || task.planner !== view.planner.id)
          refuse(`no task "${action.task}" of yours: you can cancel only your own tasks`);
        else if (isOpen(task.state)) plan.cancel.push({ task: task.id, reason: action.reason });
        return; // A task that ended meanwhile needs no cancelling; its end is in the inbox.
      }
      case "write_scratchpad":
        if (bytes(action.text) > limits.scratchpadBytesMax)
          refuse(tooLong("scratchpad", action.text, limits.scratchpadBytesMax));
        plan.scratchpad = action.text;
        return;
      case "finish_scope":
        plan.finish = action.handoff;
        return;
    }
  });
  return plan;
}

const ownTask = (view: PlanView, known: KnownTasks, name: string): Task[] => {
  const task = known.find(name);
  return task?.planner === view.planner.id ? [task] : [];
};

function checkUpdate(
  { task: name, change }: Action<"update_task">,
  view: PlanView,
  known: KnownTasks,
  limits: Limits,
  refuse: Refuse,
): void {
  const [task] = ownTask(view, known, name);
  if (!task) return refuse(`no task "${name}" of yours: you can change only your own tasks`);
  if (task.state.status !== "blocked" && task.state.status !== "ready")
    return refuse(
      `task "${name}" is ${task.state.status}: only tasks that nobody has begun can be changed; cancel it or create another`,
    );
  checkTask({ ...task, ...change, dependsOn: [] }, view.agents.worker, limits, refuse);
}

/** Names of this planner's sub-planners, and questions of the whole cycle with their owners. */
type Taken = { names: Set<string>; questions: Map<string, Pick<Planner, "id" | "name">> };

const childrenOf = (view: PlanView) => view.planners.filter((p) => p.parent === view.planner.id);

const takenByPlanners = (view: PlanView): Taken => ({
  names: new Set(childrenOf(view).map((p) => p.name)),
  questions: new Map(view.planners.map((p) => [normalize(p.question), p])),
});

/** Takes the name and the question, so that no later action of the turn gets them. */
function checkSpawn(
  { name, question, paths, agent }: Action<"spawn_planner">,
  view: PlanView,
  taken: Taken,
  limits: Limits,
  refuse: Refuse,
): void {
  const owner = taken.questions.get(normalize(question));
  if (view.planner.depth >= limits.planDepthMax)
    refuse(
      `a planner at depth ${view.planner.depth} cannot spawn planners (planDepthMax ${limits.planDepthMax}): create tasks instead`,
    );
  if (owner)
    refuse(
      `planner ${idText("planner", owner.id)} ("${owner.name}") already owns this question: no two planners own the same one`,
    );
  if (taken.names.has(name)) refuse(`you already have a sub-planner named "${name}": use another name`);
  checkName(name, limits, refuse);
  checkPaths(paths, limits, refuse);
  checkAgent(agent, view.agents.planner, refuse);
  if (bytes(question) > limits.instructionsBytesMax) refuse(tooLong("question", question, limits.instructionsBytesMax));
  taken.names.add(name);
  taken.questions.set(normalize(question), { id: view.planner.id, name });
}

function checkPlannerCount(view: PlanView, plan: Plan, limits: Limits, refuse: Refuse): void {
  const children = childrenOf(view).length + plan.planners.length;
  if (children > limits.plannersPerPlannerMax)
    refuse(
      `${children} sub-planners, at most ${limits.plannersPerPlannerMax} are allowed (plannersPerPlannerMax): give each a wider question`,
    );
  const planners = view.planners.length + plan.planners.length;
  if (plan.planners.length > 0 && planners > limits.plannersPerCycleMax)
    refuse(
      `the cycle would have ${planners} planners, at most ${limits.plannersPerCycleMax} are allowed (plannersPerCycleMax): create tasks instead`,
    );
}

function checkFinish(view: PlanView, plan: Plan, refuse: Refuse): void {
  const cancelled = new Set(plan.cancel.map((c) => c.task));
  const stillOpen = view.open.tasks - cancelled.size + plan.tasks.length + view.open.planners + plan.planners.length;
  if (stillOpen > 0)
    refuse(
      `finish_scope: ${stillOpen} of your tasks and sub-planners are still open: wait for them (you are woken when one ends) or cancel them`,
    );
}

/** How many of the tasks it depends on have not landed yet. */
export function countBlockers(dependencies: TaskState[]): number {
  return dependencies.filter((state) => state.status !== "landed").length;
}

const normalize = (question: string) => question.trim().replace(/\s+/g, " ").toLowerCase();
