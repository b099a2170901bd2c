/** Sends an agent's model calls through the metering proxy: with a token in place of the key, which stays with us. */
import type { SessionId } from "../../domain/ids.ts";
import type { ProviderConfig } from "../../domain/run-config.ts";
import type { AgentFailure, SessionHost } from "../../engine/ports.ts";
import { modelAgentLimits } from "../../domain/limits.ts";
import type { Meter, Metered } from "../meter/meter.ts";
import { splitModelName } from "../model/providers.ts";

export type MeteringHost = {
  meter: Meter;
  providers: { readonly [name: string]: ProviderConfig };
  keyOf(provider: ProviderConfig): string | null;
};

export type MeteredSession = Metered & {
  /** The id without its provider. */
  model: string;
};

export type MeteringOrder = { session: SessionId; model: string | null; host: SessionHost; signal: AbortSignal };

/** `model` null: its calls are its own matter. */
export async function openMetered(
  { meter, providers, keyOf }: MeteringHost,
  { session, model, host, signal }: MeteringOrder,
  told: { onFailure(failure: AgentFailure): void; onActivity(): void },
): Promise<MeteredSession | { failure: AgentFailure } | null> {
  if (model === null) return null;
  const split = splitModelName(model);
  const provider = split && providers[split.provider];
  if (!split || !provider) return misconfigured(`no provider for the model ${model} in the configuration`);
  const { kind, baseUrl, keyEnv } = provider;
  const key = keyOf(provider);
  if (key === null && keyEnv !== null) return misconfigured(`${model} needs a key: set ${keyEnv}`);
  const metered = await meter.open({
    host,
    session,
    provider: { name: split.provider, access: { kind, baseUrl, key }, keyEnv },
    model: split.id,
    outputTokensMax: modelAgentLimits.outputTokensDefault,
    signal,
    ...told,
  });
  return { ...metered, model: split.id };
}

const misconfigured = (detail: string) => ({ failure: { kind: "misconfigured" as const, detail } });
