/** The engine's real ports, wired as `longhaul run` wires them, with the meter around; and what its children used. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createAgents } from "../src/agents/agents.ts";
import type { ToolServer } from "../src/agents/tool-server/server.ts";
import type { ModelAgentHost } from "../src/agents/model/session.ts";
import type { RunConfig } from "../src/domain/run-config.ts";
import type { Ports } from "../src/engine/engine.ts";
import type { Trunk } from "../src/engine/ports.ts";
import type { Store } from "../src/engine/store-port.ts";
import { createCommands } from "../src/processes/commands.ts";
import { allowedEnvironment } from "../src/processes/environment.ts";
import type { Processes } from "../src/processes/processes.ts";
import { meteredAgents, meteredGroups, meteredStore, meteredTrunk, type Meter } from "./meter.ts";

export type Inside = {
  store: Store;
  trunk: Trunk;
  config: RunConfig;
  stateFolder: string;
  meter: Meter;
  processes: Processes;
  tools: ToolServer;
  /** What a model agent needs besides; null: there is none. */
  model: Pick<ModelAgentHost, "providers" | "keyOf" | "prompts"> | null;
};

export function meteredPorts(inside: Inside): Ports {
  const { store, trunk, config, stateFolder, meter, model, processes } = inside;
  const { limits, agents } = config;
  const { leftovers } = processes;
  const groups = meteredGroups(meter, processes.groups);
  const ofModels = {
    groups,
    environment: () => allowedEnvironment(process.env),
    stateFolder,
    configDirectory: config.directory,
    limits,
    prices: {},
    agents: [],
    now: () => Date.now(),
    report: (error: unknown) => console.error(error),
  };
  return {
    store: meteredStore(meter, store),
    trunk: meteredTrunk(meter, trunk),
    remote: null,
    random: Math.random,
    agents: meteredAgents(
      meter,
      createAgents({
        agents,
        model: model && { ...ofModels, ...model },
        acp: null,
        command: {
          groups,
          environment: (passEnv) => allowedEnvironment(process.env, passEnv),
          stateFolder,
          configDirectory: config.directory,
          limits,
          tools: inside.tools,
          longhaul: [process.execPath, join(dirname(import.meta.dirname), "bin", "longhaul.js")],
        },
      }),
    ),
    commands: createCommands({
      groups: processes.groups,
      environment: allowedEnvironment(process.env),
      killGraceMs: limits.killGraceMs,
    }),
    machine: { freeDiskBytes: async () => Infinity, freeMemoryBytes: () => Infinity },
    leftovers,
    clock: {
      elapsed: () => performance.now(),
      now: () => Date.now(),
      timer(ms, fire) {
        const timer = setTimeout(fire, ms);
        return () => clearTimeout(timer);
      },
    },
  };
}

/** Of all ended children and theirs; Linux only. */
export function childCpuMs(): number | null {
  if (process.platform !== "linux") return null;
  const stat = readFileSync("/proc/self/stat", "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[13]) + Number(fields[14]);
  return ticks * 10; // 100 ticks a second on every Linux that Node runs on.
}
