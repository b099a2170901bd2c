/**
 * The real AI SDK against the fake model: one step at a time, no retries, as the product calls it. What comes of a step is told in
 * full, so that tests can say what the SDK makes of a fault.
 */
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import {
  createProviderRegistry,
  customProvider,
  generateText,
  streamText,
  type LanguageModel,
  type LanguageModelUsage,
  type ModelMessage,
  type StepResult,
  type TextStreamPart,
  type ToolSet,
} from "ai";
import { onTestFinished } from "vitest";
import { defaultCredentials, type FakeModelOptions } from "./mind.ts";
import { startFakeModel, type FakeModel } from "./server.ts";
import type { Usage } from "./tokens.ts";

export const providers = ["anthropic", "openai", "openai-chat", "compatible", "google"] as const;
export type ProviderName = (typeof providers)[number];

export async function started(options: FakeModelOptions): Promise<FakeModel> {
  const model = await startFakeModel(options);
  onTestFinished(() => model.stop());
  return model;
}

/** Keys and URLs are always given: a provider that lacks one reads the environment. */
export function languageModel(
  model: FakeModel,
  name: ProviderName,
  { key = defaultCredentials.default, id = "fake-model" }: { key?: string; id?: string } = {},
): LanguageModel {
  const openai = createOpenAI({ baseURL: model.openaiUrl, apiKey: key });
  const registry = createProviderRegistry(
    {
      anthropic: createAnthropic({ baseURL: model.anthropicUrl, apiKey: key }),
      openai,
      "openai-chat": customProvider({ languageModels: { [id]: openai.chat(id) } }),
      compatible: createOpenAICompatible({
        name: "compatible",
        baseURL: model.openaiUrl,
        apiKey: key,
        includeUsage: true,
      }),
      google: createGoogle({ baseURL: model.googleUrl, apiKey: key }),
    },
    { separator: "/" },
  );
  return registry.languageModel(`${name}/${id}`);
}

type CallSettings = Parameters<typeof streamText>[0];
export type Asked = Pick<
  CallSettings,
  "timeout" | "abortSignal" | "headers" | "maxOutputTokens" | "reasoning" | "providerOptions" | "instructions"
> & {
  tools?: ToolSet;
  messages?: ModelMessage[];
  prompt?: string;
};

const callOf = (model: LanguageModel, { messages, prompt = "Go on.", ...rest }: Asked) => ({
  model,
  maxRetries: 0,
  ...rest,
  ...(messages === undefined ? { prompt } : { messages }),
});

type Settled<T> = { value: T } | { error: unknown };

const settled = (promise: PromiseLike<unknown>): Promise<Settled<unknown>> =>
  Promise.resolve(promise).then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );

/** One step, and everything that the SDK said about it. */
export type Told = {
  parts: TextStreamPart<ToolSet>[];
  /** What iterating the stream threw. */
  thrown: unknown;
  onError: unknown[];
  onAbort: number;
  step: Settled<StepResult<ToolSet>>;
};

export async function streamed(model: LanguageModel, asked: Asked): Promise<Told> {
  const told: Told = { parts: [], thrown: null, onError: [], onAbort: 0, step: { error: null } };
  const result = streamText({
    ...callOf(model, asked),
    onError: ({ error }) => void told.onError.push(error),
    onAbort: () => void told.onAbort++,
  });
  const step = settled(result.finalStep);
  try {
    for await (const part of result.stream) told.parts.push(part);
  } catch (error) {
    told.thrown = error;
  }
  told.step = (await step) as Settled<StepResult<ToolSet>>;
  return told;
}

export async function generated(model: LanguageModel, asked: Asked): Promise<Settled<StepResult<ToolSet>>> {
  const result = await settled(generateText(callOf(model, asked)).then(({ finalStep }) => finalStep));
  return result as Settled<StepResult<ToolSet>>;
}

/** A step that went well, streamed or not. */
export async function stepOf(
  model: LanguageModel,
  mode: "stream" | "whole",
  asked: Asked,
): Promise<StepResult<ToolSet>> {
  const step = mode === "whole" ? await generated(model, asked) : (await streamed(model, asked)).step;
  if ("error" in step) throw step.error;
  return step.value;
}

/** The SDK's usage in the ledger's words. Whoever does not report writes, wrote none. */
export const usageTold = (usage: LanguageModelUsage): Usage => ({
  noCache: usage.inputTokenDetails.noCacheTokens ?? 0,
  cacheRead: usage.inputTokenDetails.cacheReadTokens ?? 0,
  cacheWrite: usage.inputTokenDetails.cacheWriteTokens ?? 0,
  text: (usage.outputTokens ?? 0) - (usage.outputTokenDetails.reasoningTokens ?? 0),
  reasoning: usage.outputTokenDetails.reasoningTokens ?? 0,
});
