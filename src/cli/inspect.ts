/** Commands that only look: status, tasks, events, export. */
import { idText } from "../domain/ids.ts";
import type { Run } from "../domain/run.ts";
import { taskStatuses, type TaskStatus } from "../domain/task.ts";
import type { TaskView } from "../engine/views.ts";
import { describeEvent, type Names } from "../terminal/events.ts";
import { safeText } from "../terminal/safe-text.ts";
import { renderStatus } from "../terminal/status.ts";
import { engineOf } from "./engine-process.ts";
import { UsageError } from "./exit.ts";
import { colorOn, print, printJson, say, widthOf } from "./output.ts";
import { chooseRun, withProject } from "./project.ts";

export type Common = { run?: string; json?: boolean };

const pageRows = 500;
const followMs = 500;

export function status({ run: named, json, all }: Common & { all?: boolean }): Promise<void> {
  return withProject(false, async (project) => {
    if (all) {
      const runs = await project.views.runs(project.repository.topLevel);
      if (json) printJson(runs.map(runLine));
      else
        for (const run of runs)
          print(
            `${run.id}  ${run.state.status.padEnd(9)} ${new Date(run.createdAt).toISOString()}  ${safeText(firstLine(run.goal))}`,
          );
      return;
    }
    const stored = await project.views.status((await chooseRun(project, named)).id);
    // A lease outlives its engine's death by some seconds; on this machine we know better.
    const view = { ...stored, run: { ...stored.run, engine: engineOf(stored.run) } };
    if (json) printJson(view);
    else print(renderStatus(view, { color: colorOn(process.stdout), width: widthOf(process.stdout) }));
  });
}

const runLine = ({ id, goal, state, createdAt, base, tip, green, spend }: Run) => ({
  id,
  goal,
  state,
  createdAt,
  base,
  tip,
  green,
  spend,
});
const firstLine = (text: string) => text.trim().split("\n")[0] ?? "";

export function tasks({
  run: named,
  json,
  status: wanted,
  cycle,
  limit,
}: Common & { status?: string; cycle?: number; limit: number }): Promise<void> {
  if (wanted !== undefined && !taskStatuses.includes(wanted as TaskStatus))
    throw new UsageError(`There is no task state "${wanted}": the states are ${taskStatuses.join(", ")}.`);
  return withProject(false, async (project) => {
    const run = await chooseRun(project, named);
    const filter = {
      limit,
      ...(wanted !== undefined && { status: wanted as TaskStatus }),
      ...(cycle !== undefined && { cycle }),
    };
    const found = await project.views.tasks(run.id, filter);
    if (json) printJson(found.map(taskJson));
    else for (const task of found) print(taskLine(task));
    if (found.length === limit)
      say(`These are the first ${limit}; there may be more: --limit, --status and --cycle choose others.`);
  });
}

const taskJson = (task: TaskView) => ({
  ...task,
  id: idText("task", task.id),
  planner: idText("planner", task.planner),
  session: task.session && idText("session", task.session),
});

const landedWords = ({ commit, landing }: TaskView): string =>
  [commit?.slice(0, 10), landing?.verified && `verified on ${landing.verified.commit.slice(0, 10)}`]
    .filter(Boolean)
    .join(", ");

function taskLine(task: TaskView): string {
  const after =
    task.status === "landed"
      ? landedWords(task)
      : (task.reason ?? (task.session ? idText("session", task.session) : ""));
  const planner = idText("planner", task.planner);
  return `${idText("task", task.id).padEnd(6)} ${task.status.padEnd(9)} ${planner.padEnd(5)} ${safeText(task.title)}${after ? `  (${safeText(after)})` : ""}`;
}

export function events({
  run: named,
  json,
  follow,
  after,
}: Common & { follow?: boolean; after: number }): Promise<void> {
  return withProject(false, async (project) => {
    const run = await chooseRun(project, named);
    const names: Names = { tasks: new Map(), planners: new Map() };
    let seq = after;
    for (;;) {
      const over = (await project.views.run(run.id))?.state.status === "ended";
      for (;;) {
        const page = await project.views.events(run.id, seq, pageRows);
        for (const event of page) {
          seq = event.seq;
          const line = json ? JSON.stringify(event) : describeEvent(event, names);
          if (line !== null) print(line);
        }
        if (page.length < pageRows) break;
      }
      if (!follow || over) return;
      await new Promise((resolve) => setTimeout(resolve, followMs));
    }
  });
}

export function exportRun({ run: named }: Common): Promise<void> {
  return withProject(false, async (project) => {
    const run = await chooseRun(project, named);
    for await (const { table, row } of project.views.everything(run.id)) {
      if (!process.stdout.write(`${JSON.stringify({ table, ...row })}\n`))
        await new Promise((resolve) => process.stdout.once("drain", resolve));
    }
  });
}
