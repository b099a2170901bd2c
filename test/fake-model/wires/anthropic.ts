/** Anthropic Messages, `/v1/messages`. */
import { assertNever } from "../../../src/domain/assert.ts";
import type { ReplyPart, Stop } from "../brain.ts";
import { idOf, sealOf } from "../random.ts";
import { retryHeaders, type Refusal, type RefusalAnswer } from "../refusal.ts";
import type { JsonObject } from "../request.ts";
import { outputOf, type Usage } from "../tokens.ts";
import { readAnthropic } from "./anthropic-request.ts";
import { argumentsText, piecesOf, sse, type Answer, type Frame, type Wire } from "./wire.ts";

const stopReasons: Record<Stop, string> = {
  stop: "end_turn",
  "tool-calls": "tool_use",
  length: "max_tokens",
  "content-filter": "refusal",
};

const usageOf = (usage: Usage, output: number): JsonObject => ({
  input_tokens: usage.noCache,
  cache_creation_input_tokens: usage.cacheWrite,
  cache_read_input_tokens: usage.cacheRead,
  output_tokens: output,
  ...(usage.reasoning === 0 ? {} : { output_tokens_details: { thinking_tokens: usage.reasoning } }),
  service_tier: "standard",
});

function blockOf(answer: Answer, part: ReplyPart, at: number): JsonObject {
  switch (part.type) {
    case "text":
      return { type: "text", text: part.text, citations: null };
    case "reasoning":
      return { type: "thinking", thinking: part.text, signature: sealOf(part.text) };
    case "tool-call":
      // Broken arguments cannot be written as an object; they stay the text that they are.
      return { type: "tool_use", id: idOf("toolu_", answer.number, at), name: part.name, input: part.args };
  }
}

const messageOf = (answer: Answer, content: JsonObject[], more: JsonObject): JsonObject => ({
  id: idOf("msg_", answer.number),
  type: "message",
  role: "assistant",
  model: answer.request.model,
  content,
  stop_reason: null,
  stop_sequence: null,
  ...more,
});

const whole = (answer: Answer): JsonObject =>
  messageOf(
    answer,
    answer.reply.parts.map((part, at) => blockOf(answer, part, at)),
    {
      stop_reason: stopReasons[answer.stop],
      ...(answer.usage === null ? {} : { usage: usageOf(answer.usage, outputOf(answer.usage)) }),
    },
  );

function deltasOf(part: ReplyPart): JsonObject[] {
  switch (part.type) {
    case "text":
      return piecesOf(part.text, part.pieces).map((piece) => ({ type: "text_delta", text: piece }));
    case "reasoning":
      return [
        ...piecesOf(part.text).map((piece) => ({ type: "thinking_delta", thinking: piece })),
        { type: "signature_delta", signature: sealOf(part.text) },
      ];
    case "tool-call":
      return ["", ...piecesOf(argumentsText(part.args))].map((piece) => ({
        type: "input_json_delta",
        partial_json: piece,
      }));
  }
}

const emptyOf = (block: JsonObject): JsonObject => {
  if (block.type === "text") return { type: "text", text: "" };
  if (block.type === "thinking") return { type: "thinking", thinking: "", signature: "" };
  return { ...block, input: {} };
};

function frames(answer: Answer): Frame[] {
  const event = (data: JsonObject, kind: Frame["kind"]): Frame => sse(data, kind, data.type as string);
  const begun = answer.usage === null ? {} : { usage: usageOf(answer.usage, 1) };
  const list = [
    event({ type: "message_start", message: messageOf(answer, [], begun) }, "open"),
    event({ type: "ping" }, "open"),
  ];
  for (const [index, part] of answer.reply.parts.entries()) {
    list.push(
      event({ type: "content_block_start", index, content_block: emptyOf(blockOf(answer, part, index)) }, "content"),
    );
    for (const delta of deltasOf(part)) list.push(event({ type: "content_block_delta", index, delta }, "content"));
    list.push(event({ type: "content_block_stop", index }, "content"));
  }
  const delta = { stop_reason: stopReasons[answer.stop], stop_sequence: null };
  const ended = answer.usage === null ? {} : { usage: usageOf(answer.usage, outputOf(answer.usage)) };
  list.push(event({ type: "message_delta", delta, ...ended }, "usage"), event({ type: "message_stop" }, "done"));
  return list;
}

type Told = { status: number; type: string; message: string };

function told(refusal: Refusal): Told {
  switch (refusal.kind) {
    case "unknown-key":
      return { status: 401, type: "authentication_error", message: "invalid x-api-key" };
    case "unauthorized":
      return {
        status: 401,
        type: "authentication_error",
        message: "OAuth token has expired. Please obtain a new token or refresh your existing token.",
      };
    case "forbidden":
      return {
        status: 403,
        type: "permission_error",
        message: "Your API key does not have permission to use the specified resource.",
      };
    case "bad-request":
      return { status: 400, type: "invalid_request_error", message: refusal.message };
    case "not-found":
      return { status: 404, type: "not_found_error", message: refusal.message };
    case "context-length":
      return {
        status: 400,
        type: "invalid_request_error",
        message: `prompt is too long: ${refusal.tokens} tokens > ${refusal.tokensMax} maximum`,
      };
    case "rate-limit":
      return {
        status: 429,
        type: "rate_limit_error",
        message: `This request would exceed your organization's rate limit of ${refusal.limit} ${refusal.what} per minute.`,
      };
    case "quota":
      return { status: 429, type: "rate_limit_error", message: "You have reached your specified API usage limits." };
    case "overloaded":
      return { status: 529, type: "overloaded_error", message: "Overloaded" };
    case "status":
      return { status: refusal.status, type: "api_error", message: "Internal server error" };
    default:
      return assertNever(refusal, "refusal");
  }
}

const errorBody = ({ type, message }: Told): JsonObject => ({
  type: "error",
  error: { type, message },
  request_id: "req_fake",
});

function refuse(refusal: Refusal, nowMs: number): RefusalAnswer {
  const answer = told(refusal);
  const headers: Record<string, string> = {};
  if (refusal.kind === "rate-limit") {
    const { what, limit, remaining, retryAfter } = refusal;
    Object.assign(headers, retryHeaders(retryAfter, nowMs), {
      [`anthropic-ratelimit-${what}-limit`]: String(limit),
      [`anthropic-ratelimit-${what}-remaining`]: String(remaining),
    });
    if (retryAfter.form !== "none")
      headers[`anthropic-ratelimit-${what}-reset`] = new Date(nowMs + retryAfter.ms).toISOString();
  }
  if (refusal.kind === "quota") {
    headers["retry-after"] = String(Math.max(0, Math.ceil((refusal.untilMs - nowMs) / 1000)));
    headers["anthropic-ratelimit-unified-status"] = "rejected";
    headers["anthropic-ratelimit-unified-reset"] = String(Math.ceil(refusal.untilMs / 1000));
  }
  return { status: answer.status, headers, body: errorBody(answer) };
}

export const anthropic: Wire = {
  name: "anthropic",
  keyOf: (headers) => {
    const key = headers["x-api-key"];
    return typeof key === "string" ? key : (/^Bearer (.+)$/i.exec(headers.authorization ?? "")?.[1] ?? null);
  },
  read: readAnthropic,
  whole,
  frames,
  refuse,
  errorFrame: (refusal) => sse(errorBody(told(refusal)), "content", "error"),
  headers: (number) => ({ "request-id": idOf("req_", number) }),
};
