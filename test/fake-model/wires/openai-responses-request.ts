/** Reads a request of OpenAI's Responses: a list of items, some of them only named (`item_reference`) when the server keeps them. */
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
  type ToolOffer,
} from "../request.ts";
import { segment } from "../tokens.ts";
import { opened } from "./openai-responses-items.ts";
import { readBody, unpaired } from "./wire.ts";

const item = z.looseObject({
  type: z.string().optional(),
  id: z.string().nullish(),
  role: z.string().optional(),
  content: z.union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))]).nullish(),
  summary: z.array(z.looseObject({ text: z.string() })).optional(),
  encrypted_content: z.string().nullish(),
  call_id: z.string().optional(),
  name: z.string().optional(),
  arguments: z.string().optional(),
  input: z.string().optional(),
  output: z.union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))]).optional(),
  tools: z.array(z.json()).optional(),
});
export type Item = z.infer<typeof item>;

type ToolBody = {
  type: string;
  name?: string | undefined;
  description?: string | null | undefined;
  parameters?: unknown;
  tools?: unknown[] | undefined;
};
const tool: z.ZodType<ToolBody> = z.looseObject({
  type: z.string(),
  name: z.string().optional(),
  description: z.string().nullish(),
  parameters: z.json().optional(),
  tools: z.array(z.json()).optional(),
});
const schema = z.looseObject({
  model: z.string(),
  input: z.union([z.string(), z.array(item)]),
  instructions: z.string().nullish(),
  stream: z.boolean().nullish(),
  store: z.boolean().nullish(),
  include: z.array(z.string()).nullish(),
  previous_response_id: z.string().nullish(),
  tools: z.array(tool).nullish(),
  max_output_tokens: z.number().nullish(),
  reasoning: z.looseObject({ effort: z.string().nullish(), summary: z.string().nullish() }).nullish(),
  user: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  safety_identifier: z.string().nullish(),
});

/** What of a request its answer depends on, beside the conversation. */
export type ResponsesOptions = { store: boolean; encrypted: boolean; summary: boolean; input: Item[] };

/** What the server kept of earlier responses. */
export type Kept = { item(id: string): Item | undefined; response(id: string): Item[] | undefined };

export function readResponses(body: JsonObject, kept: Kept): { request: ModelRequest; options: ResponsesOptions } {
  const read = readBody(schema, body);
  const input = inputOf(read, kept);
  const messages = messagesOf(input);
  checkPairs(messages, input);
  // Codex offers its tools to newer models as an item of the input.
  const added = input.flatMap((one) => (one.type === "additional_tools" ? (one.tools ?? []) : []));
  const offered = [...(read.tools ?? []), ...added.map((one) => readBody(tool, one as JsonObject))];
  const tools = offered.flatMap((one) => offersOf(one, null));
  const system = [read.instructions ?? "", ...input.filter(isSystem).map((one) => textOf(one.content))].filter(Boolean);
  return {
    request: {
      wire: "openai-responses",
      model: read.model,
      stream: read.stream ?? false,
      streamsUsage: true,
      system: system.join("\n\n"),
      messages,
      tools,
      segments: [
        ...(read.tools ?? []),
        read.instructions ?? "",
        ...input.map((one) => ({ ...one, id: undefined })),
      ].map((one) => segment(one)),
      outputTokensMax: read.max_output_tokens ?? null,
      reasoning: (read.reasoning ?? null) as Json,
      session: read.user ?? read.safety_identifier ?? read.prompt_cache_key ?? null,
    },
    options: {
      store: read.store ?? true,
      encrypted: (read.include ?? []).includes("reasoning.encrypted_content"),
      summary: read.reasoning?.summary !== undefined && read.reasoning.summary !== null,
      input,
    },
  };
}

const isSystem = (one: Item): boolean => one.role === "system" || one.role === "developer";

function inputOf(read: z.infer<typeof schema>, kept: Kept): Item[] {
  const before = read.previous_response_id ? kept.response(read.previous_response_id) : [];
  if (before === undefined) throw new BadRequest(`Previous response with id '${read.previous_response_id}' not found.`);
  const listed: Item[] = typeof read.input === "string" ? [{ role: "user", content: read.input }] : read.input;
  const input = listed.map((one) => {
    if (one.type !== "item_reference") return one;
    const found = kept.item(one.id ?? "");
    if (found !== undefined) return found;
    throw new BadRequest(
      `Item with id '${one.id}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` set to true, or remove this item from your input.`,
    );
  });
  return [...before, ...input];
}

function checkPairs(messages: readonly Message[], input: readonly Item[]): void {
  const fault = unpaired(messages);
  if (fault?.results.length)
    throw new BadRequest(`No tool call found for function call output with call_id ${fault.results[0]}.`);
  if (fault) throw new BadRequest(`No tool output found for function call ${fault.calls[0]}.`);
  for (const [at, one] of input.entries()) {
    const next = input[at + 1];
    if (one.type === "reasoning" && (next === undefined || next.role === "user" || next.type?.endsWith("_output")))
      throw new BadRequest(`Item '${one.id}' of type 'reasoning' was provided without its required following item.`);
  }
}

function offersOf(one: ToolBody, namespace: string | null): ToolOffer[] {
  if (one.type === "namespace")
    return (one.tools ?? []).flatMap((inner) => offersOf(tool.parse(inner), one.name ?? null));
  if (one.name === undefined) return [];
  return [
    {
      name: one.name,
      description: one.description ?? "",
      parameters: (one.parameters ?? null) as Json,
      kind: one.type === "custom" ? "custom" : "function",
      namespace,
    },
  ];
}

const partsOf = (content: Item["content"]): MessagePart[] => {
  if (content === null || content === undefined) return [];
  if (typeof content === "string") return [{ type: "text", text: content }];
  return content.map((one) =>
    one.text === undefined ? { type: "other", kind: one.type } : { type: "text", text: one.text },
  );
};

const textOf = (content: Item["content"]): string =>
  partsOf(content)
    .flatMap((one) => (one.type === "text" ? [one.text] : []))
    .join("\n");

function messagesOf(items: readonly Item[]): Message[] {
  const messages: Message[] = [];
  const names = new Map<string, string>();
  for (const one of items) {
    const id = one.call_id ?? "";
    switch (one.type) {
      case "function_call":
      case "custom_tool_call":
        names.set(id, one.name ?? "");
        append(messages, "assistant", [
          { type: "tool-call", id, name: one.name ?? "", args: one.input ?? parseLoosely(one.arguments ?? "") },
        ]);
        break;
      case "function_call_output":
      case "custom_tool_call_output":
        append(messages, "tool", [
          { type: "tool-result", id, name: names.get(id) ?? "", text: textOf(one.output), isError: false },
        ]);
        break;
      case "reasoning":
        append(messages, "assistant", [{ type: "reasoning", text: opened(one) }]);
        break;
      case "additional_tools":
        break;
      case "message":
      case undefined:
        if (!isSystem(one)) append(messages, one.role === "assistant" ? "assistant" : "user", partsOf(one.content));
        break;
      default:
        append(messages, "assistant", [{ type: "other", kind: one.type }]);
    }
  }
  return messages;
}
