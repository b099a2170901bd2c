/** Google Generative Language, `/v1beta/models/…:generateContent` and `:streamGenerateContent?alt=sse`. */
import { assertNever } from "../../../src/domain/assert.ts";
import type { ReplyPart, Stop } from "../brain.ts";
import { idOf, sealOf } from "../random.ts";
import type { Refusal, RefusalAnswer } from "../refusal.ts";
import type { JsonObject } from "../request.ts";
import { inputOf, outputOf, type Usage } from "../tokens.ts";
import { readGoogle, sealedCall } from "./google-request.ts";
import { piecesOf, sse, type Answer, type Frame, type Wire } from "./wire.ts";

const finishReasons: Record<Stop, string> = {
  stop: "STOP",
  "tool-calls": "STOP",
  length: "MAX_TOKENS",
  "content-filter": "SAFETY",
};

const usageOf = (usage: Usage): JsonObject => ({
  promptTokenCount: inputOf(usage),
  ...(usage.cacheRead === 0 ? {} : { cachedContentTokenCount: usage.cacheRead }),
  candidatesTokenCount: usage.text,
  ...(usage.reasoning === 0 ? {} : { thoughtsTokenCount: usage.reasoning }),
  totalTokenCount: inputOf(usage) + outputOf(usage),
  promptTokensDetails: [{ modality: "TEXT", tokenCount: inputOf(usage) }],
});

/** Google never sends a call that it could not parse: it drops it and says so in the finish reason. */
const isBroken = (part: ReplyPart): boolean => part.type === "tool-call" && typeof part.args === "string";

const finishOf = (answer: Answer): string =>
  answer.reply.parts.some(isBroken) ? "MALFORMED_FUNCTION_CALL" : finishReasons[answer.stop];

/** The first call of a turn carries the signature of the thought that led to it. */
function partsOf(answer: Answer): JsonObject[][] {
  let signed = false;
  return answer.reply.parts
    .filter((part) => !isBroken(part))
    .map((part) => {
      if (part.type === "text") return piecesOf(part.text, part.pieces).map((text) => ({ text }));
      if (part.type === "reasoning") return piecesOf(part.text).map((text) => ({ text, thought: true }));
      const seal = signed ? {} : { thoughtSignature: sealOf(sealedCall(part.name, part.args)) };
      signed = true;
      return [{ functionCall: { name: part.name, args: part.args }, ...seal }];
    });
}

const chunk = (answer: Answer, parts: JsonObject[], finish: string | null): JsonObject => ({
  candidates: [
    {
      ...(parts.length === 0 ? {} : { content: { role: "model", parts } }),
      ...(finish === null ? {} : { finishReason: finish }),
      index: 0,
    },
  ],
  ...(answer.usage === null || finish === null ? {} : { usageMetadata: usageOf(answer.usage) }),
  modelVersion: answer.request.model,
  responseId: idOf("", answer.number),
});

function whole(answer: Answer): JsonObject {
  const joined = partsOf(answer).map((pieces) => ({
    ...pieces[0],
    ...(pieces[0]?.text === undefined ? {} : { text: pieces.map(({ text }) => text as string).join("") }),
  }));
  return chunk(answer, joined, finishOf(answer));
}

function frames(answer: Answer): Frame[] {
  const content = partsOf(answer).flat();
  return [
    ...content.map((part) => sse(chunk(answer, [part], null), "content")),
    sse(chunk(answer, [], finishOf(answer)), "usage"),
  ];
}

type Told = { code: number; status: string; message: string; details?: JsonObject[] };

function told(refusal: Refusal): Told {
  const type = (name: string): string => `type.googleapis.com/google.rpc.${name}`;
  switch (refusal.kind) {
    case "unknown-key":
      // Not 401: this is what Google says to a key that it does not know.
      return {
        code: 400,
        status: "INVALID_ARGUMENT",
        message: "API key not valid. Please pass a valid API key.",
        details: [{ "@type": type("ErrorInfo"), reason: "API_KEY_INVALID", domain: "googleapis.com" }],
      };
    case "unauthorized":
      return { code: 401, status: "UNAUTHENTICATED", message: "Request had invalid authentication credentials." };
    case "forbidden":
      return { code: 403, status: "PERMISSION_DENIED", message: "The caller does not have permission" };
    case "bad-request":
      return { code: 400, status: "INVALID_ARGUMENT", message: refusal.message };
    case "not-found":
      return { code: 404, status: "NOT_FOUND", message: refusal.message };
    case "context-length":
      return {
        code: 400,
        status: "INVALID_ARGUMENT",
        message: `The input token count (${refusal.tokens}) exceeds the maximum number of tokens allowed (${refusal.tokensMax}).`,
      };
    case "rate-limit": {
      const { retryAfter } = refusal;
      const wait = { "@type": type("RetryInfo"), retryDelay: `${retryAfter.ms / 1000}s` };
      const quotaId = `GenerateContent${refusal.what === "tokens" ? "InputTokens" : "Requests"}PerMinutePerProjectPerModel`;
      const quota = { "@type": type("QuotaFailure"), violations: [{ quotaId, quotaValue: String(refusal.limit) }] };
      return {
        code: 429,
        status: "RESOURCE_EXHAUSTED",
        message: `You exceeded your current quota, please check your plan and billing details. Limit: ${refusal.limit} ${refusal.what}.`,
        details: retryAfter.form === "none" ? [] : [quota, wait],
      };
    }
    case "quota":
      return {
        code: 429,
        status: "RESOURCE_EXHAUSTED",
        message: "You exceeded your current quota, please check your plan and billing details.",
      };
    case "overloaded":
      return { code: 503, status: "UNAVAILABLE", message: "The model is overloaded. Please try again later." };
    case "status":
      return {
        code: refusal.status,
        status: refusal.status === 503 ? "UNAVAILABLE" : "INTERNAL",
        message: "An internal error has occurred.",
      };
    default:
      return assertNever(refusal, "refusal");
  }
}

function refuse(refusal: Refusal): RefusalAnswer {
  const answer = told(refusal);
  return { status: answer.code, headers: {}, body: { error: answer } };
}

export const google: Wire = {
  name: "google",
  keyOf: (headers, url) => {
    const key = headers["x-goog-api-key"];
    return typeof key === "string" ? key : url.searchParams.get("key");
  },
  read: readGoogle,
  whole,
  frames,
  refuse,
  errorFrame: (refusal) => sse({ error: told(refusal) }, "content"),
  headers: () => ({ "server-timing": "gfet4t7; dur=1" }),
};
