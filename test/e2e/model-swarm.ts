/**
 * A job for a whole swarm: a root planner, sub-planners on two levels, sixty tasks of which some meet in one file, an unsatisfied
 * judge, and a second cycle for what is missing. However it comes about, its tree is always the same.
 */
import type { Config } from "../../src/config.ts";
import { judge, planner, sharing, submitted, worker, writes, bash, once, type PlannerJob } from "./model-brains.ts";
import { providersAt } from "./model-world.ts";
import { landings, type World } from "./world.ts";
import type { FakeModel } from "../fake-model/server.ts";

const areas = ["a", "b", "c"];
const parts = areas.flatMap((area) => [`${area}1`, `${area}2`]);
const tasksPerPart = 10;
const tasksOf = (part: string): string[] => Array.from({ length: tasksPerPart }, (_, at) => `${part}-${at}`);
export const firstTasks = parts.flatMap(tasksOf);
const shares = (task: string): boolean => /[12]-[03]$/.test(task);
/** One hard task of each part asks for an agent of its own. */
const isHard = (task: string): boolean => task.endsWith("-7");

function jobOf(name: string, cycle: number): PlannerJob {
  if (name === "root" && cycle > 1) return { tasks: [{ name: "the-end" }] };
  if (name === "root") return { planners: areas.map((area) => ({ name: area, paths: [`${area}/`] })) };
  if (areas.includes(name)) return { planners: [1, 2].map((n) => ({ name: `${name}${n}`, paths: [`${name}/`] })) };
  const tasks = tasksOf(name).map((task) => ({
    name: task,
    needs: task.endsWith("-9") ? [`${name}-0`, `${name}-1`] : [],
    paths: [`${name[0]}/`],
    ...(isHard(task) && { agent: "expert" }),
  }));
  return { tasks };
}

const fileOf = (task: string): string => (task === "the-end" ? "end.txt" : `${task[0]}/${task}.txt`);

export const swarmBrains = [
  planner((name, view) => jobOf(name, Number(/## Cycle (\d+)/.exec(JSON.stringify(view.messages[0]))?.[1] ?? 1))),
  worker((task) => [
    once("read_file", { path: "README.md" }, /A project/),
    writes(fileOf(task), `${task}\n`),
    bash(`cat ${fileOf(task)}`),
    ...(shares(task) ? sharing("shared.txt", task) : []),
    submitted,
  ]),
  judge("ls a b c | grep -c txt; ls", (printed) =>
    printed.includes("end.txt")
      ? { verdict: "achieved", summary: "Everything is there." }
      : { verdict: "continue", summary: "The end is missing.", brief: "Write end.txt." },
  ),
];

export const swarmRoles = {
  planner: "anthropic/claude-opus-5",
  worker: "openai/gpt-5.4",
  judge: "google/gemini-3-pro-preview",
  expert: "local/qwen3-coder",
  inC: "anthropic/claude-sonnet-5",
  planC: "google/gemini-2.5-pro",
};

export const swarmConfig = (model: FakeModel, limits: Config["limits"] = {}): Config => ({
  providers: providersAt(model),
  agents: {
    expert: { model: swarmRoles.expert, description: "For what is hard.", roles: ["worker"] },
    inC: { model: swarmRoles.inC, roles: ["worker"] },
    planC: { model: swarmRoles.planC, roles: ["planner"] },
  },
  roles: {
    planner: { model: swarmRoles.planner },
    worker: { model: swarmRoles.worker, effort: "low" },
    judge: { model: swarmRoles.judge },
  },
  areas: [{ paths: ["c/"], worker: "inC", planner: "planC" }],
  prices: { "local/qwen3-coder": { inputUsd: 1, outputUsd: 2 } },
  acceptance: ["test -d a || exit 1"],
  parallel: { workers: 12, planners: 6 },
  limits,
});

/** What is wrong with how the swarm ended; nothing when all is well. */
export function swarmFaults(world: World, run: string): string[] {
  const branch = `longhaul/${run}`;
  const faults: string[] = [];
  const wanted = ["README.md", "shared.txt", ...[...firstTasks, "the-end"].map(fileOf)].toSorted();
  const tree = world.git("ls-tree", "-r", "--name-only", branch).split("\n").toSorted();
  if (tree.join() !== wanted.join()) faults.push(`the tree is ${tree.join()}`);
  for (const task of [...firstTasks, "the-end"])
    if (world.git("show", `${branch}:${fileOf(task)}`) !== task) faults.push(`content of ${fileOf(task)}`);
  if (world.git("show", `${branch}:shared.txt`) !== firstTasks.filter(shares).toSorted().join("\n"))
    faults.push("content of shared.txt");
  const landed = landings(world, run).map(({ trailers }) => trailers.find((one) => one.startsWith("Longhaul-Task")));
  if (landed.length !== firstTasks.length + 1 || new Set(landed).size !== landed.length)
    faults.push(`landed: ${landed.join()}`);
  return faults;
}
