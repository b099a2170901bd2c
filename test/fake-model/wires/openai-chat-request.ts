/** Reads a request of OpenAI's Chat Completions, as also compatible servers take it. */
import { z } from "zod";
import { BadRequest } from "../refusal.ts";
import {
  append,
  parseLoosely,
  type Json,
  type JsonObject,
  type Message,
  type MessagePart,
  type ModelRequest,
} from "../request.ts";
import { segment } from "../tokens.ts";
import { readBody, unpaired } from "./wire.ts";

const part = z.looseObject({ type: z.string(), text: z.string().optional() });
const content = z.union([z.string(), z.array(part)]).nullish();
const call = z.looseObject({ id: z.string(), function: z.object({ name: z.string(), arguments: z.string() }) });
const message = z.discriminatedUnion("role", [
  z.looseObject({ role: z.enum(["system", "developer"]), content }),
  z.looseObject({ role: z.literal("user"), content }),
  z.looseObject({
    role: z.literal("assistant"),
    content,
    reasoning_content: z.string().nullish(),
    tool_calls: z.array(call).nullish(),
  }),
  z.looseObject({ role: z.literal("tool"), content, tool_call_id: z.string() }),
]);
const schema = z.looseObject({
  model: z.string(),
  messages: z.array(message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  tools: z
    .array(
      z.looseObject({
        function: z.looseObject({
          name: z.string(),
          description: z.string().nullish(),
          parameters: z.json().optional(),
        }),
      }),
    )
    .nullish(),
  max_tokens: z.number().nullish(),
  max_completion_tokens: z.number().nullish(),
  reasoning_effort: z.string().nullish(),
  user: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
});

type Content = z.infer<typeof content>;

const partsOf = (value: Content): MessagePart[] => {
  if (value === null || value === undefined) return [];
  if (typeof value === "string") return value === "" ? [] : [{ type: "text", text: value }];
  return value.map((one) =>
    one.text === undefined ? { type: "other", kind: one.type } : { type: "text", text: one.text },
  );
};

const textOf = (value: Content): string =>
  partsOf(value)
    .flatMap((one) => (one.type === "text" ? [one.text] : []))
    .join("\n");

export function readChat(body: JsonObject): ModelRequest {
  const request = readBody(schema, body);
  const messages = messagesOf(request.messages);
  const fault = unpaired(messages);
  if (fault?.results.length)
    throw new BadRequest(
      "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
    );
  if (fault)
    throw new BadRequest(
      `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${fault.calls.join(", ")}`,
    );
  const tools = request.tools ?? [];
  return {
    wire: "openai-chat",
    model: request.model,
    stream: request.stream ?? false,
    streamsUsage: request.stream_options?.include_usage ?? false,
    system: request.messages
      .flatMap((one) => (one.role === "system" || one.role === "developer" ? [textOf(one.content)] : []))
      .join("\n\n"),
    messages,
    tools: tools.map((tool) => ({
      name: tool.function.name,
      description: tool.function.description ?? "",
      parameters: (tool.function.parameters ?? null) as Json,
      kind: "function",
      namespace: null,
    })),
    segments: [...tools, ...request.messages].map((one) => segment(one)),
    outputTokensMax: request.max_completion_tokens ?? request.max_tokens ?? null,
    reasoning: request.reasoning_effort ?? null,
    session: request.user ?? request.prompt_cache_key ?? null,
  };
}

function messagesOf(listed: readonly z.infer<typeof message>[]): Message[] {
  const messages: Message[] = [];
  const names = new Map<string, string>();
  for (const one of listed) {
    switch (one.role) {
      case "system":
      case "developer":
        break;
      case "user":
        append(messages, "user", partsOf(one.content));
        break;
      case "assistant": {
        const calls = one.tool_calls ?? [];
        for (const { id, function: called } of calls) names.set(id, called.name);
        append(messages, "assistant", [
          ...(one.reasoning_content ? [{ type: "reasoning" as const, text: one.reasoning_content }] : []),
          ...partsOf(one.content),
          ...calls.map(({ id, function: called }) => ({
            type: "tool-call" as const,
            id,
            name: called.name,
            args: parseLoosely(called.arguments),
          })),
        ]);
        break;
      }
      case "tool":
        append(messages, "tool", [
          {
            type: "tool-result",
            id: one.tool_call_id,
            name: names.get(one.tool_call_id) ?? "",
            text: textOf(one.content),
            isError: false,
          },
        ]);
        break;
    }
  }
  return messages;
}
