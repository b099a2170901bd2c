/** `longhaul init`: a first configuration to edit. Never overwrites one. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { environment, findConfig } from "../config.ts";
import { chooseModels } from "../config/models.ts";
import { EnvironmentError } from "../domain/environment-error.ts";
import { Git } from "../git/git-process.ts";
import { excludeStateFolder, findRepository } from "../git/user-repository.ts";
import { configTemplate } from "./init-template.ts";
import { print, printJson } from "./output.ts";

export async function init({ json }: { json?: boolean }): Promise<void> {
  const git = new Git(environment);
  const repository = await findRepository(git, process.cwd());
  const existing = await findConfig(repository.topLevel);
  if (existing)
    throw new EnvironmentError(existing, "there is a configuration already", "Edit it, or remove it first.");
  const path = join(repository.topLevel, "longhaul.config.ts");
  const chosen = await chooseModels(environment);
  await writeFile(path, configTemplate(chosen), { flag: "wx" });
  await excludeStateFolder(git, repository);
  if (json) printJson({ config: path });
  else if (chosen)
    print(
      `Wrote ${path}, with ${chosen.strong} and ${chosen.worker}, because ${chosen.because}.\nSay in it when the goal is reached (acceptance), look at longhaul estimate, then: longhaul run "GOAL"`,
    );
  else print(`Wrote ${path}.\nName your agents in it, then: longhaul run "GOAL"`);
}
