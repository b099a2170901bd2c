/** What calls cost: by the list, by the operator, or by guess, and when it is said to be one. */
import { findProvider } from "@pydantic/genai-prices";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { noTokens } from "../../domain/call.ts";
import { isLocal } from "./local-address.ts";
import { priceOf, type PriceOverride } from "./prices.ts";
import { defaultBaseUrls, type ProviderKind } from "./providers.ts";

const million = 1_000_000;
const price = (
  kind: ProviderKind,
  id: string,
  baseUrl = defaultBaseUrls[kind] ?? "https://api.example.com/v1",
  overrides: { [name: string]: PriceOverride } = {},
) => priceOf({ name: `p/${id}`, id, access: { kind, baseUrl } }, overrides);

/** USD per million tokens of input and output; calls small enough for no tier to begin. */
const perMillion = (of: ReturnType<typeof price>) => ({
  source: of.source,
  input: of.cost({ ...noTokens, input: 100_000 }) / 100_000,
  output: of.cost({ ...noTokens, output: 100_000 }) / 100_000,
});

describe("the list", () => {
  test.each([
    ["anthropic", "claude-opus-4-1", 15, 75],
    ["anthropic", "claude-opus-4-1-20250805", 15, 75],
    ["anthropic", "claude-3-5-haiku-latest", 0.8, 4],
    ["openai", "gpt-5", 1.25, 10],
    ["openai", "gpt-5-2025-08-07", 1.25, 10],
    ["openai-chat", "gpt-4.1-mini", 0.4, 1.6],
    ["google", "gemini-2.5-pro", 1.25, 10],
    ["google", "gemini-2.5-pro-preview-06-05", 1.25, 10],
  ] as const)("%s %s is known", (kind, id, input, output) => {
    expect(perMillion(price(kind, id))).toEqual({ source: "known", input, output });
  });

  test("a server's list is told by its URL", () => {
    const openrouter = price("openai-compatible", "anthropic/claude-sonnet-4.5", "https://openrouter.ai/api/v1");
    expect(perMillion(openrouter)).toEqual({ source: "known", input: 3, output: 15 });
    expect(price("anthropic", "deepseek-chat", "https://api.deepseek.com/anthropic").source).toBe("known");
  });

  test("every model of the three vendors has a cost, and none prints anything", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    onTestFinished(() => warn.mockRestore());
    for (const kind of ["anthropic", "openai", "google"] as const)
      for (const { id } of findProvider({ providerId: kind })?.models ?? []) {
        const cost = price(kind, id).cost({ input: 1, cached: 1, written: 1, output: 1 });
        expect(cost).toSatisfy((micro: number) => Number.isSafeInteger(micro) && micro >= 0);
      }
    expect(warn).not.toHaveBeenCalled();
  });

  test("the window is told where the list has it", () => {
    expect(price("anthropic", "claude-opus-4-1").contextTokens).toBe(200_000);
    expect(price("openai", "nobody-knows").contextTokens).toBeNull();
  });
});

describe("sums", () => {
  const sonnet = price("anthropic", "claude-sonnet-4-5");

  test("each part at its own price, all together in whole micro-USD", () => {
    expect(sonnet.cost({ input: 1000, cached: 10_000, written: 2000, output: 500 })).toBe(3000 + 3000 + 7500 + 7500);
    expect(sonnet.cost(noTokens)).toBe(0);
  });

  test("a call is rounded up, and only when there is something to round", () => {
    expect(sonnet.cost({ ...noTokens, cached: 1 })).toBe(1);
    expect(sonnet.cost({ ...noTokens, cached: 10 })).toBe(3);
    expect(sonnet.cost({ ...noTokens, cached: 11 })).toBe(4);
    // In floating point 0.1 + 0.2 is more than 0.3.
    const odd = price("openai", "m", undefined, { "p/m": { inputUsd: 0.1, outputUsd: 0.2 } });
    for (let count = 10; count <= 100_000; count += 10)
      expect(odd.cost({ ...noTokens, input: count, output: count })).toBe((count * 3) / 10);
  });

  test("a long request is dearer as a whole; what is cached counts to its length", () => {
    expect(sonnet.cost({ ...noTokens, input: 200_000 })).toBe(3 * 200_000);
    expect(sonnet.cost({ ...noTokens, input: 200_001 })).toBe(6 * 200_001);
    expect(sonnet.cost({ input: 1, cached: 200_000, written: 0, output: 1000 })).toBe(6 + 120_000 + 22_500);
  });
});

describe("guesses", () => {
  test.each([
    // The list's pattern takes it for this one.
    ["anthropic", "claude-sonnet-4-5-turbo", 3, 15],
    ["openai", "gpt-5-nano-tuned", 0.05, 0.4],
    // Other numbers of a family: the dearest of the nearest.
    ["anthropic", "claude-opus-4-9", 15, 75],
    ["openai", "gpt-5.9", 5, 30],
    ["openai", "o9-mini", 1.1, 4.4],
    ["google", "models/gemini-2.5-pro", 1.25, 10],
    // Another vendor's list.
    ["openai-compatible", "anthropic/claude-opus-4-1", 15, 75],
    ["openai-compatible", "gpt-5", 1.25, 10],
    // Nothing near.
    ["anthropic", "fake-model", 15, 75],
    ["openai", "some-new-name", 15, 75],
    ["openai-compatible", "maker/new-model", 15, 75],
  ] as const)("%s %s", (kind, id, input, output) => {
    expect(perMillion(price(kind, id))).toEqual({ source: "guessed", input, output });
  });

  test("a model on this machine costs nothing, but that is a guess", () => {
    const local = price("openai-compatible", "qwen3-coder:30b", "http://127.0.0.1:11434/v1");
    expect(perMillion(local)).toEqual({ source: "guessed", input: 0, output: 0 });
    // Vendors' own wires cost, wherever they are spoken: there may be a proxy.
    expect(price("anthropic", "fake-model", "http://127.0.0.1:1/v1").cost({ ...noTokens, input: 1000 })).toBe(15_000);
  });
});

describe("the operator's prices", () => {
  test("go before the list; the window stays the list's", () => {
    const own = price("anthropic", "claude-opus-4-1", undefined, {
      "p/claude-opus-4-1": { inputUsd: 1, cachedUsd: 0.1, writtenUsd: 2, outputUsd: 4 },
    });
    expect(own).toMatchObject({ source: "overridden", contextTokens: 200_000 });
    expect(own.cost({ input: 10, cached: 10, written: 10, output: 10 })).toBe(10 + 1 + 20 + 40);
  });

  test("need only input and output", () => {
    const own = price("openai-compatible", "m", "http://127.0.0.1:1/v1", { "p/m": { inputUsd: 4, outputUsd: 8 } });
    expect(own.cost({ input: million, cached: million, written: million, output: million })).toBe(21 * million);
  });

  test("are of this provider's model only", () => {
    expect(
      price("anthropic", "claude-opus-4-1", undefined, { "q/claude-opus-4-1": { inputUsd: 1, outputUsd: 1 } }).source,
    ).toBe("known");
  });
});

test("nothing is fetched", () => {
  const fetch = vi.fn<typeof globalThis.fetch>();
  vi.stubGlobal("fetch", fetch);
  onTestFinished(() => void vi.unstubAllGlobals());
  for (const id of ["claude-opus-4-1", "fake-model"]) price("anthropic", id).cost({ ...noTokens, input: 1 });
  expect(fetch).not.toHaveBeenCalled();
});

test.each([
  ["http://localhost:1234/v1", true],
  ["http://127.8.0.1/v1", true],
  ["http://[::1]:8080/v1", true],
  ["http://10.1.2.3/v1", true],
  ["http://172.31.0.1/v1", true],
  ["http://192.168.7.7:8000", true],
  ["http://gpu.local/v1", true],
  ["http://172.32.0.1/v1", false],
  ["http://8.8.8.8/v1", false],
  ["https://api.example.com/v1", false],
  ["https://localhost.example.com/v1", false],
  ["not a url", false],
])("%s is local: %s", (url, local) => {
  expect(isLocal(url)).toBe(local);
});
