/** `longhaul init`: a first configuration to edit. Never overwrites one. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { environment, findConfig } from "../config.ts";
import { EnvironmentError } from "../domain/environment-error.ts";
import { Git } from "../git/git-process.ts";
import { excludeStateFolder, findRepository } from "../git/user-repository.ts";
import { print, printJson } from "./output.ts";

const template = `/** Longhaul's configuration. What is left out has a default; the README explains every field. */
export default {
  // Who does what. A command agent is any program: an argv, or a text for \`sh -c\`.
  // It gets a brief as JSON on stdin and answers by what it prints, changes and exits with.
  agents: {
    planner: { command: "node tools/plan.ts" }, // prints a JSON plan: tasks, sub-planners
    worker: { command: "node tools/work.ts" }, // changes files in its own checkout; exit 0: done
  },
  roles: { planner: "planner", worker: "worker" }, // judge: "…" is optional

  // The goal is reached when all of these pass, in a clean checkout. They are taken from this
  // file when the run starts: nothing that lands can change them.
  acceptance: ["npm test"],

  // Run behind the landings on the newest state; what passes becomes the branch longhaul/RUN-green.
  checks: [],

  parallel: { workers: 8, planners: 4 },
  budget: {}, // { usd: 20, tokens: 5_000_000 }: hard; the run pauses when it is spent
  limits: {}, // { cyclesMax: 5, hardDeadlineMs: 3_600_000, … }
};
`;

export async function init({ json }: { json?: boolean }): Promise<void> {
  const git = new Git(environment);
  const repository = await findRepository(git, process.cwd());
  const existing = await findConfig(repository.topLevel);
  if (existing)
    throw new EnvironmentError(existing, "there is a configuration already", "Edit it, or remove it first.");
  const path = join(repository.topLevel, "longhaul.config.ts");
  await writeFile(path, template, { flag: "wx" });
  await excludeStateFolder(git, repository);
  if (json) printJson({ config: path });
  else print(`Wrote ${path}.\nName your agents in it, then: longhaul run "GOAL"`);
}
