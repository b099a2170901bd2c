/**
 * One planner turn: from the brief and the checkout to actions. A scope that is large is divided among sub-planners,
 * a small one becomes tasks; what is made of other modules waits until these have ended; a failed task is planned once
 * more in halves; when nothing is open the scope is handed off.
 */
import type { PlannerBrief } from "../../../src/domain/brief.ts";
import type { PlannerAction } from "../../../src/domain/plan.ts";
import { handoff } from "../program.ts";
import { readSites } from "../sites.ts";
import { modulesIn, readModule } from "../tree.ts";
import { batches, batchFilesMax, divide, hasPlainForm } from "./areas.ts";
import { emptyNotes, readNotes, type Draft, type Notes } from "./notes.ts";
import { planRepairs } from "./repairs.ts";

type Spawn = Extract<PlannerAction, { type: "spawn_planner" }>;

export function planTurn(brief: PlannerBrief, root: string): PlannerAction[] {
  const before = readNotes(brief.scratchpad);
  const notes = before ?? emptyNotes();
  const spawns = before === null ? begin(brief, root, notes) : [];
  readInbox(brief, notes);
  const opened = isOpen(brief) || spawns.length > 0;
  if (!opened && notes.todo.length === 0) planLast(brief, root, notes);
  const tasks = takeTasks(brief, notes);
  const actions: PlannerAction[] = [...spawns, ...tasks, { type: "write_scratchpad", text: JSON.stringify(notes) }];
  if (!opened && tasks.length === 0) actions.push({ type: "finish_scope", handoff: report(brief, notes) });
  return actions;
}

const isOpen = (brief: PlannerBrief): boolean =>
  brief.tasks.some((task) => ["blocked", "ready", "running"].includes(task.status)) ||
  brief.planners.some((planner) => planner.status === "active");

/** The first turn: explores the checkout. */
function begin(brief: PlannerBrief, root: string, notes: Notes): Spawn[] {
  const isRoot = brief.planner.parent === null;
  const sites = isRoot ? readSites(brief.cycle.brief) : [];
  if (sites.length > 0) {
    const repairs = planRepairs(root, sites);
    notes.todo = repairs.drafts;
    notes.concerns.push(...repairs.concerns);
    notes.packagePlanned = true;
    return [];
  }
  const scope = modulesIn(root).filter((path) => covers(brief.planner.paths, path));
  const pending = scope.filter((path) => hasPlainForm(readModule(root, path)));
  const others = scope.filter((path) => !pending.includes(path) && !/^(import|export)\b/m.test(readModule(root, path)));
  if (others.length > 0) notes.findings.push(`left to acceptance, no plain form to convert: ${others.join(", ")}`);
  notes.files = pending.length;
  return planScope(brief, root, pending, notes);
}

const covers = (scope: string[], path: string): boolean =>
  scope.length === 0 || scope.some((one) => one === path || (one.endsWith("/") && path.startsWith(one)));

function planScope(brief: PlannerBrief, root: string, paths: string[], notes: Notes): Spawn[] {
  const groups = brief.limits.depthLeft > 0 ? divide(root, paths) : null;
  if (groups === null) {
    notes.todo = drafts(root, brief.planner.name, paths);
    return [];
  }
  const spawns: Spawn[] = [];
  for (const group of groups) {
    const name = brief.planner.parent === null ? group.label : `${brief.planner.name}/${group.label}`;
    if (group.last) notes.last.push({ label: name, paths: group.paths });
    else if (group.paths.length <= batchFilesMax) notes.todo.push(...drafts(root, name, group.paths));
    else
      spawns.push({
        type: "spawn_planner",
        name,
        question: `How do the ${group.paths.length} modules of ${name} become ES modules?`,
        paths: group.paths,
        agent: null,
      });
  }
  return spawns;
}

function drafts(root: string, scope: string, paths: string[]): Draft[] {
  const cut = paths.length === 0 ? [] : batches(root, paths);
  const nameOf = (index: number) => (cut.length === 1 ? scope : `${scope} ${index + 1}`);
  return cut.map((batch, index) => ({
    name: nameOf(index),
    title: `Convert ${nameOf(index)} to ES modules (${batch.paths.length} files)`,
    instructions: "Convert the plain CommonJS forms of these modules and record each in esm-modules.json.",
    paths: batch.paths,
    dependsOn: batch.after.map(nameOf),
    agent: "plain",
  }));
}

/** When everything else has ended: what is made of it, and at last, for the root planner, the package around it. */
function planLast(brief: PlannerBrief, root: string, notes: Notes): void {
  notes.todo.push(...notes.last.splice(0).flatMap((group) => drafts(root, group.label, group.paths)));
  if (notes.todo.length > 0 || notes.packagePlanned || brief.planner.parent !== null) return;
  notes.packagePlanned = true;
  const describe = (name: string, path: string, title: string, dependsOn: string[]): Draft => ({
    name,
    title,
    paths: [path],
    dependsOn,
    agent: "package",
    instructions: title,
  });
  notes.todo.push(
    describe("package", "package.json", "Declare the package as ES modules", []),
    describe("readme", "README.md", "Show imports in the README", ["package"]),
  );
}

function readInbox(brief: PlannerBrief, notes: Notes): void {
  for (const message of brief.inbox) {
    switch (message.kind) {
      case "task_ended": {
        const planned = notes.planned[message.name];
        delete notes.planned[message.name];
        if (message.status === "landed") notes.landed++;
        else if (message.status === "failed") planAgain(message.name, planned, message.handoff.done, notes);
        gather(notes, message.handoff);
        break;
      }
      case "planner_ended":
        if (message.status !== "done") notes.concerns.push(`the planner of ${message.name} ended as ${message.status}`);
        gather(notes, message.handoff);
        break;
      case "operator":
        notes.findings.push(
          `the operator wrote, and this planner is a program that cannot follow it: ${message.text.slice(0, 200)}`,
        );
        break;
      case "trunk_red":
        notes.concerns.push(`the checks failed on ${message.red}: ${message.detail.slice(0, 300)}`);
        break;
    }
  }
}

/** In halves, once: a file that fails twice is for the judge and the next cycle. */
function planAgain(name: string, planned: Notes["planned"][string] | undefined, why: string, notes: Notes): void {
  const paths = planned?.paths ?? [];
  if (!planned || paths.length < 2 || name.includes(" again ")) {
    notes.concerns.push(`${name} failed for good (${paths.join(", ") || "files unknown"}): ${why}`);
    return;
  }
  const middle = Math.ceil(paths.length / 2);
  for (const [index, half] of [paths.slice(0, middle), paths.slice(middle)].entries()) {
    const again = `${name} again ${index + 1}`;
    notes.todo.push({
      ...planned,
      name: again,
      title: `Convert ${again} (${half.length} files)`,
      paths: half,
      dependsOn: [],
    });
  }
}

const linesKept = 40;
const gather = (notes: Notes, from: Pick<Notes, "concerns" | "deviations" | "findings">): void => {
  for (const field of ["concerns", "deviations", "findings"] as const) {
    notes[field] = [...new Set([...notes[field], ...from[field]])].slice(0, linesKept);
  }
};

/** As many tasks as the limits allow now; a task goes only with or after those that it depends on. */
function takeTasks(brief: PlannerBrief, notes: Notes): PlannerAction[] {
  const room = Math.max(0, Math.min(brief.limits.tasksPerTurnMax, brief.limits.openTasksLeft));
  const failed = new Set(
    brief.tasks.filter((task) => ["failed", "cancelled"].includes(task.status)).map((task) => task.name),
  );
  const taken = notes.todo.splice(0, room);
  return taken.map((draft) => {
    notes.planned[draft.name] = { paths: draft.paths, instructions: draft.instructions, agent: draft.agent };
    const dependsOn = draft.dependsOn.filter((name) => !failed.has(name)).slice(0, brief.limits.dependenciesPerTaskMax);
    return {
      type: "create_task",
      ...draft,
      dependsOn,
      priority: 0,
      acceptance: "The modules load as ES modules and behave as before.",
    };
  });
}

function report(brief: PlannerBrief, notes: Notes) {
  const stranded =
    notes.todo.length > 0
      ? [`${notes.todo.length} tasks were never created: the run has no room for more open tasks`]
      : [];
  return handoff(
    `${brief.planner.name}: ${notes.landed} tasks of this planner landed, ${notes.files} modules in scope.`,
    {
      concerns: [...notes.concerns, ...stranded],
      deviations: notes.deviations,
      findings: notes.findings,
    },
  );
}
