/** OpenAI's errors, for Chat Completions and Responses alike. */
import { assertNever } from "../../../src/domain/assert.ts";
import { retryHeaders, type Refusal, type RefusalAnswer } from "../refusal.ts";

type Told = { status: number; type: string; code: string | null; message: string; param?: string };

/** As `x-ratelimit-reset-*` says it: `6m0s`, `1.5s`, `20ms`. */
export function openaiDuration(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const seconds = (ms % 60_000) / 1000;
  return ms < 60_000 ? `${seconds}s` : `${Math.floor(ms / 60_000)}m${seconds}s`;
}

export function openaiError(refusal: Refusal): Told {
  const invalid = "invalid_request_error";
  switch (refusal.kind) {
    case "unknown-key":
      return {
        status: 401,
        type: invalid,
        code: "invalid_api_key",
        message: `Incorrect API key provided: ${mask(refusal.key)}. You can find your API key at https://platform.openai.com/account/api-keys.`,
      };
    case "unauthorized":
      return {
        status: 401,
        type: invalid,
        code: "invalid_api_key",
        message: "Your authentication token has expired. Please try signing in again.",
      };
    case "forbidden":
      return {
        status: 403,
        type: invalid,
        code: "model_not_allowed",
        message: "Project does not have access to this model.",
      };
    case "bad-request":
      return { status: 400, type: invalid, code: null, message: refusal.message };
    case "not-found":
      return { status: 404, type: invalid, code: "model_not_found", message: refusal.message };
    case "context-length":
      return {
        status: 400,
        type: invalid,
        code: "context_length_exceeded",
        param: "messages",
        message: `This model's maximum context length is ${refusal.tokensMax} tokens. However, your messages resulted in ${refusal.tokens} tokens. Please reduce the length of the messages.`,
      };
    case "rate-limit":
    case "quota":
    case "overloaded":
    case "status":
      return serverError(refusal);
    default:
      return assertNever(refusal, "refusal");
  }
}

/** What may go better later. */
function serverError(refusal: Extract<Refusal, { kind: "rate-limit" | "quota" | "overloaded" | "status" }>): Told {
  switch (refusal.kind) {
    case "rate-limit":
      return {
        status: 429,
        type: refusal.what,
        code: "rate_limit_exceeded",
        message: `Rate limit reached for this model on ${refusal.what} per min: Limit ${refusal.limit}. Please try again in ${openaiDuration(refusal.retryAfter.ms)}.`,
      };
    case "quota":
      return {
        status: 429,
        type: "insufficient_quota",
        code: "insufficient_quota",
        message: "You exceeded your current quota, please check your plan and billing details.",
      };
    case "overloaded":
      return {
        status: 503,
        type: "server_error",
        code: "server_is_overloaded",
        message: "The engine is currently overloaded, please try again later.",
      };
    case "status":
      return {
        status: refusal.status,
        type: "server_error",
        code: null,
        message: "The server had an error while processing your request. Sorry about that!",
      };
  }
}

export function openaiRefusal(refusal: Refusal, nowMs: number): RefusalAnswer {
  const { status, type, code, message, param } = openaiError(refusal);
  const headers: Record<string, string> = {};
  if (refusal.kind === "rate-limit") {
    const { what, limit, remaining, retryAfter } = refusal;
    Object.assign(headers, retryHeaders(retryAfter, nowMs), {
      [`x-ratelimit-limit-${what}`]: String(limit),
      [`x-ratelimit-remaining-${what}`]: String(remaining),
    });
    if (retryAfter.form !== "none") headers[`x-ratelimit-reset-${what}`] = openaiDuration(retryAfter.ms);
  }
  return { status, headers, body: { error: { message, type, param: param ?? null, code } } };
}

const mask = (key: string): string => `${key.slice(0, 4)}${"*".repeat(8)}`;
