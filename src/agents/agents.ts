/** Owns which kind of agent stands behind a name of the configuration. To add a kind, add it to `AgentConfig` and `openAs`. */
import { credentialOf, type AgentConfig } from "../domain/run-config.ts";
import { noUsage } from "../domain/session.ts";
import type { Agents, AgentSession, AgentTraits, SessionOrder } from "../engine/ports.ts";
import { AcpSession, type AcpAgentHost } from "./acp/session.ts";
import { CommandSession, type CommandAgentHost } from "./command/session.ts";
import { ModelSession, type ModelAgentHost } from "./model/session.ts";

export type AgentsOptions = {
  /** By the agent's name. */
  agents: { readonly [name: string]: AgentConfig };
  command: CommandAgentHost;
  /** null: none of the agents is a model. */
  model: ModelAgentHost | null;
  /** null: none of the agents is a coding agent over ACP. */
  acp: AcpAgentHost | null;
};

export function createAgents(options: AgentsOptions): Agents {
  const configOf = (agent: string) => (Object.hasOwn(options.agents, agent) ? options.agents[agent] : undefined);
  return {
    traits(agent): AgentTraits {
      const config = configOf(agent);
      if (!config) return { keepsRecord: false, credential: null, memoryBytes: 0 };
      const memoryBytes = config.kind === "acp" ? config.preset.memoryBytes : 0;
      return { keepsRecord: keepsRecord(config), credential: credentialOf(config), memoryBytes };
    },
    open(order) {
      const config = configOf(order.agent);
      return config ? openAs(config, options, order) : unknownAgent(order.agent, Object.keys(options.agents));
    },
  };
}

/** Whether a session that its engine lost can go on as itself. */
const keepsRecord = (config: AgentConfig): boolean =>
  config.kind === "model" || (config.kind === "acp" && config.preset.resume !== null);

function openAs(config: AgentConfig, options: AgentsOptions, order: SessionOrder): AgentSession {
  switch (config.kind) {
    case "command":
      return new CommandSession(options.command, config, order);
    case "model":
      if (options.model === null) throw new Error("a model agent without what it needs of the host");
      return new ModelSession(options.model, config, order);
    case "acp":
      if (options.acp === null) throw new Error("an ACP agent without what it needs of the host");
      return new AcpSession(options.acp, config, order);
  }
}

/** The configuration may have changed since the run began. */
function unknownAgent(name: string, names: string[]): AgentSession {
  const detail = `no agent "${name}" in the configuration: the agents are ${names.join(", ") || "none"}`;
  return {
    handOffFile: "",
    converse: async () => ({ kind: "failure", failure: { kind: "misconfigured", detail }, usage: noUsage }),
    handOffNow: () => {},
    close: async () => {},
  };
}
