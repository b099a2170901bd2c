/** Which configuration a command works with, and what is said when it was not the user who chose the models. */
import { resolve as resolvePath } from "node:path";
import { configFromKeys, configNames, findConfig, loadConfig, type LoadedConfig } from "../config.ts";
import { lookedFor } from "../config/models.ts";
import { EnvironmentError } from "../domain/environment-error.ts";
import { say } from "./output.ts";

type Named = { config?: string };

/** The file named, or the one of this folder, or the one at the repository's top; null: there is none. */
export async function locateConfig(topLevel: string, { config: named }: Named): Promise<string | null> {
  return named === undefined ? ((await findConfig(process.cwd())) ?? (await findConfig(topLevel))) : resolvePath(named);
}

/** The configuration that is there, or models for which there are keys. */
export async function readConfig(topLevel: string, named: Named): Promise<LoadedConfig> {
  const path = await locateConfig(topLevel, named);
  const loaded = path === null ? await configFromKeys(topLevel) : await loadConfig(path);
  if (loaded === null)
    throw new EnvironmentError(
      topLevel,
      `no agent can run here: there is no configuration (looked for ${configNames.join(", ")}) and no model can be chosen (looked for ${lookedFor})`,
      "Set one of these keys, or write a configuration with: longhaul init",
    );
  return loaded;
}

export function sayChosen({ chosen }: LoadedConfig): void {
  if (chosen)
    say(`Models chosen because ${chosen.because}: ${chosen.strong} plans and judges, ${chosen.worker} works.`);
}
