/** A run's configuration, resolved and complete, as it is stored with the run: the trunk can never change it. */
import type { AcpPreset } from "./acp-preset.ts";
import { noBudgets, type Budgets } from "./budget.ts";
import type { PublishConfig } from "./publish-config.ts";
import { limitDefaults, parallelDefaults, type Limits, type Parallel } from "./limits.ts";
import { allRoles, type Role } from "./session.ts";

export type RunConfig = {
  agents: { [name: string]: AgentConfig };
  /** Agent names; without a judge agent the acceptance commands alone decide. */
  /** `arbiter` null: whoever was the worker, unless that is a program. */
  roles: { planner: string; worker: string; arbiter: string | null; judge: string | null };
  /** Other agents for parts of the repository; the first area that holds all paths of a task or planner counts. */
  areas: Area[];
  providers: { [name: string]: ProviderConfig };
  /** By `provider/model`: in place of the price list. */
  prices: { [model: string]: PriceOverride };
  /** Texts in place of the built-in prompts, by the prompt's name. */
  prompts: { [name: string]: string };
  acceptance: AcceptanceCommand[];
  checks: CheckCommand[];
  /** What makes a checkout ready to be worked in: once for all workspaces, where they can share it. */
  prepare: PrepareCommand[];
  checkPolicy: CheckPolicy;
  budget: Budgets;
  parallel: Parallel;
  limits: Limits;
  /** Where the config file lies; absolute. Commands get it as LONGHAUL_CONFIG_DIR. */
  directory: string;
  /** Who commits: `Name <address>`. */
  identity: string;
  /** Landed commits carry the identity's `Signed-off-by`. */
  signOff: boolean;
  /** Where its branches go beside the user's repository; null: nowhere. */
  publish: PublishConfig | null;
  workspaces: WorkspacesChoice;
  /** What the programs of its sessions are confined by. */
  sandbox: SandboxChoice;
  /** What containers are made of, where programs are confined by them. */
  sandboxImage: string | null;
  /** Hosts that they may reach, by role: `entryFault` says in what form. Checks and acceptance commands reach none. */
  network: { [R in Role | "prepare"]: string[] } & {
    /** Ranges of the operator's own network that their names may lead to, beside the public internet: `insideFault`. */
    inside: string[];
  };
  /** Absolute paths outside of the workspace that they may read, and caches. */
  readable: string[];
  caches: { path: string; mode: "read-only" | "private" }[];
};

/**
 * `auto`: overlays where the system has them; else, and with `copied`, folders of files of their own. `sparse`: of a task or
 * planner with paths such a folder with no more than these; the others as with `auto`.
 */
export const workspacesChoices = ["auto", "copied", "sparse"] as const;
export type WorkspacesChoice = (typeof workspacesChoices)[number];

/** `auto`: the first that works on this machine; without one, nothing runs. */
export const sandboxChoices = ["auto", "bubblewrap", "sandbox-exec", "docker", "none"] as const;
export type SandboxChoice = (typeof sandboxChoices)[number];

/** `roles`: which roles it may have; `description`: for planners, which may ask for it by name. */
export type AgentConfig = (CommandAgentConfig | ModelAgentConfig | AcpAgentConfig) & {
  roles: readonly Role[];
  description: string;
};

export type CommandAgentConfig = {
  kind: "command";
  /** An argv, or a text for `sh -c`. */
  command: string | string[];
  env: { [name: string]: string };
  /** Names of variables that are let through from the operator's environment. */
  passEnv: string[];
  /** Reserved before each session, and what a session cost when the program does not say. */
  costMicroUsd: number;
};

export type ModelAgentConfig = {
  kind: "model";
  /** `provider/model`; the provider is a name in `providers`. */
  model: string;
  /** null: what the provider does by itself. */
  effort: Effort | null;
  /** Of one answer, thinking included. */
  outputTokensMax: number;
  /** The model's window; null: as the price list says. */
  contextTokens: number | null;
};

/** A coding agent that we did not write. */
export type AcpAgentConfig = {
  kind: "acp";
  /** The preset's name, or `own`. */
  name: string;
  preset: AcpPreset;
  /** `provider/model`: its calls go there through the metering proxy. null: it has a login or key of its own. */
  model: string | null;
  /** With its own login: the model to ask for, as the agent calls it. null: its own choice. */
  ownModel: string | null;
  env: { [name: string]: string };
  passEnv: string[];
  /** Reserved before each session, and what a session cost when nobody counts and it does not say; 0 with a model. */
  costMicroUsd: number;
};

export type Effort = "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max";

/** One provider with one key: what limits and budgets of a credential are kept for. */
export type ProviderConfig = {
  kind: "anthropic" | "openai" | "openai-chat" | "google" | "openai-compatible";
  /** Ends with the version: `…/v1`. */
  baseUrl: string;
  /** The variable of the operator's environment that holds the key; the key itself is never stored. */
  keyEnv: string | null;
};

/** Dollars for a million tokens. Left out: as `inputUsd`. */
export type PriceOverride = { inputUsd: number; cachedUsd?: number; writtenUsd?: number; outputUsd: number };

/** `paths`: folders (`src/parser/`) or files. */
export type Area = { paths: string[]; planner: string | null; worker: string | null };

/**
 * `after`: the checks follow the trunk. `before`: they also have to pass in a worker's own tree, before its work lands. `gate`: they
 * have to pass on what the trunk would become, merged; only that lands.
 */
export const checkPolicies = ["after", "before", "gate"] as const;
export type CheckPolicy = (typeof checkPolicies)[number];

/** `when`: paths; it is run again when one of them has changed on the trunk. */
export type PrepareCommand = CheckCommand & { when: string[] };

/** `timeoutMs` null: the limit `commandMs`. */
export type CheckCommand = { name: string; command: string; timeoutMs: number | null };

/** `protected`: paths of the repository, which all acceptance commands find as they were at the run's base. */
export type AcceptanceCommand = CheckCommand & { protected: string[] };

/** Whose limits hold for the agent's calls: its provider's, with the one key that it has. null: none that we know of. */
export const credentialOf = (agent: AgentConfig): string | null => {
  const model = agent.kind === "command" ? null : agent.model;
  return model === null ? null : model.slice(0, model.indexOf("/"));
};

/** The agent that the task or planner names, else its area's, else the role's. */
export function agentFor(
  config: RunConfig,
  role: "planner" | "worker",
  own: string | null,
  paths: readonly string[],
): string {
  const area = config.areas.find((each) => holds(each, paths));
  return own ?? area?.[role] ?? config.roles[role];
}

/** null: nobody can be asked. A program that does one thing does the same again: it is better run anew on the new tip. */
export function arbiterFor(config: RunConfig, own: string | null, paths: readonly string[]): string | null {
  if (config.roles.arbiter !== null) return config.roles.arbiter;
  const worker = agentFor(config, "worker", own, paths);
  return config.agents[worker]?.kind === "command" ? null : worker;
}

function holds(area: Area, paths: readonly string[]): boolean {
  const inside = (path: string) =>
    area.paths.some((each) => path === each || path.startsWith(each.endsWith("/") ? each : `${each}/`));
  return paths.length > 0 && paths.every(inside);
}

/** Agents that a planner may ask for, by the role that they would have. */
export function agentsOnOffer(config: RunConfig, role: Role): { name: string; description: string }[] {
  return Object.entries(config.agents)
    .filter(([, agent]) => agent.roles.includes(role))
    .map(([name, { description }]) => ({ name, description }));
}

/** What a configuration says when it says nothing. */
export const configDefaults: Omit<RunConfig, "agents" | "roles" | "directory"> = {
  areas: [],
  providers: {},
  prices: {},
  prompts: {},
  acceptance: [],
  checks: [],
  prepare: [],
  workspaces: "auto",
  checkPolicy: "after",
  budget: noBudgets,
  parallel: parallelDefaults,
  limits: limitDefaults,
  identity: "Longhaul <longhaul@localhost>",
  signOff: false,
  publish: null,
  sandbox: "auto",
  sandboxImage: null,
  network: { planner: [], worker: [], arbiter: [], judge: [], prepare: [], inside: [] },
  readable: [],
  caches: [],
};

/** A command agent that may have every role. */
export function commandAgent(command: string | string[]): AgentConfig & { kind: "command" } {
  return { kind: "command", command, env: {}, passEnv: [], costMicroUsd: 0, roles: allRoles, description: "" };
}

const unprotected: Pick<AcceptanceCommand, "protected"> = { protected: [] };

/** What an older version stored, with what has been added since. */
export function completeConfig(stored: RunConfig): RunConfig {
  const agents = Object.entries(stored.agents).map(([name, agent]) => [
    name,
    agent.kind === "acp" ? completeAcpAgent(agent) : { ...commandAgent(""), ...agent },
  ]);
  const roles: Omit<RunConfig["roles"], "arbiter"> & { arbiter?: string | null } = stored.roles;
  const network: Partial<RunConfig["network"]> | undefined = stored.network;
  return {
    ...configDefaults,
    ...stored,
    agents: Object.fromEntries(agents) as RunConfig["agents"],
    acceptance: stored.acceptance.map((command) => ({ ...unprotected, ...command })),
    budget: { ...noBudgets, ...stored.budget },
    limits: { ...limitDefaults, ...stored.limits },
    roles: { arbiter: null, ...roles },
    network: { ...configDefaults.network, arbiter: network?.worker ?? [], ...network },
  };
}

function completeAcpAgent(agent: AgentConfig & AcpAgentConfig): AgentConfig {
  const { preset } = agent;
  return { ...agent, preset: { ...preset, own: { ...preset.own, hosts: preset.own.hosts ?? [] } } };
}
