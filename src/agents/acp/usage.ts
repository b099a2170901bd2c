/** Owns what an agent says that it used: a cost that grows over the session, and tokens with each turn. */
import { z } from "zod";
import type { AcpUsage } from "../../domain/acp-preset.ts";
import { commandAgentLimits } from "../../domain/limits.ts";
import type { Usage } from "../../domain/session.ts";

const tokens = z.int().nonnegative().max(commandAgentLimits.tokensMax);
const turnSchema = z.object({
  stopReason: z.string(),
  usage: z.object({ totalTokens: tokens }).nullish().catch(null),
  _meta: z
    .object({ quota: z.object({ token_count: z.object({ input_tokens: tokens, output_tokens: tokens }) }) })
    .nullish()
    .catch(null),
});
const costSchema = z.object({
  sessionUpdate: z.literal("usage_update"),
  cost: z.object({ amount: z.number().nonnegative().max(commandAgentLimits.usdMax), currency: z.literal("USD") }),
});

export type TurnReport = { stop: string; tokens: number | null };

/** `where`: in which of the ways the agent says it. */
export function readTurn(response: unknown, where: AcpUsage["tokens"]): TurnReport {
  const read = turnSchema.safeParse(response);
  if (!read.success) return { stop: "unknown", tokens: null };
  const { stopReason, usage, _meta } = read.data;
  const quota = _meta?.quota.token_count;
  const counts = {
    prompt: usage?.totalTokens ?? null,
    quota: quota ? quota.input_tokens + quota.output_tokens : null,
    none: null,
  };
  return { stop: stopReason, tokens: counts[where] };
}

export class SaidUsage {
  #microUsd = 0;
  #tokens = 0;
  #told: Usage = { microUsd: 0, tokens: 0 };
  #saidCost = false;

  onUpdate(update: unknown): void {
    const read = costSchema.safeParse(update);
    if (!read.success) return;
    this.#saidCost = true;
    this.#microUsd = Math.max(this.#microUsd, Math.ceil(read.data.cost.amount * 1_000_000));
  }

  onTurn({ tokens: used }: TurnReport): void {
    this.#tokens += used ?? 0;
  }

  /** A new program counts from 0. */
  restart(): void {
    this.#told = { microUsd: this.#told.microUsd - this.#microUsd, tokens: this.#told.tokens };
    this.#microUsd = 0;
  }

  /** What has come since this was asked before. `costMicroUsd` stands in, once, when it never says what it cost. */
  since(costMicroUsd: number): Usage {
    const all = { microUsd: this.#saidCost ? this.#microUsd : costMicroUsd, tokens: this.#tokens };
    const since = { microUsd: Math.max(0, all.microUsd - this.#told.microUsd), tokens: all.tokens - this.#told.tokens };
    this.#told = { microUsd: Math.max(all.microUsd, this.#told.microUsd), tokens: all.tokens };
    return since;
  }
}
