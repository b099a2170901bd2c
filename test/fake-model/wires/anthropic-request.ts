/** Reads a request of Anthropic's Messages, and refuses what Anthropic refuses. */
import { z } from "zod";
import { sealOf } from "../random.ts";
import { BadRequest } from "../refusal.ts";
import { append, type Json, type JsonObject, type Message, type MessagePart, type ModelRequest } from "../request.ts";
import { segment, type CacheMark, type Segment } from "../tokens.ts";
import { readBody, unpaired } from "./wire.ts";

const cacheControl = z.looseObject({ type: z.literal("ephemeral"), ttl: z.enum(["5m", "1h"]).optional() }).nullish();
const text = z.looseObject({ type: z.literal("text"), text: z.string(), cache_control: cacheControl });
const block = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  thinking: z.string().optional(),
  signature: z.string().optional(),
  id: z.string().optional(),
  name: z.string().optional(),
  input: z.json().optional(),
  tool_use_id: z.string().optional(),
  is_error: z.boolean().nullish(),
  content: z.union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))]).optional(),
  cache_control: cacheControl,
});
const schema = z.looseObject({
  model: z.string(),
  max_tokens: z.number().int().positive(),
  system: z.union([z.string(), z.array(text)]).nullish(),
  messages: z
    .array(
      z.looseObject({ role: z.enum(["user", "assistant", "system"]), content: z.union([z.string(), z.array(block)]) }),
    )
    .min(1),
  stream: z.boolean().nullish(),
  tools: z
    .array(
      z.looseObject({
        name: z.string(),
        description: z.string().optional(),
        input_schema: z.json().optional(),
        cache_control: cacheControl,
      }),
    )
    .nullish(),
  thinking: z.json().optional(),
  output_config: z.json().optional(),
  metadata: z.looseObject({ user_id: z.string().nullish() }).nullish(),
  cache_control: cacheControl,
});

type Block = z.infer<typeof block>;

const marksMax = 4;

export function readAnthropic(body: JsonObject): ModelRequest {
  // Counting tokens needs no bound on the answer.
  const request = readBody(schema, { max_tokens: 1, ...body });
  const said = request.messages.map(({ role, content }) => ({
    role,
    content: typeof content === "string" ? [{ type: "text", text: content }] : content,
  }));
  said.forEach(({ role, content }, at) => checkBlocks(role, content, at, said.length));
  const messages = messagesOf(said);
  checkPairs(messages);
  const system =
    typeof request.system === "string" ? [{ type: "text" as const, text: request.system }] : (request.system ?? []);
  const segments = [
    ...(request.tools ?? []),
    ...system,
    ...said.flatMap(({ role, content }) => content.map((one) => ({ role, ...one }))),
  ].map(marked);
  // A mark on the request itself caches as far as it can.
  const last = segments.at(-1);
  if (request.cache_control && last) last.mark = markOf(request.cache_control);
  const marks = segments.filter(({ mark }) => mark !== null).length;
  if (marks > marksMax)
    throw new BadRequest(`A maximum of ${marksMax} blocks with cache_control may be provided. Found ${marks}.`);
  return {
    wire: "anthropic",
    model: request.model,
    stream: request.stream ?? false,
    streamsUsage: true,
    system: system.map((one) => one.text).join("\n\n"),
    messages,
    tools: (request.tools ?? []).map((tool) => ({
      name: tool.name,
      description: tool.description ?? "",
      parameters: (tool.input_schema ?? null) as Json,
      kind: "function",
      namespace: null,
    })),
    segments,
    outputTokensMax: body.max_tokens === undefined ? null : request.max_tokens,
    reasoning: reasoningOf(request.thinking, request.output_config),
    session: request.metadata?.user_id ?? null,
  };
}

const reasoningOf = (thinking: Json | undefined, outputConfig: Json | undefined): Json =>
  thinking === undefined && outputConfig === undefined ? null : { thinking, output_config: outputConfig };

function markOf(control: { ttl?: "5m" | "1h" | undefined }): CacheMark {
  return { ttlMs: control.ttl === "1h" ? 3_600_000 : 300_000 };
}

/** The mark is not part of the prompt: it moves on while the text stays cached. */
function marked(content: { cache_control?: z.infer<typeof cacheControl> }): Segment {
  const { cache_control: control, ...rest } = content;
  return segment(rest, control ? markOf(control) : null);
}

function checkBlocks(role: string, content: readonly Block[], at: number, count: number): void {
  if (content.length === 0 && !(role === "assistant" && at === count - 1))
    throw new BadRequest(
      `messages.${at}: all messages must have non-empty content except for the optional final assistant message`,
    );
  for (const one of content) {
    if (one.type === "text" && !one.text?.trim())
      throw new BadRequest(
        `messages: text content blocks must ${one.text === "" ? "be non-empty" : "contain non-whitespace text"}`,
      );
    if (one.type === "thinking" && one.signature !== sealOf(one.thinking ?? ""))
      throw new BadRequest(`messages.${at}.content.0: Invalid \`signature\` in \`thinking\` block`);
  }
}

function checkPairs(messages: readonly Message[]): void {
  const fault = unpaired(messages);
  if (fault?.results.length)
    throw new BadRequest(
      `messages: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${fault.results.join(", ")}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
    );
  if (fault)
    throw new BadRequest(
      `messages: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${fault.calls.join(", ")}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
    );
}

const resultText = (content: Block["content"]): string =>
  typeof content === "string" ? content : (content ?? []).map((one) => one.text ?? `[${one.type}]`).join("\n");

function messagesOf(said: readonly { role: string; content: readonly Block[] }[]): Message[] {
  const messages: Message[] = [];
  const names = new Map<string, string>();
  for (const { role, content } of said) {
    for (const one of content) {
      const part = partOf(one, names);
      if (part.type === "tool-result") append(messages, "tool", [part]);
      else append(messages, role === "assistant" ? "assistant" : "user", [part]);
    }
  }
  return messages;
}

function partOf(one: Block, names: Map<string, string>): MessagePart {
  switch (one.type) {
    case "text":
      return { type: "text", text: one.text ?? "" };
    case "thinking":
      return { type: "reasoning", text: one.thinking ?? "" };
    case "tool_use":
      names.set(one.id ?? "", one.name ?? "");
      return { type: "tool-call", id: one.id ?? "", name: one.name ?? "", args: (one.input ?? null) as Json };
    case "tool_result": {
      const id = one.tool_use_id ?? "";
      return {
        type: "tool-result",
        id,
        name: names.get(id) ?? "",
        text: resultText(one.content),
        isError: one.is_error ?? false,
      };
    }
    default:
      return { type: "other", kind: one.type };
  }
}
