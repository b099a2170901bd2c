/**
 * A job whose end is always the same tree, however it came about: tasks with dependencies, each writing a file of its
 * own, many also a line into one shared file, where they conflict and the worker resolves.
 */
import { Dice } from "../simulation/random.ts";
import type { PlannerTools, WorkerTools } from "./agent-tools.ts";
import { landings, type Setup, type World } from "./world.ts";

export type GraphTask = { name: string; needs: string[]; shares: boolean };
type Data = { tasks: GraphTask[]; batch: number };

/** Enough tries for whatever is killed under it. */
const patient = { attemptsMax: 50, turnFailuresMax: 50, judgementFailuresMax: 50, interruptionsMax: 50 };

export function graphJob(seed: number, count: number): { setup: Setup; tasks: GraphTask[] } {
  const dice = new Dice(seed);
  const tasks: GraphTask[] = [];
  for (let i = 0; i < count; i++) {
    const needs = new Set<string>();
    for (let n = 0; n < 2 && tasks.length > 0; n++) if (dice.chance(0.4)) needs.add(dice.pick(tasks).name);
    tasks.push({ name: `task-${String(i).padStart(2, "0")}`, needs: [...needs], shares: dice.chance(0.5) });
  }
  const setup = {
    planner: planInBatches,
    worker: writeAndShare,
    data: JSON.stringify({ tasks, batch: Math.ceil(count / 3) } satisfies Data),
    acceptance: [`test "$(ls out | wc -l)" -eq ${count}`],
    checks: ["test -d out || test ! -e shared.txt"],
    parallel: { workers: 4, planners: 2 },
    limits: patient,
  };
  return { setup, tasks };
}

function planInBatches({ brief, data, plan }: PlannerTools): void {
  const { tasks, batch } = JSON.parse(data) as Data;
  const known = new Set(brief.tasks.map((task) => task.name));
  const next = tasks.filter((task) => !known.has(task.name)).slice(0, batch);
  plan(...next.map(({ name, needs }) => ({ type: "create_task", name, title: `Do ${name}`, dependsOn: needs })));
}

function writeAndShare({ brief, data, read, write }: WorkerTools): void {
  const lines = (text: string | null) => (text ?? "").split("\n").filter((line) => line !== "");
  const list = (...all: string[]) => `${[...new Set(all)].toSorted().join("\n")}\n`;
  if (brief.sentBack?.kind === "conflict") {
    for (const { path, trunk, yours } of brief.sentBack.files)
      write(path, list(...lines(trunk && read(trunk)), ...lines(yours && read(yours))));
    return;
  }
  const { name } = brief.task;
  const task = (JSON.parse(data) as Data).tasks.find((each) => each.name === name);
  for (const need of task?.needs ?? []) if (read(`out/${need}`) === null) throw new Error(`${name} before ${need}`);
  write(`out/${name}`, `${[name, ...(task?.needs ?? [])].join(" ")}\n`);
  if (task?.shares) write("shared.txt", list(...lines(read("shared.txt")), name));
}

/** What is wrong with how the job ended; nothing when all is well. */
export async function faultsOf(world: World, run: string, tasks: GraphTask[]): Promise<string[]> {
  const faults: string[] = [];
  const landed = landings(world, run);
  const subjects = landed.map(({ subject }) => subject).toSorted();
  if (subjects.join() !== tasks.map(({ name }) => `Do ${name}`).join()) faults.push(`landed: ${subjects.join(", ")}`);
  const rows = await world.json<{ id: string; status: string; commit: string }[]>("tasks", "--run", run);
  const inHistory = new Map(
    landed.map(({ commit, trailers }) => [trailers[2]?.replace("Longhaul-Task: ", ""), commit]),
  );
  for (const { id, status, commit } of rows)
    if (status !== "landed" || inHistory.get(id) !== commit) faults.push(`${id} is ${status} as ${commit}`);
  for (const { commit, trailers } of landed)
    if (!/^Longhaul-Run: \w+,Longhaul-Cycle: 1,Longhaul-Task: t\d+,Longhaul-Session: s\d+$/.test(trailers.join()))
      faults.push(`trailers of ${commit}: ${trailers.join()}`);
  for (const { name, needs } of tasks)
    if (world.git("show", `longhaul/${run}:out/${name}`) !== [name, ...needs].join(" "))
      faults.push(`content of ${name}`);
  const shared = tasks.filter(({ shares }) => shares).map(({ name }) => name);
  if (world.git("show", `longhaul/${run}:shared.txt`) !== shared.join("\n")) faults.push("content of shared.txt");
  return faults;
}
