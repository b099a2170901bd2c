/** The job of a swarm: one planner for each two hundred tasks, each task one more line in a file of its own, or in the hot one. */
import type { Config } from "../src/config.ts";
import { fileOf, hotFile } from "./landing-repository.ts";

export type Swarm = { workers: number; tasks: number };

/** Each so many-th task changes the hot file. */
export const overlapEvery = 20;
const tasksPerPlanner = 200;

export const program = ({ workers }: Swarm): Config => ({
  sandbox: "none",
  agents: {
    plan: { command: ["sh", "-c", planner] },
    work: { command: ["sh", "-c", 'exec sh "$LONGHAUL_CONFIG_DIR/worker.sh"'] },
  },
  roles: { planner: "plan", worker: "work" },
  acceptance: ["true"],
  parallel: { workers, planners: 4 },
});

/** Plans in its first turn, and looks on in the later ones. */
const planner = `name=$(sed -n 's/.*"planner":{[^}]*"name":"\\([^"]*\\)".*/\\1/p' "$LONGHAUL_BRIEF")
if grep -q '"scratchpad":"planned"' "$LONGHAUL_BRIEF"; then echo '{"version":1,"actions":[]}'
else cat "$LONGHAUL_CONFIG_DIR/$name.json"; fi`;

/** Files beside the configuration, by their names: the plan of each planner. */
export function plans({ tasks }: Swarm): { [name: string]: string } {
  const planned = { type: "write_scratchpad", text: "planned" };
  const scopes = Array.from({ length: Math.ceil(tasks / tasksPerPlanner) }, (_, n) => n);
  const text = (actions: object[]) => JSON.stringify({ version: 1, actions: [...actions, planned] });
  const spawn = (n: number) => ({
    type: "spawn_planner",
    name: `part-${n}`,
    question: `Which of part ${n}?`,
    paths: [],
  });
  const create = (n: number) => ({ type: "create_task", name: `t-${n}`, title: `Task ${n}` });
  const part = (n: number) => {
    const from = n * tasksPerPlanner;
    return Array.from({ length: Math.min(tasksPerPlanner, tasks - from) }, (_, i) => create(from + i));
  };
  return Object.fromEntries([
    ["root.json", text(scopes.map(spawn))],
    ...scopes.map((n) => [`part-${n}.json`, text(part(n))]),
  ]) as { [name: string]: string };
}

/** Its conflicts it resolves as it would have been one after the other: the trunk's lines, then its own. */
export const workerScript = (files: number): string => `set -e
n=$(sed -n 's/.*"task":{"id":"[^"]*","name":"t-\\([0-9]*\\)".*/\\1/p' "$LONGHAUL_BRIEF")
i=$(( n * 7 % ${files} ))
file="src/$(( i / 10 / 25 ))/$(( i / 10 % 25 ))/file-$i.ts"
[ $(( n % ${overlapEvery} )) -ne 0 ] || file=${hotFile}
if grep -q '^<<<<<<< ' "$file"; then sed -i '/^<<<<<<< /d; /^=======$/d; /^>>>>>>> /d' "$file"
else echo "${line("$n")}" >> "$file"; fi
`;

const line = (n: number | string): string => `// task ${n}`;

/** For git fast-import: all changes in this order as one commit of the branch `sequential`. */
export function sequential(order: readonly number[], files: readonly string[], read: (path: string) => string): string {
  const after = new Map<string, string>();
  for (const n of order) {
    const file = n % overlapEvery === 0 ? hotFile : fileOf(files, n);
    after.set(file, `${after.get(file) ?? `${read(file)}\n`}${line(n)}\n`);
  }
  const changes = [...after].map(([path, text]) => `M 100644 inline ${path}\ndata ${text.length}\n${text}\n`);
  const head =
    "commit refs/heads/sequential\ncommitter Bench <bench@localhost> 0 +0000\ndata 3\nall\nfrom refs/heads/main^0\n";
  return `${head}${changes.join("")}`;
}
