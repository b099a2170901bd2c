/**
 * The only reader of the configuration file and of the environment. What leaves it is complete and valid: defaults are
 * filled in, names are resolved, and every fault has been said with its place and its mend. What a configuration means is
 * loaded when there is one to read: commands that only look at the environment begin without it.
 */
import { access, readFile } from "node:fs/promises";
import { dirname, join, resolve as resolvePath } from "node:path";
import { pathToFileURL } from "node:url";
import type { z } from "zod";
import { ConfigError } from "./config/config-error.ts";
import type { ChosenModels } from "./config/models.ts";
import type { configSchema } from "./config/schema.ts";
import { describeJsonFault } from "./domain/json-place.ts";
import type { ProviderConfig, RunConfig } from "./domain/run-config.ts";

/** The operator's environment; handed to whoever needs a part of it. */
export const environment: Readonly<{ [name: string]: string | undefined }> = process.env;
export const databaseUrl = process.env["DATABASE_URL"] || null;

/** This process was started with mounts of its own. */
export const ownMounts = process.env["LONGHAUL_MOUNTS"] === "own";

/** The session that this process runs in, for its programs: where its tools are served, and with which token. */
export const sessionTools = {
  url: process.env["LONGHAUL_TOOLS_URL"] || null,
  token: process.env["LONGHAUL_TOOLS_TOKEN"] || null,
};

export const configNames = [
  "longhaul.config.ts",
  "longhaul.config.mts",
  "longhaul.config.js",
  "longhaul.config.mjs",
  "longhaul.config.json",
];

/** What a user may write in `longhaul.config.ts`. */
export type Config = z.input<typeof configSchema>;

/** `chosen`: the models that were chosen because nobody named any. */
export type LoadedConfig = { config: RunConfig; chosen: ChosenModels | null };

/** The file's path, or null when the folder has none. */
export async function findConfig(directory: string): Promise<string | null> {
  for (const candidate of configNames) {
    const path = join(directory, candidate);
    const found = await access(path).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return null;
}

export async function loadConfig(path: string): Promise<LoadedConfig> {
  return complete(await readConfig(path), path, dirname(path));
}

/** Without a configuration: models chosen from the keys that are there. Null: there are none. */
export async function configFromKeys(directory: string): Promise<LoadedConfig | null> {
  const { chooseModels } = await import("./config/models.ts");
  const chosen = await chooseModels(environment);
  return chosen && complete({}, "(no configuration)", directory);
}

/** The provider's key as it is now, or null when it needs none or has none. */
export function keyOf({ keyEnv }: ProviderConfig): string | null {
  return (keyEnv !== null && environment[keyEnv]?.trim()) || null;
}

async function complete(written: unknown, path: string, directory: string): Promise<LoadedConfig> {
  const { configSchema } = await import("./config/schema.ts");
  const { chooseModels } = await import("./config/models.ts");
  const { resolve } = await import("./config/resolve.ts");
  const parsed = configSchema.safeParse(written);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `  ${issue.path.join(".") || "(top level)"}: ${issue.message}`);
    throw new ConfigError(
      path,
      `not a valid configuration:\n${faults.join("\n")}\n`,
      "Mend these places; the README has an example of each field.",
    );
  }
  const { roles, acceptance } = parsed.data;
  const allNamed = roles?.planner !== undefined && roles.worker !== undefined;
  const decided = roles?.judge !== undefined || acceptance.length > 0;
  const chosen = allNamed && decided ? null : await chooseModels(environment);
  const prompts = await readPrompts(parsed.data.prompts, path, directory);
  return { config: resolve(parsed.data, { path, directory, environment, chosen, prompts }), chosen };
}

async function readPrompts(
  files: { [name: string]: string },
  path: string,
  directory: string,
): Promise<{ [name: string]: string }> {
  const texts: { [name: string]: string } = {};
  for (const [name, file] of Object.entries(files)) {
    texts[name] = await readFile(resolvePath(directory, file), "utf8").catch((cause: unknown) => {
      throw new ConfigError(path, `prompts.${name}: ${file} cannot be read: ${textOf(cause)}`, "Name a file.", {
        cause,
      });
    });
  }
  return texts;
}

async function readConfig(path: string): Promise<unknown> {
  if (!path.endsWith(".json")) {
    try {
      const module = (await import(pathToFileURL(path).href)) as { default?: unknown };
      if (module.default === undefined)
        throw new ConfigError(path, "no default export", "Write: export default { agents: …, roles: … }");
      return module.default;
    } catch (cause) {
      if (cause instanceof ConfigError) throw cause;
      throw new ConfigError(path, `cannot be loaded: ${textOf(cause)}`, `The file must run by itself: node ${path}`, {
        cause,
      });
    }
  }
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new ConfigError(path, `cannot be read: ${textOf(cause)}`, "Check the file's permissions.", { cause });
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ConfigError(path, `not valid JSON: ${describeJsonFault(text)}`, "Mend the file at that place.", {
      cause,
    });
  }
}

const textOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause));
