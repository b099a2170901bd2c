/** Owns what an agent's program is started with: its preset, filled in with what the session has. Pure. */
import type { AcpAgentConfig } from "../../domain/run-config.ts";
import type { Environment } from "../../engine/ports.ts";

export type Launch = { argv: [string, ...string[]]; environment: Environment };

/** Where its model calls go. `token`: in place of a key. */
export type MeteredAt = { url: string; token: string; model: string };

/** `environment`: what is let through of the operator's. The later wins: preset, proxy, the agent's own `env`. */
export function launchOf(
  { preset, env }: Pick<AcpAgentConfig, "preset" | "env">,
  environment: Environment,
  home: string,
  metered: MeteredAt | null,
): Launch {
  const has: { [name: string]: string } = { home, ...metered };
  const fill = (text: string) => text.replace(/\{(\w+)\}/g, (all, name: string) => has[name] ?? all);
  const fillAll = (values: { readonly [name: string]: string }) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, fill(value)]));
  const added = metered && preset.metered;
  const [program = "", ...rest] = [...preset.command, ...(added?.args ?? [])].map(fill);
  return {
    argv: [program, ...rest],
    environment: { ...environment, ...fillAll(preset.env), ...fillAll(added?.env ?? {}), ...fillAll(env) },
  };
}
