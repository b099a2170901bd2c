import { describe, expect, test } from "vitest";
import type { ModelMessage } from "ai";
import { noTokens } from "../../domain/call.ts";
import { Conversation, shortened, type ModelStep } from "./conversation.ts";

const opening: ModelStep = {
  kind: "opening",
  body: { model: "v/m", promptHash: "abc", system: "You work.", message: "Do it." },
};
const reply = (text: string, ...calls: string[]): ModelStep => ({
  kind: "reply",
  body: {
    messages: [
      {
        role: "assistant",
        content: [
          { type: "text", text },
          ...calls.map((id) => ({ type: "tool-call" as const, toolCallId: id, toolName: "look", input: {} })),
        ],
      },
    ],
    calls: calls.map((id) => ({ id, name: "look", input: {} })),
    text,
    tokens: { ...noTokens, input: 1_000, output: 50 },
  },
});
const results = (...ids: string[]): ModelStep => ({
  kind: "results",
  body: { results: ids.map((id) => ({ id, name: "look", ok: id !== "bad", text: `result of ${id}` })) },
});
const after = (...steps: ModelStep[]) => Conversation.from(steps);

describe("a conversation", () => {
  test("is folded from its steps, whoever recorded them", () => {
    const conversation = after(opening, reply("First", "a", "b"), results("a"), results("b"), reply("Done"));
    expect(conversation.messages().map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant"]);
    expect(conversation.messages()[2]).toMatchObject({
      content: [
        { toolCallId: "a", output: { type: "text", value: "result of a" } },
        { toolCallId: "b", output: { type: "text" } },
      ],
    });
    expect(conversation).toMatchObject({ system: "You work.", promptHash: "abc", replies: 2, idle: 1 });
  });

  test("says the results of a reply only when all are there", () => {
    const waiting = after(opening, reply("", "a", "bad"), results("bad"));
    expect(waiting.openCalls.map(({ id }) => id)).toEqual(["a"]);
    expect(waiting.failedTools).toEqual(["look"]);
    expect(waiting.messages().at(-1)).toMatchObject({ role: "assistant" });
    waiting.add(results("a"));
    expect(waiting.openCalls).toEqual([]);
    expect(waiting.messages().at(-1)).toMatchObject({ content: [{ output: { type: "error-text" } }, {}] });
  });

  test("counts replies that call nothing, and a call of nonsense that was answered is no such reply", () => {
    const idle = after(opening, reply("Hm."), reply("Hm."));
    expect(idle.idle).toBe(2);
    const answered: ModelStep = {
      kind: "reply",
      body: {
        messages: [
          { role: "assistant", content: [{ type: "tool-call", toolCallId: "x", toolName: "look", input: "?" }] },
          {
            role: "tool",
            content: [
              { type: "tool-result", toolCallId: "x", toolName: "look", output: { type: "error-text", value: "no" } },
            ],
          },
        ],
        calls: [],
        text: "",
        tokens: noTokens,
      },
    };
    idle.add(answered);
    expect(idle.idle).toBe(0);
  });

  test("knows about how much of the window the next call takes", () => {
    const conversation = after(opening, reply("x", "a"));
    expect(conversation.tokens).toBe(1_050);
    conversation.add(results("a"));
    expect(conversation.tokens).toBeGreaterThan(1_050);
  });

  test("goes on from its summary alone, and is still itself", () => {
    const conversation = after(opening, reply("x", "a"), results("a"), {
      kind: "summary",
      body: { message: "Do it.\n\nYou wrote: a is done." },
    });
    expect(conversation.messages()).toEqual([{ role: "user", content: "Do it.\n\nYou wrote: a is done." }]);
    expect(conversation).toMatchObject({ summaries: 1, opening: "Do it.", system: "You work.", isNew: false });
    expect(conversation.tokens).toBeLessThan(50);
  });

  test("remembers that it was asked to hand off", () => {
    expect(after(opening, reply("x"), { kind: "asked", body: { why: "hand_off", text: "Now." } })).toMatchObject({
      handOffAsked: true,
    });
  });
});

describe("shortened for a summary", () => {
  const long = "x".repeat(10_000);
  const tool = (id: string): ModelMessage => ({
    role: "tool",
    content: [{ type: "tool-result", toolCallId: id, toolName: "look", output: { type: "text", value: long } }],
  });
  const messages: ModelMessage[] = [{ role: "user", content: "Do it." }, tool("a"), tool("b"), tool("c")];
  const valueOf = (message: ModelMessage | undefined) =>
    message?.role === "tool" && message.content[0]?.type === "tool-result" ? message.content[0].output : null;

  test("the oldest results go first, and only as many as have to", () => {
    const short = shortened(messages, 9_000);
    expect(short).toHaveLength(4);
    expect(JSON.stringify(valueOf(short[1])).length).toBeLessThan(1_000);
    expect(valueOf(short[2])).toEqual({ type: "text", value: long });
    expect(valueOf(short[3])).toEqual({ type: "text", value: long });
  });

  test("what fits stays as it is", () => {
    expect(shortened(messages, 1_000_000)).toEqual(messages);
  });
});
