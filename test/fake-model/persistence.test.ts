/** How a conversation is kept between steps, and what breaks when something of it is lost. */
import { tool, type ModelMessage, type ToolSet } from "ai";
import { expect, test } from "vitest";
import { z } from "zod";
import { call, sequence, text, think } from "./brains.ts";
import { languageModel, providers, started, stepOf, type Asked, type ProviderName } from "./sdk.testsuite.ts";
import type { FakeModel } from "./server.ts";

globalThis.AI_SDK_LOG_WARNINGS = false;

/** Without `execute`: the caller runs tools itself and writes the results. */
const tools: ToolSet = { read: tool({ inputSchema: z.object({ path: z.string() }) }) };
const stateless = {
  openai: { store: false, include: ["reasoning.encrypted_content"] },
} satisfies Asked["providerOptions"];

const reader = (): Promise<FakeModel> =>
  started({
    brains: [
      {
        name: "b",
        reply: sequence(
          [think("A file."), text("Reading."), call("read", { path: "a" }), call("read", { path: "b" })],
          "Done.",
        ),
      },
    ],
  });

async function firstStep(model: FakeModel, provider: ProviderName, asked: Asked = { providerOptions: stateless }) {
  const messages: ModelMessage[] = [{ role: "user", content: "Go." }];
  const step = await stepOf(languageModel(model, provider), "stream", {
    messages,
    tools,
    maxOutputTokens: 100,
    ...asked,
  });
  return JSON.parse(JSON.stringify([...messages, ...step.response.messages])) as ModelMessage[];
}

/** Results in the SDK's form, for every call of the last message. */
function results(messages: readonly ModelMessage[]): ModelMessage {
  const last = messages.at(-1)?.content;
  const calls = Array.isArray(last) ? last.filter((part) => part.type === "tool-call") : [];
  return {
    role: "tool",
    content: calls.map(({ toolCallId, toolName }) => ({
      type: "tool-result",
      toolCallId,
      toolName,
      output: { type: "text", value: "ok" },
    })),
  };
}

const next = (
  model: FakeModel,
  provider: ProviderName,
  messages: ModelMessage[],
  asked: Asked = { providerOptions: stateless },
) => stepOf(languageModel(model, provider), "stream", { messages, tools, maxOutputTokens: 100, ...asked });

const withoutOptions = (messages: readonly ModelMessage[]): ModelMessage[] =>
  JSON.parse(
    JSON.stringify(messages, (key, value: unknown) => (key === "providerOptions" ? undefined : value)),
  ) as ModelMessage[];

test.each(providers)(
  "%s: response.messages, through JSON, with our own results, go on without a warning",
  async (provider) => {
    const model = await reader();
    const messages = await firstStep(model, provider);
    const step = await next(model, provider, [...messages, results(messages)]);
    expect(step.text).toBe("Done.");
    expect(step.warnings).toEqual([]);
  },
);

test.each(["anthropic", "openai", "google"] as const)(
  "%s: reasoning comes back to the vendor as it was",
  async (provider) => {
    const model = await reader();
    const messages = await firstStep(model, provider);
    await next(model, provider, [...messages, results(messages)]);
    const sent = JSON.stringify(model.received.at(-1)?.body);
    expect(sent).toMatch(/"(?:signature|encrypted_content|thoughtSignature)":"/);
  },
);

test.each(["anthropic", "openai"] as const)(
  "%s: without providerOptions the reasoning is dropped with a warning",
  async (provider) => {
    const model = await reader();
    const messages = withoutOptions(await firstStep(model, provider));
    const step = await next(model, provider, [...messages, results(messages)]);
    expect(step.text).toBe("Done.");
    expect(step.warnings).toHaveLength(1);
  },
);

test("OpenAI keeps what it answered unless told not to: the next step names items that only its account has", async () => {
  const model = await reader();
  const messages = await firstStep(model, "openai", {});
  await next(model, "openai", [...messages, results(messages)], {});
  expect(JSON.stringify(model.received.at(-1)?.body)).toContain('"type":"item_reference"');
  const other = await reader();
  await expect(next(other, "openai", [...messages, results(messages)], {})).rejects.toThrow(/no output generated/i);
  expect(other.ledger.entries()).toMatchObject([{ status: 400 }]);
});

test.each(providers)(
  "%s: a call without its result is refused by the SDK before anything is sent",
  async (provider) => {
    const model = await reader();
    const messages = await firstStep(model, provider);
    const dangling: ModelMessage[] = [...messages, { role: "user", content: "And?" }];
    await expect(next(model, provider, dangling)).rejects.toThrow(/no output generated/i);
    expect(model.ledger.entries()).toHaveLength(1);
  },
);

test.each(providers)("%s: a result without its call is refused by the vendor", async (provider) => {
  const model = await reader();
  const messages = await firstStep(model, provider);
  await expect(next(model, provider, [messages[0]!, results(messages)])).rejects.toThrow(/no output generated/i);
  expect(model.ledger.entries()).toMatchObject([{ status: 200 }, { status: 400 }]);
});

test.each(["anthropic", "openai", "openai-chat", "compatible"] as const)(
  "%s: the SDK itself answers a call that is no JSON; ours is only the other one",
  async (provider) => {
    const broken = [call("read", '{"path": "a'), call("read", { path: "b" })];
    const model = await started({ brains: [{ name: "b", reply: sequence(broken, "Done.") }] });
    const messages = await firstStep(model, provider);
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool"]);
    expect(messages.at(-1)?.content).toMatchObject([{ toolName: "read", output: { type: "error-text" } }]);
    const answered = JSON.stringify(messages.at(-1));
    const calls = results(messages.slice(0, -1));
    const open = (calls.content as { toolCallId: string }[]).filter(({ toolCallId }) => !answered.includes(toolCallId));
    expect(open).toHaveLength(1);
    const own = { role: "tool", content: open } as ModelMessage;
    expect((await next(model, provider, [...messages, own])).text).toBe("Done.");
  },
);

test("an empty assistant message: Google refuses it, the others leave it out", async () => {
  const model = await reader();
  const messages: ModelMessage[] = [
    { role: "user", content: "Go." },
    { role: "assistant", content: [] },
    { role: "user", content: "Again." },
  ];
  for (const provider of ["anthropic", "openai", "openai-chat", "compatible"] as const)
    expect((await next(model, provider, messages)).finishReason).toBe("tool-calls");
  await expect(next(model, "google", messages)).rejects.toThrow(/no output generated/i);
  expect(model.ledger.entries({ wire: "google" })).toMatchObject([{ status: 400 }]);
});

test.each(providers)("%s: a conversation may go on with another vendor, without its reasoning", async (provider) => {
  const model = await reader();
  const messages = await firstStep(model, provider);
  for (const other of providers.filter((name) => name !== provider))
    expect((await next(model, other, [...messages, results(messages)])).text).toBe("Done.");
});
