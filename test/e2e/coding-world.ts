/** A world whose agents are real coding agents, with the fake model server behind the metering proxy. */
import { beforeAll } from "vitest";
import { codingAgent, codingAgentMs } from "../coding-agents.ts";
import type { NamedBrain } from "../fake-model/brain.ts";
import type { Config } from "../../src/config.ts";
import { besides } from "./coding-brains.ts";
import { makeModelWorld, providersAt, type ModelWorld } from "./model-world.ts";

export const codex = { acp: "codex", model: "openai/gpt-5.4" };
export const claude = { acp: "claude-code", model: "anthropic/claude-sonnet-5" };

/** Installed before the first test of a file: some hundred megabytes, once. */
export function useCodingAgents(...presets: string[]): () => readonly string[] {
  let folders: string[] = [];
  beforeAll(async () => {
    folders = await Promise.all(presets.map((preset) => codingAgent(preset)));
  }, codingAgentMs);
  return () => folders;
}

export async function makeCodingWorld(
  folders: readonly string[],
  brains: (world: ModelWorld["world"]) => NamedBrain[],
  config: Config | ((made: ModelWorld) => Config),
): Promise<ModelWorld> {
  const named: { brains: NamedBrain[] } = { brains: [] };
  const made = await makeModelWorld(named);
  const { world, model } = made;
  named.brains.push(...brains(world), besides);
  world.environment["PATH"] = [...folders, world.environment["PATH"]].join(":");
  const own = typeof config === "function" ? config(made) : config;
  world.writeConfig({
    providers: providersAt(model),
    parallel: { workers: 4, planners: 1 },
    acceptance: ["true"],
    ...own,
    roles: { planner: codex, worker: codex, ...own.roles },
  });
  return made;
}

/** In a shell, absolute, so that it works in every workspace; no sandbox lets it through. */
export const gate = (world: ModelWorld["world"], name: string): string => {
  const at = world.path(`gates/${name}`);
  return `touch ${at}.reached; while [ ! -e ${at}.open ]; do sleep 0.02; done`;
};
