/** OpenAI Chat Completions, `/v1/chat/completions`. */
import type { Reply, Stop } from "../brain.ts";
import { idOf } from "../random.ts";
import type { JsonObject } from "../request.ts";
import { inputOf, outputOf, type Usage } from "../tokens.ts";
import { readChat } from "./openai-chat-request.ts";
import { openaiError, openaiRefusal } from "./openai-refusals.ts";
import { argumentsText, piecesOf, sse, type Answer, type Frame, type Wire } from "./wire.ts";

const finishReasons: Record<Stop, string> = {
  stop: "stop",
  "tool-calls": "tool_calls",
  length: "length",
  "content-filter": "content_filter",
};

const usageOf = (usage: Usage): JsonObject => ({
  prompt_tokens: inputOf(usage),
  completion_tokens: outputOf(usage),
  total_tokens: inputOf(usage) + outputOf(usage),
  prompt_tokens_details: { cached_tokens: usage.cacheRead, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: usage.reasoning,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
});

const textOf = (reply: Reply): string =>
  reply.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");

const reasoningOf = (reply: Reply): string =>
  reply.parts.flatMap((part) => (part.type === "reasoning" ? [part.text] : [])).join("");

const callsOf = (answer: Answer): { id: string; name: string; args: string }[] =>
  answer.reply.parts
    .filter((part) => part.type === "tool-call")
    .map((part, at) => ({ id: idOf("call_", answer.number, at), name: part.name, args: argumentsText(part.args) }));

function whole(answer: Answer): JsonObject {
  const calls = callsOf(answer).map(({ id, name, args }) => ({
    id,
    type: "function",
    function: { name, arguments: args },
  }));
  const reasoning = reasoningOf(answer.reply);
  return {
    id: idOf("chatcmpl-", answer.number),
    object: "chat.completion",
    created: Math.floor(answer.createdMs / 1000),
    model: answer.request.model,
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: textOf(answer.reply) || null,
          refusal: null,
          // Not OpenAI's, which keeps its reasoning; compatible servers send it so.
          ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
          ...(calls.length === 0 ? {} : { tool_calls: calls }),
        },
        logprobs: null,
        finish_reason: finishReasons[answer.stop],
      },
    ],
    ...(answer.usage === null ? {} : { usage: usageOf(answer.usage) }),
    service_tier: "default",
    system_fingerprint: "fp_fake",
  };
}

function deltas(answer: Answer): JsonObject[] {
  const list: JsonObject[] = [];
  for (const part of answer.reply.parts) {
    if (part.type === "reasoning") list.push(...piecesOf(part.text).map((piece) => ({ reasoning_content: piece })));
    if (part.type === "text") list.push(...piecesOf(part.text, part.pieces).map((piece) => ({ content: piece })));
  }
  for (const [index, { id, name, args }] of callsOf(answer).entries()) {
    list.push({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] });
    for (const piece of piecesOf(args)) list.push({ tool_calls: [{ index, function: { arguments: piece } }] });
  }
  return list;
}

function frames(answer: Answer): Frame[] {
  const chunk = (choices: JsonObject[], more: JsonObject = {}): JsonObject => ({
    id: idOf("chatcmpl-", answer.number),
    object: "chat.completion.chunk",
    created: Math.floor(answer.createdMs / 1000),
    model: answer.request.model,
    service_tier: "default",
    system_fingerprint: "fp_fake",
    choices,
    // With include_usage every chunk but the last says null.
    ...(answer.request.streamsUsage ? { usage: null } : {}),
    ...more,
  });
  const choice = (delta: JsonObject, finish: string | null = null): JsonObject => ({
    index: 0,
    delta,
    logprobs: null,
    finish_reason: finish,
  });
  const list = [sse(chunk([choice({ role: "assistant", content: "", refusal: null })]), "open")];
  for (const delta of deltas(answer)) list.push(sse(chunk([choice(delta)]), "content"));
  list.push(sse(chunk([choice({}, finishReasons[answer.stop])]), "finish"));
  if (answer.request.streamsUsage && answer.usage !== null)
    list.push(sse(chunk([], { usage: usageOf(answer.usage) }), "usage"));
  list.push(sse("[DONE]", "done"));
  return list;
}

export const openaiChat: Wire = {
  name: "openai-chat",
  keyOf: (headers) => /^Bearer (.+)$/i.exec(headers.authorization ?? "")?.[1] ?? null,
  read: readChat,
  whole,
  frames,
  refuse: openaiRefusal,
  errorFrame: (refusal) => {
    const { type, code, message } = openaiError(refusal);
    return sse({ error: { message, type, param: null, code } }, "content");
  },
  headers: (number) => ({ "x-request-id": idOf("req_", number), "openai-processing-ms": "1" }),
};
