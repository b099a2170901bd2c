/** How long to leave a provider alone, in every form in which vendors say it, and what is used up rather than busy. */
import { APICallError, StreamProviderError } from "ai";
import { describe, expect, test } from "vitest";
import type { CallFault } from "../../domain/call.ts";
import { say } from "../../../test/fake-model/brains.ts";
import type { RetryAfter } from "../../../test/fake-model/refusal.ts";
import { started } from "../../../test/fake-model/sdk.testsuite.ts";
import { callModel } from "./call.ts";
import { asking, failedOf, kinds, modelOf } from "./call.testsuite.ts";
import { faultOf } from "./faults.ts";
import { openModel } from "./providers.ts";

const now = Date.UTC(2026, 10, 1, 12);
const model = openModel("v/m", { kind: "openai", baseUrl: "http://127.0.0.1:1/v1", key: null });
const spoken = { model, instructions: "", messages: [] };

function faultFor(of: { status?: number; headers?: Record<string, string>; body?: unknown }): CallFault {
  const { status = 429, headers = {}, body = {} } = of;
  const error = new APICallError({
    message: "",
    url: "",
    requestBodyValues: {},
    statusCode: status,
    responseHeaders: headers,
    responseBody: JSON.stringify(body),
  });
  return faultOf(error, spoken, now).fault;
}

const said = (message: string, more = {}) => ({ error: { message, ...more } });

describe("headers", () => {
  test.each([
    [{ "retry-after-ms": "1500", "retry-after": "7" }, 1500],
    [{ "retry-after": "7" }, 7000],
    [{ "Retry-After": "0.5" }, 500],
    [{ "retry-after": "Sun, 01 Nov 2026 12:01:30 GMT" }, 90_000],
    // By the vendor's clock, not by ours.
    [{ "retry-after": "Sun, 01 Nov 2026 13:01:30 GMT", date: "Sun, 01 Nov 2026 13:00:00 GMT" }, 90_000],
    [{ "retry-after": "Sun, 01 Nov 2026 11:00:00 GMT" }, 0],
    [{ "retry-after": "soon" }, null],
    [{ "x-ratelimit-reset-requests": "1m30s" }, 90_000],
    [{ "x-ratelimit-reset-tokens": "20ms" }, 20],
    [{ "x-ratelimit-reset-tokens": "7.66s" }, 7660],
    // Only one of the limits is over.
    [
      {
        "x-ratelimit-reset-requests": "6m0s",
        "x-ratelimit-remaining-requests": "12",
        "x-ratelimit-reset-tokens": "2s",
        "x-ratelimit-remaining-tokens": "0",
      },
      2000,
    ],
    [{ "x-ratelimit-reset-requests": "3s", "x-ratelimit-reset-tokens": "9s" }, 9000],
    [{ "x-ratelimit-reset": String(now + 5000) }, 5000],
    [{ "x-ratelimit-reset": String(now / 1000 + 5) }, 5000],
    [{ "x-ratelimit-reset": "30" }, 30_000],
    [{ "anthropic-ratelimit-input-tokens-reset": "2026-11-01T12:00:40Z" }, 40_000],
    [{ "anthropic-ratelimit-requests-limit": "50" }, null],
    [{}, null],
  ])("%j", (headers, retryAfterMs) => {
    expect(faultFor({ headers })).toMatchObject({
      kind: "rate_limited",
      retryAfterMs,
    });
  });

  test("a server that is overloaded may say it too", () => {
    expect(faultFor({ status: 503, headers: { "retry-after": "20" } })).toMatchObject({
      kind: "unavailable",
      retryAfterMs: 20_000,
    });
  });
});

describe("bodies", () => {
  test.each([
    [said("Busy.", { details: [{}, { retryDelay: "34.07s" }] }), 34_070],
    [[said("Busy.", { details: [{ retryDelay: "2s" }] })], 2000],
    [said("Rate limit reached. Please try again in 6m0s. Visit our page."), 360_000],
    [said("Rate limit reached for gpt on tokens. Please try again in 20ms."), 20],
    [said("Please retry in 34.5s."), 34_500],
    [said("Try again in 2 minutes and 5 seconds"), 125_000],
    [said("Rate limited, no word of when."), null],
    [{ detail: "Try again after 3 seconds" }, 3000],
    [{ error: "wait 4s" }, 4000],
    ["not what anybody knows", null],
  ])("%j", (body, retryAfterMs) => {
    expect(faultFor({ body })).toMatchObject({ kind: "rate_limited", retryAfterMs });
  });
});

describe("used up", () => {
  const day = 86_400_000;
  test.each<[string, Parameters<typeof faultFor>[0], number | null]>([
    ["OpenAI", { body: said("You exceeded your current quota", { code: "insufficient_quota" }) }, null],
    ["a long wait", { headers: { "retry-after": "86400" } }, day],
    [
      "a subscription's window",
      {
        headers: {
          "anthropic-ratelimit-unified-status": "rejected",
          "anthropic-ratelimit-unified-reset": String(now / 1000 + 60),
        },
      },
      60_000,
    ],
    [
      "a subscription's window, in the body",
      { body: said("Limit.", { type: "usage_limit_reached", resets_in_seconds: 3600 }) },
      3_600_000,
    ],
    [
      "the same as a time",
      { body: said("Limit.", { type: "usage_limit_reached", resets_at: now / 1000 + 60 }) },
      60_000,
    ],
    [
      "Anthropic's credit",
      { status: 400, body: said("Your credit balance is too low to access the Anthropic API.") },
      null,
    ],
    [
      "Anthropic's own limit",
      {
        status: 400,
        body: said(
          "You have reached your specified API usage limits. You will regain access on 2026-11-02 at 12:00 UTC.",
        ),
      },
      day,
    ],
    ["payment required", { status: 402, body: said("Insufficient credits") }, null],
    [
      "Google, per day",
      {
        body: said("You exceeded your current quota. limit: 20", {
          details: [
            { violations: [{ quotaId: "GenerateRequestsPerDayPerProjectPerModel-FreeTier" }] },
            { retryDelay: "30s" },
          ],
        }),
      },
      30_000,
    ],
    ["Google, no such tier", { body: said("You exceeded your current quota. limit: 0, model: x") }, null],
    ["Google, without a word", { body: said("You exceeded your current quota, please check your plan.") }, null],
  ])("%s", (_, of, retryAfterMs) => {
    expect(faultFor(of)).toMatchObject({ kind: "quota", retryAfterMs });
  });

  test("Google's busy minute has the same words, but names its limit", () => {
    const body = said(
      "You exceeded your current quota, please check your plan. * Quota exceeded for metric: x, limit: 20",
    );
    expect(faultFor({ body })).toMatchObject({ kind: "rate_limited" });
  });

  test("a wait is bounded, whatever the vendor says", () => {
    expect(faultFor({ headers: { "retry-after": "9".repeat(12) } })).toMatchObject({ retryAfterMs: 31 * day });
  });
});

describe("not to be mended by waiting", () => {
  test.each<[CallFault["kind"], number, unknown]>([
    ["too_long", 400, said("prompt is too long: 2 tokens > 1 maximum")],
    ["too_long", 400, said("input length and `max_tokens` exceed context limit: 190000 + 32000 > 200000")],
    ["too_long", 413, said("Request exceeds the maximum size", { type: "request_too_large" })],
    ["too_long", 429, said("Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 50000.")],
    ["key_refused", 400, said("API key expired. Please renew the API key.")],
    ["key_refused", 401, {}],
    ["no_such_model", 404, {}],
    ["no_such_model", 400, said("The model `gpt-9` does not exist or you do not have access to it.")],
    ["bad_request", 422, { detail: [{ loc: ["body"], msg: "field required" }] }],
    ["unavailable", 408, {}],
  ])("%s: %i %j", (kind, status, body) => {
    expect(faultFor({ status, body })).toMatchObject({ kind });
  });
});

describe("inside a stream", () => {
  test.each<[CallFault["kind"], ConstructorParameters<typeof StreamProviderError>[0]]>([
    ["unavailable", { message: "Overloaded", type: "overloaded_error" }],
    ["rate_limited", { message: "Slow down", code: "rate_limit_exceeded" }],
    ["rate_limited", { message: "Slow down", code: 429 }],
    ["unavailable", { message: "Oops", data: { error: { message: "Oops", code: 502 } } }],
    ["broken", { message: "Oops" }],
    ["broken", { message: "Oops", type: "nobody_knows" }],
  ])("%s: %j", (kind, error) => {
    const { fault, free } = faultOf(new StreamProviderError(error), spoken, now);
    expect({ kind: fault.kind, free }).toEqual({ kind, free: false });
  });
});

const forms: RetryAfter["form"][] = ["seconds", "date", "ms", "reset", "none"];

describe.each(kinds)("over the wire: %s", (kind) => {
  test.each(forms)("a wait told as %s", async (form) => {
    const server = await started({ brains: [{ name: "b", reply: say("Hello.") }] });
    server.faults.add({ fault: { kind: "rate-limit", retryAfter: { form, ms: 90_000 } } });
    const { fault } = failedOf(await callModel(asking(modelOf(server, kind))));
    if (fault.kind !== "rate_limited") throw new Error(`not a rate limit: ${JSON.stringify(fault)}`);
    // OpenAI says it in its message as well.
    const silent = form === "none" && (kind === "anthropic" || kind === "google");
    // Dates are whole seconds; both are the server's, so that no clock of ours is in it.
    const rounded = form === "date" || form === "reset" ? 2000 : 0;
    expect(fault.retryAfterMs).toSatisfy((ms) =>
      silent ? ms === null : ms !== null && Math.abs(ms - 90_000) <= rounded,
    );
  });
});
