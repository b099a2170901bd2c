/** Calls as the product will make them: reasoning effort, sessions, bounds, abort, and where errors tell how long to wait. */
import { APICallError } from "ai";
import { describe, expect, test } from "vitest";
import { call, say, sequence, text } from "./brains.ts";
import type { FaultRuleInput } from "./faults.ts";
import { generated, languageModel, providers, started, stepOf, streamed, type ProviderName } from "./sdk.testsuite.ts";

globalThis.AI_SDK_LOG_WARNINGS = false;

const hello = { brains: [{ name: "hello", reply: say("Hello, this is a somewhat longer answer.") }] };

describe("reasoning effort", () => {
  test.each([
    ["openai", "gpt-5", { effort: "high", summary: "detailed" }],
    // Not among the models that the SDK knows to reason: left out, without a word.
    ["openai", "fake-model", null],
    ["openai-chat", "fake-model", "high"],
    ["compatible", "fake-model", "high"],
    [
      "anthropic",
      "claude-opus-4-6",
      { thinking: { type: "adaptive", display: "summarized" }, output_config: { effort: "high" } },
    ],
    ["anthropic", "fake-model", { thinking: { type: "enabled", budget_tokens: 2458 } }],
    ["google", "gemini-3-pro-preview", { thinkingLevel: "high" }],
    ["google", "gemini-2.5-pro", { thinkingBudget: 32_768 }],
  ] as const)("%s %s: `reasoning: high` on the wire", async (provider, id, sent) => {
    const model = await started(hello);
    await stepOf(languageModel(model, provider, { id }), "stream", { reasoning: "high", maxOutputTokens: 1024 });
    expect(model.ledger.entries()[0]?.reasoning).toEqual(sent);
  });

  test("openai: an unknown model reasons when it is told that it is one that does", async () => {
    const model = await started(hello);
    const asked = { reasoning: "low" as const, providerOptions: { openai: { forceReasoning: true } } };
    await stepOf(languageModel(model, "openai"), "stream", asked);
    expect(model.ledger.entries()[0]?.reasoning).toMatchObject({ effort: "low" });
  });

  test("anthropic: a thinking budget comes on top of the output that was allowed", async () => {
    const model = await started(hello);
    await stepOf(languageModel(model, "anthropic"), "stream", { reasoning: "high", maxOutputTokens: 1024 });
    expect(model.received[0]?.body).toMatchObject({ max_tokens: 1024 + 2458 });
  });
});

test.each(providers)("%s: a header says whose session a request is, and usage is summed by it", async (provider) => {
  const model = await started(hello);
  for (const session of ["a", "b", "a"])
    await stepOf(languageModel(model, provider), "stream", { headers: { "x-session-key": session } });
  expect(model.ledger.totals("session")).toMatchObject({ a: { requests: 2, answered: 2 }, b: { requests: 1 } });
});

test.each(providers)(
  "%s: an answer that may not be longer ends with `length`, also inside a call",
  async (provider) => {
    const model = await started({
      brains: [{ name: "b", reply: sequence([text("Now."), call("write", { content: "x".repeat(100) })]) }],
    });
    const step = await stepOf(languageModel(model, provider), "stream", { maxOutputTokens: 10 });
    expect(step.usage.outputTokens).toBeLessThanOrEqual(10);
    // Google says it in another way: it could not parse the call.
    expect(step.finishReason).toBe(provider === "google" ? "error" : "length");
  },
);

test.each(providers)("%s: abort ends the stream with an abort part and the step with the reason", async (provider) => {
  const model = await started(hello);
  model.faults.add({ fault: { kind: "stall", at: "middle", ms: 60_000 } });
  const abort = new AbortController();
  const told = streamed(languageModel(model, provider), { abortSignal: abort.signal });
  await expect.poll(() => model.traffic.counters("default").running).toBe(1);
  abort.abort(new Error("the operator stopped it"));
  const { parts, onAbort, onError, step } = await told;
  expect(parts.at(-1)).toMatchObject({ type: "abort" });
  expect({ onAbort, onError }).toEqual({ onAbort: 1, onError: [] });
  expect(step).toMatchObject({ error: { message: "the operator stopped it" } });
  await expect.poll(() => model.ledger.entries()[0]?.outcome).toBe("left");
  expect(model.traffic.counters("default").running).toBe(0);
});

test.each(["headers", "first"] as const)(
  "abort works where firstChunkMs does not: while nothing came but %s",
  async (at) => {
    const model = await started(hello);
    model.faults.add({ fault: { kind: "stall", at, ms: 60_000 } });
    const abort = new AbortController();
    const told = streamed(languageModel(model, "openai-chat"), {
      abortSignal: abort.signal,
      timeout: { firstChunkMs: 1 },
    });
    await expect.poll(() => model.traffic.counters("default").running).toBe(1);
    abort.abort(new Error("no first chunk"));
    expect(await told).toMatchObject({ onAbort: 1, step: { error: { message: "no first chunk" } } });
  },
);

test("a model id may contain the registry's separator", async () => {
  const model = await started(hello);
  await stepOf(languageModel(model, "compatible", { id: "vendor/model/v2" }), "stream", {});
  expect(model.ledger.entries()).toMatchObject([{ model: "vendor/model/v2", outcome: "answered" }]);
});

async function errorOf(fault: FaultRuleInput["fault"], provider: ProviderName): Promise<APICallError> {
  const model = await started({ ...hello, now: () => Date.UTC(2026, 0, 1) });
  model.faults.add({ fault });
  const step = await generated(languageModel(model, provider), {});
  const error = "error" in step ? step.error : null;
  if (!APICallError.isInstance(error)) throw new Error(`not an APICallError: ${String(error)}`);
  return error;
}

describe("how long to wait", () => {
  const limited = (form: "seconds" | "date" | "ms" | "reset" | "none") => ({
    kind: "rate-limit" as const,
    retryAfter: { form, ms: 90_000 },
  });

  test.each([
    ["seconds", { "retry-after": "90" }],
    ["date", { "retry-after": "Thu, 01 Jan 2026 00:01:30 GMT" }],
    ["ms", { "retry-after-ms": "90000" }],
  ] as const)("retry-after in %s stands in the error's responseHeaders", async (form, headers) => {
    expect((await errorOf(limited(form), "openai")).responseHeaders).toMatchObject(headers);
  });

  test("vendors' reset headers have forms of their own", async () => {
    expect((await errorOf(limited("reset"), "openai")).responseHeaders).toMatchObject({
      "x-ratelimit-reset-requests": "1m30s",
    });
    expect((await errorOf(limited("reset"), "anthropic")).responseHeaders).toMatchObject({
      "anthropic-ratelimit-requests-reset": "2026-01-01T00:01:30.000Z",
    });
  });

  test("Google tells it in the body, and no header", async () => {
    const error = await errorOf(limited("seconds"), "google");
    expect(error.responseHeaders).not.toHaveProperty("retry-after");
    expect(error.data).toMatchObject({ error: { details: [{}, { retryDelay: "90s" }] } });
  });

  test("an exhausted quota is retryable for the SDK; only the body tells it from a busy minute", async () => {
    const quota = { kind: "quota" as const, untilMs: Date.UTC(2026, 0, 2) };
    expect(await errorOf(quota, "openai")).toMatchObject({
      isRetryable: true,
      data: { error: { code: "insufficient_quota" } },
    });
    expect((await errorOf(quota, "anthropic")).responseHeaders).toMatchObject({ "retry-after": "86400" });
  });
});

describe("what is not worth a retry", () => {
  test.each([
    ["openai", 401],
    ["openai-chat", 401],
    ["compatible", 401],
    ["anthropic", 401],
    ["google", 400],
  ] as const)("%s answers an unknown key with %i", async (provider, statusCode) => {
    const model = await started(hello);
    const step = await generated(languageModel(model, provider, { key: "wrong" }), {});
    expect(step).toMatchObject({ error: { statusCode, isRetryable: false } });
    expect(model.ledger.entries()).toMatchObject([{ credential: null, outcome: "refused" }]);
  });

  test.each([
    ["openai", /"code":"context_length_exceeded"/],
    ["openai-chat", /"code":"context_length_exceeded"/],
    ["compatible", /"code":"context_length_exceeded"/],
    ["anthropic", /"message":"prompt is too long: \d+ tokens > 200000 maximum"/],
    ["google", /"message":"The input token count \(\d+\) exceeds the maximum number of tokens allowed/],
  ] as const)("%s says only in its body that the prompt is too long", async (provider, told) => {
    const error = await errorOf({ kind: "context-length" }, provider);
    expect(error).toMatchObject({ statusCode: 400, isRetryable: false });
    expect(error.responseBody).toMatch(told);
  });

  test("a model with a bound refuses what is longer, by itself", async () => {
    const model = await started({ ...hello, models: [{ id: "fake-model", contextTokensMax: 50 }] });
    const step = await generated(languageModel(model, "openai"), { prompt: "x".repeat(400) });
    expect(step).toMatchObject({ error: { statusCode: 400 } });
  });
});
