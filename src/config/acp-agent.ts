/** From what a user wrote of a coding agent to its complete configuration. */
import { acpWireKinds } from "../domain/acp-preset.ts";
import { acpPresets } from "./acp-presets.ts";
import type { AcpAgentConfig, ProviderConfig } from "../domain/run-config.ts";
import { ConfigError } from "./config-error.ts";
import type { WrittenAcpAgent } from "./schema.ts";

export function acpAgent({ acp, model, ownModel, env, passEnv, costUsd }: WrittenAcpAgent): AcpAgentConfig {
  const known = typeof acp === "string" ? acpPresets[acp] : undefined;
  if (typeof acp === "string" && !known) throw new Error(`no preset ${acp}: the schema was to see to that`);
  return {
    kind: "acp",
    name: typeof acp === "string" ? acp : "own",
    preset: known ?? ownPreset(acp as Exclude<typeof acp, string>),
    model: model ?? null,
    ownModel: ownModel ?? null,
    env,
    passEnv,
    costMicroUsd: Math.round(costUsd * 1_000_000),
  };
}

const ownPreset = (preset: Exclude<WrittenAcpAgent["acp"], string>) => ({
  ...preset,
  name: preset.name ?? preset.command[0] ?? "",
});

/** One of two ways: its calls go to a provider of ours, or it has its own login. */
export function checkModels(name: string, { model, ownModel }: AcpAgentConfig, path: string): void {
  if (model !== null && ownModel !== null)
    throw new ConfigError(
      path,
      `agent "${name}": ownModel is for its own login, and its calls go to ${model}`,
      "Leave one of model and ownModel out.",
    );
}

/** The agent can only be sent where its language is spoken. */
export function checkWire(name: string, agent: AcpAgentConfig, provider: ProviderConfig, path: string): void {
  const { name: title, metered } = agent.preset;
  if (metered === null)
    throw new ConfigError(
      path,
      `agent "${name}": ${title} cannot be given a model: its preset does not say how it is pointed at the metering proxy`,
      "Leave model out (it then uses its own login), or write a preset with metered.",
    );
  const kinds = acpWireKinds[metered.wire];
  if (!kinds.includes(provider.kind))
    throw new ConfigError(
      path,
      `agent "${name}": ${title} speaks ${metered.wire}, and the provider of ${agent.model} is of the kind ${provider.kind}`,
      `Give it a model of a provider of the kind ${kinds.join(" or ")}.`,
    );
}
