/** Text, calls and whole conversations through every provider, streamed and not, each step persisted as JSON before the next. */
import { tool, type ModelMessage, type ToolSet } from "ai";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { call, role, say, sequence, text, think } from "./brains.ts";
import { languageModel, providers, started, stepOf, usageTold, type ProviderName } from "./sdk.testsuite.ts";
import { addUsage, noUsage } from "./tokens.ts";

globalThis.AI_SDK_LOG_WARNINGS = false;

const modes = ["stream", "whole"] as const;
const ways = providers.flatMap((provider) => modes.map((mode) => ({ provider, mode })));

const tools: ToolSet = {
  read: tool({
    description: "Reads a file",
    inputSchema: z.object({ path: z.string() }),
    execute: ({ path }) => `content of ${path}`,
  }),
  write: tool({
    description: "Writes a file",
    inputSchema: z.object({ path: z.string(), content: z.string() }),
    execute: ({ path }) => ({ written: path }),
  }),
};

/** What a database keeps. */
const persisted = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe.each(ways)("$provider, $mode", ({ provider, mode }) => {
  test("text, with its stop and its usage as the ledger has it", async () => {
    const model = await started({ brains: [role("greeter", /polite/, say("Grüß Gott, wie geht's — 你好!"))] });
    const step = await stepOf(languageModel(model, provider), mode, { instructions: "Be polite.", prompt: "Hello" });
    expect(step.text).toBe("Grüß Gott, wie geht's — 你好!");
    expect(step.finishReason).toBe("stop");
    expect(model.ledger.entries()).toMatchObject([
      {
        credential: "default",
        brain: "greeter",
        outcome: "answered",
        reported: true,
        stream: mode === "stream",
        turn: 0,
      },
    ]);
    expect(usageTold(step.usage)).toEqual(model.ledger.total().billed);
    expect(step.usage.inputTokens).toBeGreaterThan(0);
  });

  test("a conversation of several steps, with parallel calls, through JSON after each step", async () => {
    const model = await started({
      brains: [
        role(
          "worker",
          /worker/,
          sequence(
            [
              think("Two files to read."),
              text("I read both."),
              call("read", { path: "a" }),
              call("read", { path: "b" }),
            ],
            [call("write", { path: "c", content: 'new\n"content"' })],
            (view) => ({
              parts: [text(view.toolResults.map((result) => `${result.name}: ${result.text}`).join("; "))],
            }),
          ),
        ),
      ],
    });
    const { messages, last, usage } = await converse(languageModel(model, provider), mode, provider, 3);
    expect(last.text).toBe('read: content of a; read: content of b; write: {"written":"c"}');
    expect(last.finishReason).toBe("stop");
    expect(messages.map((message) => message.role)).toEqual([
      "user",
      "assistant",
      "tool",
      "assistant",
      "tool",
      "assistant",
    ]);
    expect(model.ledger.entries().map(({ turn, outcome }) => [turn, outcome])).toEqual(
      [0, 1, 2].map((turn) => [turn, "answered"]),
    );
    expect(usage).toEqual(model.ledger.total().reported);
    expect(model.ledger.total().billed).toEqual(model.ledger.total().reported);
  });
});

async function converse(
  model: ReturnType<typeof languageModel>,
  mode: "stream" | "whole",
  provider: ProviderName,
  steps: number,
) {
  let messages: ModelMessage[] = [{ role: "user", content: "Do it." }];
  let usage = noUsage;
  for (let count = 1; ; count++) {
    const step = await stepOf(model, mode, {
      instructions: "You are a worker.",
      messages,
      tools,
      ...(provider === "openai"
        ? { providerOptions: { openai: { store: false, include: ["reasoning.encrypted_content"] } } }
        : {}),
    });
    messages = persisted([...messages, ...step.response.messages]);
    usage = addUsage(usage, usageTold(step.usage));
    if (count === steps) return { messages, last: step, usage };
    expect(step.finishReason).toBe("tool-calls");
  }
}
