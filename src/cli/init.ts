/** `longhaul init`: a first configuration to edit, with the agents that are here. Never overwrites one. */
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { environment, findConfig } from "../config.ts";
import { chooseModels, knownProvider, lookedFor } from "../config/models.ts";
import { EnvironmentError } from "../domain/environment-error.ts";
import { Git } from "../git/git-process.ts";
import { excludeStateFolder, findRepository } from "../git/user-repository.ts";
import { chooseAgents, type Choice, type NamedAgent } from "./init-choice.ts";
import { configTemplate } from "./init-template.ts";
import { foundPresets } from "./installed-agents.ts";
import { print, printJson } from "./output.ts";
import { unwritable } from "./project.ts";

export async function init({ json }: { json?: boolean }): Promise<void> {
  const git = new Git(environment);
  const repository = await findRepository(git, process.cwd());
  const existing = await findConfig(repository.topLevel);
  if (existing)
    throw new EnvironmentError(existing, "there is a configuration already", "Edit it, or remove it first.");
  const path = join(repository.topLevel, "longhaul.config.ts");
  const agents = foundPresets();
  const choice = chooseAgents(
    await chooseModels(environment),
    agents,
    (provider) => knownProvider(provider, environment)?.kind ?? null,
  );
  try {
    // The folder first: of a configuration there is all or nothing, and a second try must not find half a one.
    await excludeStateFolder(git, repository);
    await writeWhole(path, configTemplate(choice));
  } catch (cause) {
    throw unwritable(path, cause);
  }
  const { roles, because, others } = choice;
  if (json) printJson({ config: path, agents: roles.kind, because, others: others.map(({ name }) => name) });
  else print(initWords(path, choice, agents).join("\n"));
}

/** Never over another file. */
async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(text);
  } catch (error) {
    await rm(path);
    throw error;
  } finally {
    await file.close();
  }
}

/** What was chosen and why, what is missing, and what comes next. */
function initWords(path: string, { roles, because, others }: Choice, agents: readonly NamedAgent[]): string[] {
  const names = others.map(({ name }) => name).join(", ");
  const beside = others.length === 0 ? [] : [`Commented out in it, installed as well: ${names}.`];
  const next = 'Say in it when the goal is reached (acceptance), look at longhaul estimate, then: longhaul run "GOAL"';
  const trial = "Whether they can work here: longhaul doctor --agents (starts them, asks no model)";
  switch (roles.kind) {
    case "models": {
      const { strong, worker } = roles.chosen;
      const tried = others.length === 0 ? ["Whether a run can start here: longhaul doctor"] : [trial];
      return [`Wrote ${path}, with ${strong} and ${worker}, because ${because}.`, ...beside, ...tried, next];
    }
    case "coding_agent":
      return [
        `Wrote ${path}, with ${roles.title} in every role, because ${because}.`,
        ...beside,
        `No model was chosen: no key is set (looked for ${lookedFor}).`,
        trial,
        next,
      ];
    case "programs":
      return [
        `Wrote ${path}, with programs that you have to name: no model can be chosen (looked for ${lookedFor}),`,
        ...(others.length > 0
          ? [`and what is installed is not logged in: ${names}. longhaul doctor says how.`]
          : [
              "and no coding agent is installed:",
              ...agents.map(({ preset }) => `  ${preset.name}: ${preset.install}`),
            ]),
        'Name your agents in it, or remove it and begin again when there is a key or an agent; then: longhaul run "GOAL"',
      ];
  }
}
