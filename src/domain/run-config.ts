/** A run's configuration, resolved and complete, as it is stored with the run: the trunk can never change it. */
import type { Budget } from "./budget.ts";
import type { Limits, Parallel } from "./limits.ts";
import type { Role } from "./session.ts";

export type RunConfig = {
  agents: { [name: string]: AgentConfig };
  /** Agent names; without a judge agent the acceptance commands alone decide. */
  roles: { planner: string; worker: string; judge: string | null };
  acceptance: CheckCommand[];
  checks: CheckCommand[];
  budget: Budget;
  parallel: Parallel;
  limits: Limits;
  /** Where the config file lies; absolute. Commands get it as LONGHAUL_CONFIG_DIR. */
  directory: string;
  /** Who commits: `Name <address>`. */
  identity: string;
};

export type AgentConfig = CommandAgentConfig;

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

/**
 * Where models are to be had. `anthropic`: Messages; `openai`: Responses; `openai-chat`: OpenAI's Chat Completions;
 * `openai-compatible`: everybody else's Chat Completions.
 */
export type ProviderConfig = {
  kind: "anthropic" | "openai" | "openai-chat" | "google" | "openai-compatible";
  /** With the version: `https://api.anthropic.com/v1`. */
  baseUrl: string;
  /** The name of the variable that holds the key; null: the server wants none. */
  keyEnv: string | null;
};

/** How much a model is to think; vendors know fewer steps, and the nearest is taken. */
export type Effort = "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max";

/** `timeoutMs` null: the limit `commandMs`. */
export type CheckCommand = { name: string; command: string; timeoutMs: number | null };

/** The agent of a role, unless a task or planner names its own. */
export function agentFor(config: RunConfig, role: Role, own: string | null): string {
  const name = own ?? config.roles[role];
  if (name === null) throw new Error(`no agent for the role ${role}`);
  return name;
}
