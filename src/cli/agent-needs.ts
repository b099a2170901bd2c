/** What the agents of a configuration need of this machine, and what of it is not here. Starts none of them. */
import { findProgram, type FoundProgram } from "../agents/command/program.ts";
import { environment, keyOf } from "../config.ts";
import { EnvironmentError } from "../domain/environment-error.ts";
import type { AgentConfig, RunConfig } from "../domain/run-config.ts";
import type { Role } from "../domain/session.ts";
import { allowedEnvironment } from "../processes/environment.ts";

/** `lookedFor`: what is not here, and where it was looked for; `problem`: the same in short; `mend`: one sentence. */
export type Need = { lookedFor: string; problem: string; mend: string };

/** An agent by its name, and where the configuration puts it. */
export type Placed = { place: Role | "areas"; agent: string };

/** Every agent without which a run does not start. */
export function placedAgents({ roles, areas }: RunConfig): Placed[] {
  return [
    { place: "planner", agent: roles.planner } as const,
    { place: "worker", agent: roles.worker } as const,
    ...(roles.arbiter === null ? [] : [{ place: "arbiter", agent: roles.arbiter } as const]),
    ...(roles.judge === null ? [] : [{ place: "judge", agent: roles.judge } as const]),
    ...areas
      .flatMap(({ planner, worker }) => [planner, worker])
      .flatMap((agent) => (agent === null ? [] : [{ place: "areas", agent } as const])),
  ];
}

/** Nothing starts unless every agent that has a role can be found. */
export function requireAgents(config: RunConfig): void {
  const missing = placedAgents(config).flatMap(({ place, agent }) => {
    const known = config.agents[agent];
    const need = known && needOf(config, known);
    return need ? [`  ${place} (agent "${agent}"): looked for ${need.lookedFor}. ${need.mend}`] : [];
  });
  if (missing.length > 0)
    throw new EnvironmentError(
      "agents",
      `no agent can run in these roles:\n${missing.join("\n")}\n`,
      `Install or set what is missing, or name other agents in ${config.directory}/longhaul.config.*`,
    );
}

/** null: nothing is missing, as far as can be known. */
export function needOf(config: RunConfig, agent: AgentConfig): Need | null {
  switch (agent.kind) {
    case "command":
      return neededProgram(programOf(config, agent), "Install it, or mend its command.");
    case "model":
      return neededKey(config, agent.model);
    case "acp": {
      const { install, name } = agent.preset;
      const program = neededProgram(programOf(config, agent), `Install ${name}: ${install}.`);
      return program ?? (agent.model === null ? null : neededKey(config, agent.model));
    }
  }
}

export function programOf(config: RunConfig, agent: Exclude<AgentConfig, { kind: "model" }>): FoundProgram {
  const command = agent.kind === "acp" ? agent.preset.command : agent.command;
  return findProgram({ command }, allowedEnvironment(environment, agent.passEnv), config.directory);
}

function neededProgram(found: FoundProgram, mend: string): Need | null {
  return found.kind === "missing" ? { ...found, mend } : null;
}

function neededKey(config: RunConfig, model: string): Need | null {
  const provider = config.providers[model.slice(0, model.indexOf("/"))];
  if (!provider || provider.keyEnv === null || keyOf(provider) !== null) return null;
  const { keyEnv } = provider;
  return {
    lookedFor: `a key for ${model} in ${keyEnv}`,
    problem: `${model} needs a key`,
    mend: `Set ${keyEnv}.`,
  };
}
