/** Reads a request of Google's Generative Language. The model and whether to stream stand in its path. */
import { z } from "zod";
import { sealOf } from "../random.ts";
import { BadRequest } from "../refusal.ts";
import { append, type Json, type JsonObject, type Message, type MessagePart, type ModelRequest } from "../request.ts";
import { segment } from "../tokens.ts";
import { readBody, unpaired } from "./wire.ts";

const part = z.looseObject({
  text: z.string().optional(),
  thought: z.boolean().optional(),
  thoughtSignature: z.string().optional(),
  functionCall: z.looseObject({ id: z.string().optional(), name: z.string(), args: z.json().optional() }).optional(),
  functionResponse: z
    .looseObject({ id: z.string().optional(), name: z.string(), response: z.json().optional() })
    .optional(),
});
const content = z.looseObject({ role: z.string().optional(), parts: z.array(part).optional() });
const schema = z.looseObject({
  contents: z.array(content).min(1),
  systemInstruction: content.nullish(),
  tools: z
    .array(
      z.looseObject({
        functionDeclarations: z
          .array(
            z.looseObject({
              name: z.string(),
              description: z.string().optional(),
              parameters: z.json().optional(),
              parametersJsonSchema: z.json().optional(),
            }),
          )
          .optional(),
      }),
    )
    .nullish(),
  generationConfig: z
    .looseObject({ maxOutputTokens: z.number().optional(), thinkingConfig: z.json().optional() })
    .nullish(),
});

type Part = z.infer<typeof part>;

/** What Google documents for calls whose signature the client no longer has. */
const skipSignature = "skip_thought_signature_validator";

/** What a signature of a call seals. Google's answers have no ids. */
export const sealedCall = (name: string, args: unknown): string => JSON.stringify([name, args]);

export function readGoogle(body: JsonObject, call: { model: string | null; stream: boolean | null }): ModelRequest {
  const request = readBody(schema, body);
  const messages = messagesOf(request.contents);
  const fault = unpaired(messages);
  if (fault)
    throw new BadRequest(
      "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.",
    );
  const tools = (request.tools ?? []).flatMap((one) => one.functionDeclarations ?? []);
  const system = (request.systemInstruction?.parts ?? []).map((one) => one.text ?? "").join("\n\n");
  return {
    wire: "google",
    model: call.model ?? "",
    stream: call.stream ?? false,
    streamsUsage: true,
    system,
    messages,
    tools: tools.map((tool) => ({
      name: tool.name,
      description: tool.description ?? "",
      parameters: (tool.parametersJsonSchema ?? tool.parameters ?? null) as Json,
      kind: "function",
      namespace: null,
    })),
    segments: [...tools, system, ...request.contents].map((one) => segment(one)),
    outputTokensMax: request.generationConfig?.maxOutputTokens ?? null,
    reasoning: request.generationConfig?.thinkingConfig ?? null,
    session: null,
  };
}

function messagesOf(contents: readonly z.infer<typeof content>[]): Message[] {
  const messages: Message[] = [];
  for (const [at, { role, parts }] of contents.entries()) {
    if (!parts?.length)
      throw new BadRequest(`* GenerateContentRequest.contents[${at}].parts: contents.parts must not be empty.`);
    for (const one of parts) {
      const read = partOf(one, at);
      if (read.type === "tool-result") append(messages, "tool", [read]);
      else append(messages, role === "model" ? "assistant" : "user", [read]);
    }
  }
  return messages;
}

function partOf(one: Part, at: number): MessagePart {
  if (one.functionCall !== undefined) {
    const { id, name, args } = one.functionCall;
    const seal = one.thoughtSignature;
    if (seal !== undefined && seal !== skipSignature && seal !== sealOf(sealedCall(name, args)))
      throw new BadRequest(`Thought signature is not valid. (contents[${at}], function call \`${name}\`)`);
    return { type: "tool-call", id: id ?? name, name, args: (args ?? null) as Json };
  }
  if (one.functionResponse !== undefined) {
    const { id, name, response } = one.functionResponse;
    return { type: "tool-result", id: id ?? name, name, text: resultText(response as Json), isError: false };
  }
  if (one.text === undefined) return { type: "other", kind: Object.keys(one)[0] ?? "part" };
  return { type: one.thought === true ? "reasoning" : "text", text: one.text };
}

/** Clients wrap a result in an object: `{name, content}` or `{output}`. */
function resultText(response: Json): string {
  if (response === null || typeof response !== "object" || Array.isArray(response)) return JSON.stringify(response);
  const inner = response.content ?? response.output ?? response.error ?? response;
  return typeof inner === "string" ? inner : JSON.stringify(inner);
}
