/** `longhaul doctor`: the configuration, and which agents stand in which roles. */
import { programText } from "../../agents/command/program.ts";
import { loadPrompts } from "../../agents/prompts/prompts.ts";
import { configFromKeys, loadConfig, type LoadedConfig } from "../../config.ts";
import { EnvironmentError } from "../../domain/environment-error.ts";
import { doubtful, good, lacking, type Finding } from "../../domain/finding.ts";
import type { AgentConfig, RunConfig } from "../../domain/run-config.ts";
import { counted } from "../../terminal/amounts.ts";
import { needOf, placedAgents, programOf } from "../agent-needs.ts";
import type { Absent } from "../protected-files.ts";
import { locateConfig } from "../choose-config.ts";

/** `path` null: there is no file; then models are chosen by their keys, or nothing can be. */
export type Configuration = { path: string | null } & (
  | { kind: "read"; loaded: LoadedConfig }
  | { kind: "none" }
  | { kind: "fault"; fault: EnvironmentError }
);

export async function lookAtConfiguration(topLevel: string, named: { config?: string }): Promise<Configuration> {
  const path = await locateConfig(topLevel, named);
  try {
    const loaded = path === null ? await configFromKeys(topLevel) : await loadConfig(path);
    if (loaded === null) return { kind: "none", path: null };
    await loadPrompts(loaded.config.prompts); // A run refuses to start with a fault in them.
    return { kind: "read", path, loaded };
  } catch (fault) {
    if (fault instanceof EnvironmentError) return { kind: "fault", path, fault };
    throw fault;
  }
}

export const runConfigOf = (configuration: Configuration): RunConfig | null =>
  configuration.kind === "read" ? configuration.loaded.config : null;

export function configurationFindings(configuration: Configuration): Finding[] {
  const file = { group: "configuration", name: "file" } as const;
  if (configuration.kind === "none")
    return [
      lacking(
        file,
        "none, and no model can be chosen: no key is set, and no Ollama answers",
        "Write one that uses what is here: longhaul init. Or set a key for a model.",
      ),
    ];
  if (configuration.kind === "fault") {
    const { path, fault } = configuration;
    const place = path !== null && fault.place !== path ? `${path}: ${fault.place}` : fault.place;
    return [lacking(file, `${place}: ${fault.problem.trimEnd()}`, fault.mend)];
  }
  const { path, loaded } = configuration;
  const { config, chosen } = loaded;
  const why = chosen === null ? "" : `models are chosen because ${chosen.because}`;
  const found = path === null ? `none: ${why}` : [path, why].filter(Boolean).join("; ");
  return [good(file, found), ...roleFindings(config), ...offerFindings(config), goalFinding(config)];
}

function roleFindings(config: RunConfig): Finding[] {
  const placed = placedAgents(config);
  const areas = [...new Set(placed.flatMap(({ place, agent }) => (place === "areas" ? [agent] : [])))];
  const rows = [
    ...placed.flatMap(({ place, agent }) => (place === "areas" ? [] : [{ name: place, agent }])),
    ...areas.map((agent) => ({ name: `area: ${agent}`, agent })),
  ];
  return rows.flatMap(({ name, agent }) => {
    const known = config.agents[agent];
    if (!known) return [];
    const need = needOf(config, known);
    const at = { group: "configuration", name } as const;
    const who = agent === name ? "" : `${agent}: `;
    return [need ? lacking(at, `${who}${need.problem}`, need.mend) : good(at, `${who}${agentWords(config, known)}`)];
  });
}

/** A run starts without these, and a planner that asks for one gets nobody. */
function offerFindings(config: RunConfig): Finding[] {
  const placed = new Set(placedAgents(config).map(({ agent }) => agent));
  return Object.entries(config.agents).flatMap(([name, agent]) => {
    if (placed.has(name)) return [];
    const need = needOf(config, agent);
    const at = { group: "configuration", name: `on offer: ${name}` } as const;
    return [need ? doubtful(at, need.problem, need.mend) : good(at, agentWords(config, agent))];
  });
}

function goalFinding({ acceptance, roles }: RunConfig): Finding {
  const at = { group: "configuration", name: "acceptance" } as const;
  if (acceptance.length === 0) return good(at, "no commands: the judge alone decides");
  const judge = roles.judge === null ? "they alone decide" : "and the judge";
  return good(at, `${counted(acceptance.length, "command")}, ${judge}`);
}

/** A run refuses to begin without them. */
export function protectedFindings(absent: readonly Absent[]): Finding[] {
  return absent.map(({ command, path }) =>
    lacking(
      { group: "configuration", name: "acceptance" },
      `${command.name}: the protected path ${path} is not in the commit that is checked out`,
      'Commit it, mend the path, or take it out of "protected".',
    ),
  );
}

function agentWords(config: RunConfig, agent: AgentConfig): string {
  switch (agent.kind) {
    case "model":
      return agent.model;
    case "command": {
      const program = programOf(config, agent);
      const where = program.kind === "unknown" ? ` (${program.why})` : "";
      return `${programText(agent.command)}${where}`;
    }
    case "acp": {
      const { preset, model } = agent;
      return model === null ? `${preset.name}, with its own login` : `${preset.name}, with ${model}`;
    }
  }
}
