/** Prompt caches: what is read, written and neither, as the SDK reports it and the ledger has it. */
import type { ModelMessage, SystemModelMessage } from "ai";
import { expect, test } from "vitest";
import { say, sequence } from "./brains.ts";
import { languageModel, started, stepOf, usageTold } from "./sdk.testsuite.ts";

globalThis.AI_SDK_LOG_WARNINGS = false;

const cached = { anthropic: { cacheControl: { type: "ephemeral" } } } as const;
const forAnHour = { anthropic: { cacheControl: { type: "ephemeral", ttl: "1h" } } } as const;

const instructions = (providerOptions: SystemModelMessage["providerOptions"]): SystemModelMessage => ({
  role: "system",
  content: "A rule. ".repeat(100),
  ...(providerOptions === undefined ? {} : { providerOptions }),
});
const said = (content: string, marked = false): ModelMessage => ({
  role: "user",
  content,
  ...(marked ? { providerOptions: cached } : {}),
});

test.each(["stream", "whole"] as const)(
  "Anthropic: marks on the system text and on the last message, %s",
  async (mode) => {
    const model = await started({ brains: [{ name: "b", reply: say("Yes.") }], cache: { tokensMin: 50 } });
    const ask = async (messages: ModelMessage[]) =>
      usageTold(
        (
          await stepOf(languageModel(model, "anthropic"), mode, {
            instructions: instructions(cached),
            messages,
            maxOutputTokens: 100,
          })
        ).usage,
      );
    const first = await ask([said("One?", true)]);
    const answer: ModelMessage = { role: "assistant", content: "Yes." };
    const second = await ask([said("One?"), answer, said("Two?", true)]);
    const third = await ask([said("Other?")]);
    expect(first).toMatchObject({ cacheRead: 0, noCache: 0 });
    expect(first.cacheWrite).toBeGreaterThan(200);
    expect(second).toMatchObject({ cacheRead: first.cacheWrite, noCache: 0 });
    expect(second.cacheWrite).toBeGreaterThan(0);
    // Only the system text is the same.
    expect(third.cacheRead).toBeGreaterThan(200);
    expect(third.cacheRead).toBeLessThan(first.cacheWrite);
    expect(third.cacheWrite).toBe(0);
    expect([first, second, third]).toEqual(model.ledger.entries().map(({ billed }) => billed));
  },
);

test("Anthropic: an entry dies after its time and lives on when it is used; without marks nothing is cached", async () => {
  let nowMs = 1_000_000;
  const model = await started({
    brains: [{ name: "b", reply: say("Yes.") }],
    cache: { tokensMin: 50 },
    now: () => nowMs,
  });
  const read = async (options?: SystemModelMessage["providerOptions"]) =>
    usageTold(
      (
        await stepOf(languageModel(model, "anthropic"), "whole", {
          instructions: instructions(options),
          messages: [said("?")],
          maxOutputTokens: 9,
        })
      ).usage,
    ).cacheRead;
  expect(await read(cached)).toBe(0);
  nowMs += 299_000;
  expect(await read(cached)).toBeGreaterThan(200);
  nowMs += 299_000;
  expect(await read()).toBe(0);
  expect(await read(cached)).toBeGreaterThan(200);
  nowMs += 300_000;
  expect(await read(cached)).toBe(0);
  nowMs += 400_000;
  expect(await read(forAnHour)).toBe(0);
  nowMs += 3_000_000;
  expect(await read(forAnHour)).toBeGreaterThan(200);
});

test("Anthropic: a fifth mark is dropped by the SDK with a warning", async () => {
  const model = await started({ brains: [{ name: "b", reply: say("Yes.") }] });
  const step = await stepOf(languageModel(model, "anthropic"), "whole", {
    messages: Array.from({ length: 5 }, (_, at) => said(`${at}`, true)),
    maxOutputTokens: 9,
  });
  expect(step.warnings).toMatchObject([{ feature: "cacheControl breakpoint limit" }]);
});

test.each([
  ["openai", "stream"],
  ["openai", "whole"],
  ["openai-chat", "stream"],
  ["compatible", "stream"],
  ["google", "stream"],
] as const)("%s caches by itself, in whole steps of tokens, %s", async (provider, mode) => {
  const model = await started({
    brains: [{ name: "b", reply: sequence("One.", "Two.") }],
    cache: { tokensMin: 128, tokensStep: 64 },
  });
  const ask = async (messages: ModelMessage[]) =>
    usageTold(
      (await stepOf(languageModel(model, provider), mode, { instructions: "A rule. ".repeat(100), messages })).usage,
    );
  const first = await ask([said("One?")]);
  const second = await ask([said("One?"), { role: "assistant", content: "One." }, said("Two?")]);
  expect(first).toMatchObject({ cacheRead: 0, cacheWrite: 0 });
  expect(second.cacheRead).toBe(Math.floor(first.noCache / 64) * 64);
  expect([first, second]).toEqual(model.ledger.entries().map(({ billed }) => billed));
});

test("caches of credentials are apart", async () => {
  const model = await started({
    brains: [{ name: "b", reply: say("Yes.") }],
    cache: { tokensMin: 50 },
    credentials: { one: "key-1", two: "key-2" },
  });
  for (const key of ["key-1", "key-2", "key-1"])
    await stepOf(languageModel(model, "anthropic", { key }), "whole", {
      instructions: instructions(cached),
      messages: [said("?")],
      maxOutputTokens: 9,
    });
  expect(model.ledger.entries().map(({ billed }) => billed.cacheRead > 0)).toEqual([false, false, true]);
  expect(model.ledger.totals("credential")).toMatchObject({ one: { requests: 2 }, two: { requests: 1 } });
});
