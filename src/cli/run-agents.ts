/** Puts together what the agents of a run need of this process. */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { createAgents } from "../agents/agents.ts";
import { StartGate } from "../agents/acp/start-gate.ts";
import { Meter } from "../agents/meter/meter.ts";
import { loadPrompts } from "../agents/prompts/prompts.ts";
import { ToolServer } from "../agents/tool-server/server.ts";
import { environment, keyOf } from "../config.ts";
import { acpLimits } from "../domain/limits.ts";
import { agentsOnOffer, type RunConfig } from "../domain/run-config.ts";
import type { Agents, ProcessGroups } from "../engine/ports.ts";
import { allowedEnvironment } from "../processes/environment.ts";
import { freeMemoryBytes } from "../processes/memory.ts";
import { version } from "./version.ts";

/** Starts Longhaul on this very Node: the `longhaul` of a session's programs. */
const longhaul = [process.execPath, fileURLToPath(new URL("../../bin/longhaul.js", import.meta.url))] as const;

/** Servers on loopback that agents speak with: begun when one needs them. */
export type Doors = { tools: ToolServer; meter: Meter; stop(): Promise<void> };

export function openDoors({ prices, limits }: RunConfig, report: (error: unknown) => void): Doors {
  const tools = new ToolServer({ version, report });
  const meter = new Meter({ report, prices, timeouts: limits });
  return {
    tools,
    meter,
    async stop() {
      await tools.stop();
      await meter.stop();
    },
  };
}

export async function runAgents(
  config: RunConfig,
  stateFolder: string,
  groups: ProcessGroups,
  { tools, meter }: Doors,
  report: (error: unknown) => void,
): Promise<Agents> {
  const { agents, directory, limits, providers, prices } = config;
  const ofAll = { groups, stateFolder, configDirectory: directory, limits, report };
  const ofPrograms = {
    ...ofAll,
    environment: (passEnv: readonly string[]) => allowedEnvironment(environment, passEnv),
    tools,
    longhaul,
  };
  const ofModels = {
    providers,
    keyOf,
    prompts: await loadPrompts(config.prompts),
    agents: agentsOnOffer(config, "worker"),
    now: () => Date.now(),
  };
  const gate = new StartGate({
    startsAtOnce: Math.max(1, Math.floor(availableParallelism() / 2)),
    freeMemoryBytes,
    waits: acpLimits,
  });
  return createAgents({
    agents,
    command: ofPrograms,
    model: { ...ofAll, ...ofModels, environment: () => allowedEnvironment(environment), prices },
    acp: { ...ofPrograms, ...ofModels, gate, meter, version, waits: acpLimits },
  });
}
