/**
 * The only reader of the configuration file and of the environment. What leaves it is complete and valid: defaults are
 * filled in, names are resolved, and every fault has been said with its place and its mend.
 */
import { access, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { EnvironmentError } from "./domain/environment-error.ts";
import { describeJsonFault } from "./domain/json-place.ts";
import { limitDefaults, parallelDefaults, type Limits } from "./domain/limits.ts";
import type { AgentConfig, CheckCommand, RunConfig } from "./domain/run-config.ts";

/** The operator's environment; handed to whoever needs a part of it. */
export const environment: Readonly<{ [name: string]: string | undefined }> = process.env;
export const databaseUrl = process.env["DATABASE_URL"] || null;

export const configNames = [
  "longhaul.config.ts",
  "longhaul.config.mts",
  "longhaul.config.js",
  "longhaul.config.mjs",
  "longhaul.config.json",
];

const name = z.string().trim().min(1);
const agentSchema = z.strictObject({
  /** An argv, or a text for `sh -c`. */
  command: z.union([name, z.tuple([name], z.string())]),
  env: z.record(z.string(), z.string()).default({}),
  passEnv: z.array(name).default([]),
  costUsd: z.number().nonnegative().default(0),
});
const roleSchema = z.union([name, agentSchema]);
const checkSchema = z.union([
  name.transform((command) => ({ name: command, command, timeoutMs: null })),
  z.strictObject({ name, command: name, timeoutMs: z.int().positive().nullable().default(null) }),
]);
const limitsSchema = z.strictObject(
  Object.fromEntries(Object.keys(limitDefaults).map((key) => [key, z.int().nonnegative().optional()])) as {
    [K in keyof Limits]: z.ZodOptional<z.ZodInt>;
  },
);

export const configSchema = z.strictObject({
  $schema: z.string().optional(),
  agents: z.record(name, agentSchema).default({}),
  /** An agent's name from `agents`, or the agent itself. A text that names no agent is a command for `sh -c`. */
  roles: z.strictObject({ planner: roleSchema, worker: roleSchema, judge: roleSchema.optional() }),
  acceptance: z.array(checkSchema).default([]),
  checks: z.array(checkSchema).default([]),
  budget: z
    .strictObject({ usd: z.number().nonnegative().optional(), tokens: z.int().nonnegative().optional() })
    .default({}),
  parallel: z
    .strictObject({
      workers: z.int().min(1).default(parallelDefaults.workers),
      planners: z.int().min(1).default(parallelDefaults.planners),
    })
    .prefault({}),
  limits: limitsSchema.default({}),
  identity: z
    .string()
    .regex(/^[^<>\n]+ <[^<>\s]+>$/, "expected the form: Name <address>")
    .default("Longhaul <longhaul@localhost>"),
});

/** What a user may write in `longhaul.config.ts`. */
export type Config = z.input<typeof configSchema>;

export class ConfigError extends EnvironmentError {}

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

export async function loadConfig(path: string): Promise<RunConfig> {
  const parsed = configSchema.safeParse(await readConfig(path));
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `  ${issue.path.join(".") || "(top level)"}: ${issue.message}`);
    throw new ConfigError(
      path,
      `not a valid configuration:\n${faults.join("\n")}\n`,
      "Mend these places; the README has an example of each field.",
    );
  }
  return resolve(parsed.data, path);
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

type Parsed = z.output<typeof configSchema>;

function resolve(config: Parsed, path: string): RunConfig {
  const agents: { [agent: string]: AgentConfig } = {};
  for (const [agent, written] of Object.entries(config.agents)) agents[agent] = toAgent(written);
  const roleAgent = (role: "planner" | "worker" | "judge", written: z.output<typeof roleSchema>): string => {
    if (typeof written === "string" && agents[written]) return written;
    if (agents[role])
      throw new ConfigError(
        path,
        `roles.${role} is not an agent's name, but there is an agent named "${role}"`,
        `Give roles.${role} the name of an agent, or rename that agent.`,
      );
    agents[role] = toAgent(
      typeof written === "string" ? { command: written, env: {}, passEnv: [], costUsd: 0 } : written,
    );
    return role;
  };
  const roles = {
    planner: roleAgent("planner", config.roles.planner),
    worker: roleAgent("worker", config.roles.worker),
    judge: config.roles.judge === undefined ? null : roleAgent("judge", config.roles.judge),
  };
  if (roles.judge === null && config.acceptance.length === 0)
    throw new ConfigError(
      path,
      "neither acceptance commands nor a judge: nothing could decide when the goal is reached",
      'Add acceptance: ["npm test"] or roles.judge.',
    );
  const given = Object.fromEntries(Object.entries(config.limits).filter(([, value]) => value !== undefined));
  return {
    agents,
    roles,
    acceptance: uniqueNames(path, "acceptance", config.acceptance),
    checks: uniqueNames(path, "checks", config.checks),
    budget: { microUsd: toMicroUsd(config.budget.usd), tokens: config.budget.tokens ?? null },
    parallel: config.parallel,
    limits: { ...limitDefaults, ...given },
    directory: dirname(path),
    identity: config.identity,
  };
}

function uniqueNames(path: string, field: string, commands: CheckCommand[]): CheckCommand[] {
  const seen = new Set<string>();
  for (const { name: own } of commands) {
    if (seen.has(own))
      throw new ConfigError(
        path,
        `two commands of ${field} have the name ${JSON.stringify(own)}`,
        "Give each its own name.",
      );
    seen.add(own);
  }
  return commands;
}

function toAgent({ command, env, passEnv, costUsd }: z.output<typeof agentSchema>): AgentConfig {
  return { kind: "command", command, env, passEnv, costMicroUsd: toMicroUsd(costUsd) ?? 0 };
}

/** Dollars to millionths; undefined: no bound. */
export function toMicroUsd(usd: number | undefined): number | null {
  return usd === undefined ? null : Math.round(usd * 1_000_000);
}
