/**
 * The job of the overhead benchmark: many trivial tasks of one planner, run by shell commands; every
 * tenth waits for the one before it.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { limitDefaults } from "../src/domain/limits.ts";
import { commandAgent, configDefaults, type RunConfig } from "../src/domain/run-config.ts";

/**
 * `nothing`: the worker reports that nothing is to do. `lands`: it adds one file, which lands. `sleeps`: it takes ten
 * seconds for nothing, while which the engine has nothing to do.
 */
export type Variant = "nothing" | "lands" | "sleeps";
export type Case = { concurrency: number; variant: Variant; tasks: number; url: string | null };

const workers: { [V in Variant]: string } = {
  nothing: `echo '{"status":"nothing_to_do"}'`,
  lands: `echo done > "$LONGHAUL_SESSION.txt"`,
  sleeps: `sleep 10; echo '{"status":"nothing_to_do"}'`,
};
const planned = `{"version":1,"actions":[]}`;
/** Plans in its first turn and only looks on in the later ones. */
const planner =
  `if grep -q '"scratchpad":"planned"' "$LONGHAUL_BRIEF"; then echo '${planned}'; ` +
  `else cat "$LONGHAUL_CONFIG_DIR/plan.json"; fi`;

const files = 100;

/** A repository of a hundred small files, and beside it the folder of the configuration. */
export function makeJob(
  { concurrency, variant, tasks }: Case,
  folder: string,
): { repository: string; config: RunConfig } {
  const repository = join(folder, "repository");
  mkdirSync(repository);
  for (let file = 0; file < files; file++) writeFileSync(join(repository, `file-${file}.txt`), `${file}\n`.repeat(20));
  const git = (...args: string[]) => execFileSync("git", args, { cwd: repository });
  git("init", "--quiet", "--initial-branch=main", "--template=");
  git("add", "--all");
  git("-c", "user.name=bench", "-c", "user.email=bench@example.invalid", "commit", "--quiet", "--message=Start");
  writeFileSync(join(folder, "plan.json"), JSON.stringify({ version: 1, actions: plan(tasks) }));

  const config: RunConfig = {
    ...configDefaults,
    agents: { planner: commandAgent(planner), worker: commandAgent(workers[variant]) },
    roles: { planner: "planner", worker: "worker", arbiter: null, judge: null },
    acceptance: [{ name: "true", command: "true", timeoutMs: null, protected: [] }],
    parallel: { workers: concurrency, planners: 1 },
    limits: { ...limitDefaults, tasksPerTurnMax: tasks, openTasksMax: Math.max(tasks, limitDefaults.openTasksMax) },
    directory: folder,
    identity: "Longhaul bench <bench@example.invalid>",
  };
  return { repository, config };
}

function plan(tasks: number): object[] {
  const created = Array.from({ length: tasks }, (_, index) => ({
    type: "create_task",
    name: `task-${index}`,
    title: `Task ${index}`,
    ...(index % 10 === 9 && { dependsOn: [`task-${index - 1}`] }),
  }));
  return [...created, { type: "write_scratchpad", text: "planned" }];
}
