/**
 * Owns one reply of the model, from the reservation of its cost to its recorded end: waits for the permit, calls,
 * settles, and calls again for as long as the policy allows. Keeps: no call is made without a permit, and every call
 * that was made is settled.
 */
import type { ModelMessage } from "ai";
import { sumTokens } from "../../domain/call.ts";
import type { ModelAgentConfig } from "../../domain/run-config.ts";
import type { AgentFailure, SessionHost } from "../../engine/ports.ts";
import { callModel, type Answer } from "./call.ts";
import type { ModelStep } from "./conversation.ts";
import { mendable } from "./faults.ts";
import type { OnText } from "./listening.ts";
import { pause } from "./pause.ts";
import { mostOf, type ModelPrice } from "./prices.ts";
import type { Model } from "./providers.ts";
import type { ToolOffer } from "./request.ts";
import { estimateInput } from "./tokens.ts";
import type { CallTimeouts } from "./watchdog.ts";

type ReplyStep = Extract<ModelStep, { kind: "reply" }>;

export type Asker = {
  host: SessionHost;
  model: Model;
  /** The variable that holds the model's key. */
  keyEnv: string | null;
  config: Pick<ModelAgentConfig, "effort" | "outputTokensMax">;
  price: ModelPrice;
  tools: readonly ToolOffer[];
  headers: { readonly [name: string]: string };
  timeouts: CallTimeouts;
  signal: AbortSignal;
  onText: OnText;
};

export type Reply =
  | { kind: "replied"; answer: Answer; nearlySpent: boolean }
  /** The conversation does not fit; a shorter one may. */
  | { kind: "too_long"; detail: string }
  | { kind: "failed"; failure: AgentFailure };

/** `keep`: whether the reply is recorded as a step of the conversation. */
export async function ask(asker: Asker, system: string, messages: ModelMessage[], keep: boolean): Promise<Reply> {
  const { host, model, config, price, tools, headers, timeouts, signal, onText } = asker;
  const input = await estimateInput({ instructions: system, messages, tools });
  const { outputTokensMax, effort } = config;
  const atMost = mostOf(price, input, outputTokensMax);
  for (let tries = 1; ; tries++) {
    const permit = await host.beginCall({ credential: model.provider, model: model.name, atMost });
    if (!permit.ok) return { kind: "failed", failure: permit.failure };
    const end = await callModel({
      model,
      instructions: system,
      messages,
      tools,
      outputTokensMax,
      effort,
      headers,
      timeouts,
      signal,
      onText,
    });
    const fault = end.kind === "failed" ? mendable(end.fault, asker.keyEnv) : null;
    const again = await host.endCall(
      permit.call,
      {
        tokens: end.tokens,
        microUsd: price.cost(end.tokens),
        priceSource: fault === null || sumTokens(end.tokens) === 0 ? price.source : "guessed",
        fault,
        tries,
      },
      keep && end.kind === "answered" ? replyStep(end) : null,
    );
    if (end.kind === "answered") return { kind: "replied", answer: end, nearlySpent: permit.nearlySpent };
    if (end.fault.kind === "too_long") return { kind: "too_long", detail: end.fault.detail };
    if (!again) throw new Error("a call that failed was settled as a good one");
    if (!again.again) return { kind: "failed", failure: again.failure };
    await pause(again.waitMs, signal);
  }
}

export const replyStep = ({ messages, calls, text, tokens }: Answer): ReplyStep => ({
  kind: "reply",
  body: { messages, calls, text, tokens },
});
