/** Owns which kind of agent stands behind a name of the configuration. To add a kind, add it to `AgentConfig` and `openAs`. */
import type { AgentConfig } from "../domain/run-config.ts";
import { noUsage } from "../domain/session.ts";
import type { Agents, AgentSession, SessionOrder } from "../engine/ports.ts";
import { CommandSession, type CommandAgentHost } from "./command/session.ts";

export type AgentsOptions = {
  /** By the agent's name. */
  agents: { readonly [name: string]: AgentConfig };
  command: CommandAgentHost;
};

export function createAgents(options: AgentsOptions): Agents {
  return {
    open(order) {
      const config = Object.hasOwn(options.agents, order.agent) ? options.agents[order.agent] : undefined;
      return config ? openAs(config, options, order) : unknownAgent(order.agent, Object.keys(options.agents));
    },
  };
}

function openAs(config: AgentConfig, options: AgentsOptions, order: SessionOrder): AgentSession {
  return new CommandSession(options.command, config, order);
}

/** The configuration may have changed since the run began. */
function unknownAgent(name: string, names: string[]): AgentSession {
  const detail = `no agent "${name}" in the configuration: the agents are ${names.join(", ") || "none"}`;
  return {
    handOffFile: "",
    converse: async () => ({ kind: "failure", failure: { kind: "environment", detail }, usage: noUsage }),
    handOffNow: () => {},
    close: async () => {},
  };
}
