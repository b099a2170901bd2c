/** Owns what came of a call: every way in which the SDK says something of it, gathered and not yet judged. */
import { streamText, type LanguageModelUsage, type StepResult, type TextStreamPart, type ToolSet } from "ai";
import { z } from "zod";
import type { Tokens } from "../../domain/call.ts";
import { settingsOf, type CallRequest } from "./request.ts";
import type { Watchdog } from "./watchdog.ts";

/** `call`: the name of a tool, then its arguments, as they come. Empty: only a sign of life. Must not throw. */
export type OnText = (kind: "text" | "thinking" | "call", text: string) => void;

export type Heard = {
  /** Of text, thinking and calls, whatever became of them. */
  outputBytes: number;
  /** Error parts, and what the stream threw. */
  errors: unknown[];
  usage: LanguageModelUsage | null;
  /** What the vendor said of the usage before it began to answer. */
  early: Tokens | null;
  /** Null: the stream came to no end. */
  step: StepResult<ToolSet> | null;
};

type Part = TextStreamPart<ToolSet>;
type Said = { kind: Parameters<OnText>[0]; text: string };

export async function listen(request: CallRequest, watchdog: Watchdog, onText: OnText): Promise<Heard> {
  const heard: Heard = { outputBytes: 0, errors: [], usage: null, early: null, step: null };
  const stream = start(request, watchdog.signal, heard);
  if (stream === null) return heard;
  // Whatever it rejects with has been seen in the stream, or is an end that never came.
  const step = Promise.resolve(stream.finalStep).catch(() => null);
  const parts = stream.stream[Symbol.asyncIterator]();
  const streamed = new Set<string>();
  for (let part = await next(parts, heard); part !== null; part = await next(parts, heard)) {
    const said = saidIn(part, streamed);
    watchdog.heard(said !== null);
    note(part, heard);
    heard.outputBytes += Buffer.byteLength(said?.text ?? "");
    onText(said?.kind ?? "text", said?.text ?? "");
  }
  heard.step = await step;
  return heard;
}

function start(request: CallRequest, abortSignal: AbortSignal, heard: Heard) {
  const settings = settingsOf(request);
  try {
    // Errors are parts as well; without `onError` the SDK prints them, and with them the whole prompt.
    return streamText({ ...settings, abortSignal, onError: () => {} });
  } catch (error) {
    heard.errors.push(error);
    return null;
  }
}

async function next(parts: AsyncIterator<Part>, heard: Heard): Promise<Part | null> {
  try {
    const { done, value } = await parts.next();
    return done === true ? null : value;
  } catch (error) {
    heard.errors.push(error);
    return null;
  }
}

/** Output, if only the beginning of some: vendors that hide their thinking say no more than that it has begun. */
function saidIn(part: Part, streamed: Set<string>): Said | null {
  if (part.type === "text-delta") return part.text === "" ? null : { kind: "text", text: part.text };
  if (part.type === "reasoning-start") return { kind: "thinking", text: "" };
  if (part.type === "reasoning-delta") return { kind: "thinking", text: part.text };
  if (part.type === "tool-input-start") {
    streamed.add(part.id);
    return { kind: "call", text: `${part.toolName} ` };
  }
  if (part.type === "tool-input-delta") return { kind: "call", text: part.delta };
  if (part.type !== "tool-call") return null;
  const whole = streamed.has(part.toolCallId) ? "" : `${part.toolName} ${JSON.stringify(part.input)}`;
  return { kind: "call", text: whole };
}

function note(part: Part, heard: Heard): void {
  if (part.type === "error") heard.errors.push(part.error);
  if (part.type === "finish-step") heard.usage = part.usage;
  if (part.type === "custom" && part.kind === messageStart) heard.early = earlyTokens(part.providerMetadata);
}

/** Anthropic's first word, which the SDK keeps as content: it says what the input costs, also when no more comes. */
export const messageStart = "anthropic.message_start";

const count = z.number().int().nonnegative();
const startSchema = z.object({
  anthropic: z.object({
    usage: z.object({
      input_tokens: count,
      cache_read_input_tokens: count.nullish(),
      cache_creation_input_tokens: count.nullish(),
    }),
  }),
});

function earlyTokens(metadata: unknown): Tokens | null {
  const read = startSchema.safeParse(metadata);
  if (!read.success) return null;
  const { usage } = read.data.anthropic;
  return {
    input: usage.input_tokens,
    cached: usage.cache_read_input_tokens ?? 0,
    written: usage.cache_creation_input_tokens ?? 0,
    output: 0,
  };
}
