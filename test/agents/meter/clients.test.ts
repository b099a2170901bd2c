/** Real clients of the three wires, pointed at the meter as an agent's program would be. */
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateText, isStepCount, streamText, tool, type LanguageModel } from "ai";
import { describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { addTokens, noTokens } from "../../../src/domain/call.ts";
import { memoryHost } from "../../../src/agents/memory-host.testsuite.ts";
import { billedTokens } from "../../../src/agents/model/call.testsuite.ts";
import type { ProviderKind } from "../../../src/agents/model/providers.ts";
import type { SessionHost } from "../../../src/engine/ports.ts";
import { call, sequence, text, think } from "../../fake-model/brains.ts";
import { endsOf, openWorld, pacedHost, type Place } from "./world.ts";

globalThis.AI_SDK_LOG_WARNINGS = false;

const clients: { [name: string]: { kind: ProviderKind; open(place: Place): LanguageModel } } = {
  anthropic: {
    kind: "anthropic",
    open: ({ url, token }) => createAnthropic({ baseURL: `${url}/v1`, apiKey: token })("priced"),
  },
  "anthropic, with a bearer token": {
    kind: "anthropic",
    open: ({ url, token }) => createAnthropic({ baseURL: url, authToken: token })("priced"),
  },
  "openai, responses": {
    kind: "openai",
    open: ({ url, token }) => createOpenAI({ baseURL: `${url}/v1`, apiKey: token }).responses("priced"),
  },
  "openai, chat": {
    kind: "openai-chat",
    open: ({ url, token }) => createOpenAI({ baseURL: `${url}/v1`, apiKey: token }).chat("priced"),
  },
  // Does not ask for the usage.
  compatible: {
    kind: "openai-compatible",
    open: ({ url, token }) => createOpenAICompatible({ name: "v", baseURL: `${url}/v1`, apiKey: token })("priced"),
  },
};

const brains = [
  {
    name: "b",
    reply: sequence(
      [think("I read it."), text("Reading."), call("read", { path: "a" })],
      [call("read", { path: "b" })],
      "Done.",
    ),
  },
];
const tools = { read: tool({ inputSchema: z.object({ path: z.string() }), execute: ({ path }) => `of ${path}` }) };

describe.each(Object.entries(clients))("%s", (_name, { kind, open }) => {
  test.each(["stream", "whole"])("a conversation with tools, %s", async (mode) => {
    const { model, host, metered, failures } = await openWorld({
      kind,
      brains,
      host: pacedHost(),
      cache: { tokensMin: 10 },
    });
    model.faults.add({
      fault: { kind: "rate-limit", retryAfter: { form: "ms", ms: 100 } },
      pick: { kind: "nth", n: 2 },
    });
    const asked = {
      model: open(metered),
      prompt: "Go on.",
      tools,
      stopWhen: isStepCount(5),
      maxRetries: 0,
      maxOutputTokens: 500,
    };
    const words = mode === "stream" ? await streamText(asked).text : (await generateText(asked)).text;
    expect(words).toBe("Done.");
    await metered.close();
    const ends = endsOf(host);
    expect(ends.map(({ fault }) => fault?.kind ?? "answered")).toEqual([
      "answered",
      "rate_limited",
      "answered",
      "answered",
    ]);
    expect(ends.reduce((sum, { tokens }) => addTokens(sum, tokens), noTokens)).toEqual(
      billedTokens(model.ledger.total({ session: "s7" }).billed),
    );
    expect(failures).toEqual([]);
  });

  test("a refusal for good is not tried again", async () => {
    const failure = { kind: "over_budget", detail: "nothing is left" } as const;
    const beginCall = vi.fn<SessionHost["beginCall"]>(async () => ({ ok: false, failure }));
    const { metered } = await openWorld({ kind, host: { ...memoryHost(), beginCall } });
    const refused = await generateText({ model: open(metered), prompt: "Go on." }).catch((error: unknown) => error);
    if (!APICallError.isInstance(refused)) throw new Error("no APICallError", { cause: refused });
    expect(refused.isRetryable).toBe(false);
    expect(refused.message).toContain("its budget is used up: nothing is left");
    expect(beginCall).toHaveBeenCalledTimes(1);
  });
});
