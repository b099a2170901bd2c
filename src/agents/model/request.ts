/** Owns what is asked of the SDK for one call: only here is a conversation given what one vendor wants and none keeps. */
import { jsonSchema, type JSONSchema7, type ModelMessage, type streamText, type ToolSet } from "ai";
import type { z } from "zod";
import type { Effort } from "../../domain/run-config.ts";
import type { Model, ProviderKind } from "./providers.ts";

/** A tool as the model sees it. The caller runs it. */
export type ToolOffer = { name: string; description: string; inputSchema: ToolSchema };
/** With a zod schema the SDK checks the input of calls, and answers those that do not fit by itself. */
export type ToolSchema = z.ZodType | ReturnType<typeof jsonSchema>;

/** JSON Schema as it comes from elsewhere: inputs are not checked against it. */
export const jsonToolSchema = (schema: { [key: string]: unknown }): ToolSchema => jsonSchema(schema as JSONSchema7);

export type CallRequest = {
  model: Model;
  instructions: string;
  /** As JSON keeps them; every call in them has its result. */
  messages: readonly ModelMessage[];
  tools: readonly ToolOffer[];
  /** Old models of Anthropic may think on top of it. */
  outputTokensMax: number;
  /** Null: as the vendor likes. A model that OpenAI's provider does not know is taken to reason only when this is given. */
  effort: Effort | null;
  /** Sent with the request: `x-session-key` says whose it is. */
  headers: { readonly [name: string]: string };
};

type Settings = Parameters<typeof streamText>[0];

export function settingsOf(request: CallRequest) {
  const { model, instructions, messages, tools, outputTokensMax, effort, headers } = request;
  const { kind } = model.access;
  return {
    model: model.language,
    instructions: kind === "anthropic" ? markedInstructions(instructions) : instructions,
    messages: kind === "anthropic" ? markedMessages(messages) : [...messages],
    tools: toolsOf(tools),
    // A provider that does not know the model would set a low bound of its own.
    maxOutputTokens: outputTokensMax,
    headers: { ...headers },
    ...(effort === null ? {} : { reasoning: effort }),
    ...optionsOf(kind, effort),
    // Whoever retries must see the limits of the credential and the budget, which the SDK cannot.
    maxRetries: 0,
    // An event that is no output still says that somebody is there.
    include: { rawChunks: true },
  } satisfies Settings;
}

const toolsOf = (tools: readonly ToolOffer[]): ToolSet =>
  Object.fromEntries(tools.map(({ name, description, inputSchema }) => [name, { description, inputSchema }]));

/**
 * OpenAI would keep what it answers and be sent references to it, which mean nothing to another account: the conversation
 * is ours alone. The reasoning then travels encrypted, which the SDK asks for when it takes the model to reason.
 */
function optionsOf(kind: ProviderKind, effort: Effort | null): Pick<Settings, "providerOptions"> {
  const reasons = effort === null ? {} : { forceReasoning: true };
  if (kind === "openai") return { providerOptions: { openai: { store: false, ...reasons } } };
  return kind === "openai-chat" ? { providerOptions: { openai: reasons } } : {};
}

const mark = { anthropic: { cacheControl: { type: "ephemeral" } } } as const;

const markedInstructions = (content: string) => ({ role: "system" as const, content, providerOptions: mark });

/**
 * Anthropic caches up to a mark, and looks only 20 blocks back from one for what is cached: so the end of this request has
 * one, and the end of the last request, which many calls at once may have left further behind. At most four are allowed.
 */
function markedMessages(messages: readonly ModelMessage[]): ModelMessage[] {
  const before = messages.findLastIndex(({ role }) => role === "assistant") - 1;
  return messages.map((message, at) =>
    at === before || at === messages.length - 1
      ? { ...message, providerOptions: { ...message.providerOptions, ...mark } }
      : message,
  );
}
