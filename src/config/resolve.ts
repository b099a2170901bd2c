/** From what a user wrote to a complete run configuration: names are resolved, and every fault has its place and mend. */
import { join, resolve as resolvePath } from "node:path";
import { limitDefaults, modelAgentLimits } from "../domain/limits.ts";
import {
  agentsOnOffer,
  credentialOf,
  type AgentConfig,
  type CheckCommand,
  type ProviderConfig,
  type RunConfig,
} from "../domain/run-config.ts";
import { allRoles, type Role } from "../domain/session.ts";
import { acpAgent, checkModels, checkWire } from "./acp-agent.ts";
import { ConfigError } from "./config-error.ts";
import { knownProvider, knownProviders, lookedFor, type ChosenModels, type Environment } from "./models.ts";
import type { WrittenAgent, WrittenConfig, WrittenProvider, WrittenRole } from "./schema.ts";

export type Around = {
  path: string;
  directory: string;
  environment: Environment;
  /** Models for roles that nobody named. */
  chosen: ChosenModels | null;
  /** Texts of the prompts' files. */
  prompts: { [name: string]: string };
};

export function resolve(config: WrittenConfig, around: Around): RunConfig {
  const { path } = around;
  const agents: { [agent: string]: AgentConfig } = {};
  for (const [agent, written] of Object.entries(config.agents)) agents[agent] = toAgent(written, allRoles);
  const roles = resolveRoles(config, agents, around);
  refuseContradictions(config, roles, path);
  const given = Object.fromEntries(Object.entries(config.limits).filter(([, value]) => value !== undefined));
  const { usd, tokens, perCycle, perPlanner, perSession } = config.budget;
  const resolved: RunConfig = {
    agents,
    roles,
    areas: config.areas.map(({ paths, planner, worker }) => ({
      paths,
      planner: planner ?? null,
      worker: worker ?? null,
    })),
    providers: resolveProviders(config, agents, around),
    prices: Object.fromEntries(Object.entries(config.prices).map(([model, price]) => [model, defined(price)])),
    prompts: around.prompts,
    acceptance: uniqueNames(path, "acceptance", config.acceptance),
    checks: uniqueNames(path, "checks", config.checks),
    prepare: uniqueNames(path, "prepare", config.prepare),
    checkPolicy: config.checkPolicy,
    budget: {
      ...toBudget({ usd, tokens }),
      cycle: toBudget(perCycle),
      planner: toBudget(perPlanner),
      session: toBudget(perSession),
    },
    parallel: config.parallel,
    limits: { ...limitDefaults, ...given },
    directory: around.directory,
    identity: config.identity,
    signOff: config.signOff,
    publish: config.publish,
    workspaces: config.workspaces,
    sandbox: config.sandbox,
    sandboxImage: config.sandboxImage,
    network: { ...config.network, arbiter: config.network.arbiter ?? config.network.worker },
    readable: config.readable.map((written) => absolute(written, around)),
    caches: config.caches.map(({ path: written, mode }) => ({ path: absolute(written, around), mode })),
  };
  checkAreas(resolved, path);
  return resolved;
}

function refuseContradictions(config: WrittenConfig, roles: RunConfig["roles"], path: string): void {
  if (roles.judge === null && config.acceptance.length === 0)
    throw new ConfigError(
      path,
      "neither acceptance commands nor a judge: nothing could decide when the goal is reached",
      'Add acceptance: ["npm test"] or roles.judge.',
    );
  if (config.checkPolicy !== "after" && config.checks.length === 0)
    throw new ConfigError(
      path,
      `checkPolicy is "${config.checkPolicy}", and there are no checks`,
      'Add checks: ["npm test"].',
    );
  if (config.checkPolicy === "before" && config.workspaces === "sparse")
    throw new ConfigError(
      path,
      'checkPolicy is "before", and a worker\'s own tree is not whole with workspaces: "sparse"',
      'Use checkPolicy: "gate", which checks what would land in a checkout of its own, or workspaces: "copied".',
    );
}

/** `~/…` is below the operator's home; what else is not absolute, below the configuration's folder. */
function absolute(written: string, { directory, environment }: Around): string {
  const home = environment["HOME"];
  if (home !== undefined && /^~(?=\/|$)/.test(written)) return join(home, written.slice(1));
  return resolvePath(directory, written);
}

function resolveRoles(
  config: WrittenConfig,
  agents: { [name: string]: AgentConfig },
  around: Around,
): RunConfig["roles"] {
  const { path, chosen } = around;
  const put = (role: Role, agent: AgentConfig): string => {
    if (agents[role])
      throw new ConfigError(
        path,
        `roles.${role} is not an agent's name, but there is an agent named "${role}"`,
        `Give roles.${role} the name of an agent, or rename that agent.`,
      );
    agents[role] = agent;
    return role;
  };
  const named = (role: Role, written: WrittenRole): string => {
    if (typeof written !== "string") return put(role, toAgent(written, [role]));
    const agent = agents[written];
    if (!agent)
      return put(role, toAgent({ command: written, env: {}, passEnv: [], costUsd: 0, description: "" }, [role]));
    if (!agent.roles.includes(role))
      throw new ConfigError(
        path,
        `roles.${role} names the agent "${written}", which may only be ${agent.roles.join(" or ")}`,
        `Add "${role}" to agents.${written}.roles, or name another agent.`,
      );
    return written;
  };
  const chosenFor = (role: Role): string => {
    if (!chosen)
      throw new ConfigError(
        path,
        `no agent for the role ${role}: roles.${role} is not given, and no model can be chosen (looked for ${lookedFor})`,
        "Set one of these keys, or name an agent.",
      );
    const model = role === "worker" ? chosen.worker : chosen.strong;
    return put(
      role,
      toAgent({ model, outputTokensMax: modelAgentLimits.outputTokensDefault, description: "" }, [role]),
    );
  };
  const { planner, worker, arbiter, judge } = config.roles ?? {};
  const judged = config.roles === undefined || (config.acceptance.length === 0 && chosen !== null);
  return {
    planner: planner === undefined ? chosenFor("planner") : named("planner", planner),
    worker: worker === undefined ? chosenFor("worker") : named("worker", worker),
    arbiter: arbiter === undefined ? null : named("arbiter", arbiter),
    judge: judge === undefined ? (judged ? chosenFor("judge") : null) : named("judge", judge),
  };
}

function toAgent(written: WrittenAgent, roles: readonly Role[]): AgentConfig {
  const { description } = written;
  const common = { description, roles: written.roles ?? roles };
  if ("acp" in written) return { ...acpAgent(written), ...common };
  if ("model" in written) {
    const { model, effort, outputTokensMax, contextTokens } = written;
    return {
      kind: "model",
      model,
      effort: effort ?? null,
      outputTokensMax,
      contextTokens: contextTokens ?? null,
      ...common,
    };
  }
  const { command, env, passEnv, costUsd } = written;
  return { kind: "command", command, env, passEnv, costMicroUsd: toMicroUsd(costUsd) ?? 0, ...common };
}

/** Only those that are used; a key's value is never looked at here. */
function resolveProviders(
  config: WrittenConfig,
  agents: { [name: string]: AgentConfig },
  { path, environment }: Around,
): { [name: string]: ProviderConfig } {
  const providers: { [name: string]: ProviderConfig } = {};
  for (const [name, written] of Object.entries(config.providers))
    providers[name] = toProvider(name, written, path, environment);
  for (const [name, agent] of Object.entries(agents)) {
    const used = credentialOf(agent);
    if (agent.kind === "command" || used === null) continue;
    const provider = providers[used] ?? knownProvider(used, environment);
    if (!provider)
      throw new ConfigError(
        path,
        `agent "${name}": there is no provider "${used}" for the model ${agent.model}`,
        `Known are ${knownProviders.join(", ")}; add others: providers: { ${JSON.stringify(used)}: { baseUrl: "http://…/v1" } }.`,
      );
    providers[used] = provider;
    if (agent.kind === "acp") checkModels(name, agent, path);
    if (agent.kind === "acp") checkWire(name, agent, provider, path);
  }
  return providers;
}

function toProvider(name: string, written: WrittenProvider, path: string, environment: Environment): ProviderConfig {
  const usual = knownProvider(name, environment) ?? knownProvider(written.kind, environment);
  const baseUrl = written.baseUrl ?? usual?.baseUrl;
  if (baseUrl === undefined)
    throw new ConfigError(
      path,
      `providers.${name} has no baseUrl`,
      'Say where it is: baseUrl: "http://127.0.0.1:8000/v1".',
    );
  const keyEnv = written.keyEnv === undefined ? (usual?.keyEnv ?? null) : written.keyEnv;
  return { kind: written.kind, baseUrl: baseUrl.replace(/\/+$/, ""), keyEnv };
}

function checkAreas(config: RunConfig, path: string): void {
  config.areas.forEach((area, index) => {
    for (const role of ["planner", "worker"] as const) {
      const name = area[role];
      const onOffer = agentsOnOffer(config, role).map((agent) => agent.name);
      if (name !== null && !onOffer.includes(name))
        throw new ConfigError(
          path,
          `areas[${index}].${role} names no agent that may be ${role}: ${JSON.stringify(name)}`,
          `Name one of ${onOffer.join(", ")}, or add it to agents.`,
        );
    }
  });
}

function uniqueNames<C extends CheckCommand>(path: string, field: string, commands: C[]): C[] {
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

const toBudget = ({ usd, tokens }: { usd?: number | undefined; tokens?: number | undefined }) => ({
  microUsd: toMicroUsd(usd),
  tokens: tokens ?? null,
});

const defined = ({ inputUsd, outputUsd, cachedUsd, writtenUsd }: WrittenConfig["prices"][string]) => ({
  inputUsd,
  outputUsd,
  ...(cachedUsd !== undefined && { cachedUsd }),
  ...(writtenUsd !== undefined && { writtenUsd }),
});

/** Dollars to millionths; undefined: no bound. */
export function toMicroUsd(usd: number | undefined): number | null {
  return usd === undefined ? null : Math.round(usd * 1_000_000);
}
