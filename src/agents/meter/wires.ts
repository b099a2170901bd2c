/** Owns what each wire says of an answer: what it used, whether it came to its end, and errors inside of it. */
import { z } from "zod";
import { noTokens, type Tokens } from "../../domain/call.ts";

/** Anthropic's Messages, OpenAI's Responses, and Chat Completions, which many speak. */
export type Wire = "messages" | "responses" | "chat";

/** What an answer said, as far as it came. */
export type Said = {
  /** All that it used. */
  tokens: Tokens | null;
  /** What its input used, told before the output began. */
  early: Tokens | null;
  /** Of text, thinking and calls, as far as they are shown. */
  outputBytes: number;
  /** It came to an end of its own. */
  ended: boolean;
  /** What an error inside of it says; null: there was none. */
  error: unknown;
};

export const nothingSaid = (): Said => ({ tokens: null, early: null, outputBytes: 0, ended: false, error: null });

/** Notes one event of a stream. Answers whether it is output, if only the beginning of some. */
export function noteEvent(wire: Wire, event: unknown, said: Said): boolean {
  switch (wire) {
    case "messages":
      return noteMessages(event, said);
    case "responses":
      return noteResponses(event, said);
    case "chat":
      return noteChat(event, said);
  }
}

/** Notes an answer that is no stream. */
export function noteWhole(wire: Wire, body: unknown, said: Said): void {
  const read = whole.safeParse(body);
  if (!read.success) return;
  const { usage, error } = read.data;
  said.tokens = wire === "messages" ? messagesTokens(usage, null) : openaiTokens(usage);
  said.error = error ?? null;
  said.ended = said.error === null;
}

/** A server's own numbers may be broken; what is no count was not said. */
const count = z
  .number()
  .nonnegative()
  .transform((number) => Math.ceil(number))
  .nullish()
  .catch(null);
const details = z.object({ cached_tokens: count, cache_write_tokens: count }).nullish().catch(null);

/** Of all wires: which names are there tells whose it is. */
const usageSchema = z
  .object({
    input_tokens: count,
    cache_read_input_tokens: count,
    cache_creation_input_tokens: count,
    output_tokens: count,
    input_tokens_details: details,
    prompt_tokens: count,
    prompt_tokens_details: details,
    completion_tokens: count,
    total_tokens: count,
  })
  .nullish()
  .catch(null);
type Usage = z.infer<typeof usageSchema>;

const whole = z.object({ usage: usageSchema, error: z.unknown().optional() });

/** Anthropic counts what a cache gave or took beside the input. What is said later includes what was said before. */
function messagesTokens(usage: Usage, early: Tokens | null): Tokens | null {
  const { input_tokens: input, output_tokens: output } = usage ?? {};
  if (typeof output !== "number" || (typeof input !== "number" && early === null)) return null;
  const { input: inputBefore, cached, written } = early ?? noTokens;
  return {
    input: Math.max(input ?? 0, inputBefore),
    cached: Math.max(usage?.cache_read_input_tokens ?? 0, cached),
    written: Math.max(usage?.cache_creation_input_tokens ?? 0, written),
    output,
  };
}

/** OpenAI counts it as part of the input. Some servers leave thinking out of the output, but not out of the sum. */
function openaiTokens(usage: Usage): Tokens | null {
  const prompt = usage?.input_tokens ?? usage?.prompt_tokens;
  const output = usage?.output_tokens ?? usage?.completion_tokens;
  if (typeof prompt !== "number" || typeof output !== "number") return null;
  const { cached_tokens, cache_write_tokens } = usage?.input_tokens_details ?? usage?.prompt_tokens_details ?? {};
  const cached = Math.min(cached_tokens ?? 0, prompt);
  const written = Math.min(cache_write_tokens ?? 0, prompt - cached);
  return {
    input: prompt - cached - written,
    cached,
    written,
    output: Math.max(output, (usage?.total_tokens ?? 0) - prompt),
  };
}

const text = z.string().nullish().catch(null);
const bytesOf = (...texts: (string | null | undefined)[]): number =>
  texts.reduce((sum, each) => sum + Buffer.byteLength(each ?? ""), 0);

const messagesEvent = z.object({
  type: z.string(),
  message: z.object({ usage: usageSchema }).nullish().catch(null),
  usage: usageSchema,
  delta: z.object({ text, thinking: text, partial_json: text }).nullish().catch(null),
});

function noteMessages(event: unknown, said: Said): boolean {
  const read = messagesEvent.safeParse(event);
  if (!read.success) return false;
  const { type, message, usage, delta } = read.data;
  if (type === "error") said.error = event;
  if (type === "message_stop") said.ended = true;
  if (type === "message_start") {
    const begun = message?.usage;
    if (typeof begun?.input_tokens === "number") said.early = messagesTokens({ ...begun, output_tokens: 0 }, null);
  }
  if (type === "message_delta") said.tokens = messagesTokens(usage, said.early) ?? said.tokens;
  if (type !== "content_block_start" && type !== "content_block_delta") return false;
  said.outputBytes += bytesOf(delta?.text, delta?.thinking, delta?.partial_json);
  return true;
}

const responsesEvent = z.object({
  type: z.string(),
  response: z.object({ usage: usageSchema }).nullish().catch(null),
  delta: text,
});

function noteResponses(event: unknown, said: Said): boolean {
  const read = responsesEvent.safeParse(event);
  if (!read.success) return false;
  const { type, response, delta } = read.data;
  said.tokens = openaiTokens(response?.usage) ?? said.tokens;
  if (type === "response.completed" || type === "response.incomplete") said.ended = true;
  if (type === "error") said.error = event;
  if (type === "response.failed") said.error = (event as { response?: unknown }).response ?? event;
  said.outputBytes += bytesOf(delta);
  return type === "response.output_item.added" || type.endsWith(".delta");
}

const chatEvent = z.object({
  choices: z
    .array(
      z.object({
        delta: z
          .object({
            content: text,
            reasoning_content: text,
            reasoning: text,
            tool_calls: z
              .array(z.object({ function: z.object({ name: text, arguments: text }).nullish().catch(null) }))
              .nullish()
              .catch(null),
          })
          .nullish()
          .catch(null),
        finish_reason: text,
      }),
    )
    .nullish()
    .catch(null),
  usage: usageSchema,
  error: z.unknown().optional(),
});

function noteChat(event: unknown, said: Said): boolean {
  const read = chatEvent.safeParse(event);
  if (!read.success) return false;
  const { choices, usage, error } = read.data;
  said.tokens = openaiTokens(usage) ?? said.tokens;
  if (error !== undefined && error !== null) said.error = event;
  let bytes = 0;
  for (const { delta, finish_reason } of choices ?? []) {
    bytes += bytesOf(delta?.content, delta?.reasoning_content ?? delta?.reasoning);
    for (const call of delta?.tool_calls ?? []) bytes += bytesOf(call.function?.name, call.function?.arguments);
    if (finish_reason !== null && finish_reason !== undefined) said.ended = true;
  }
  said.outputBytes += bytes;
  return bytes > 0;
}
