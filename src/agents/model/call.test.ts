/** What a call gives when all goes well, and what it sends. */
import type { ModelMessage } from "ai";
import { describe, expect, test } from "vitest";
import { addTokens, noTokens } from "../../domain/call.ts";
import { call, sequence, text, think } from "../../../test/fake-model/brains.ts";
import { started } from "../../../test/fake-model/sdk.testsuite.ts";
import { answered, asking, billedTokens, kinds, modelOf, resultsOf } from "./call.testsuite.ts";

const reader = () =>
  started({
    brains: [
      {
        name: "reader",
        reply: sequence(
          [think("Two files."), text("Reading."), call("read", { path: "a" }), call("read", { path: "b" })],
          [think("One more."), call("read", { path: "c" })],
          "Done.",
        ),
      },
    ],
    cache: { tokensMin: 16, tokensStep: 8 },
  });

describe.each(kinds)("%s", (kind) => {
  test("calls side by side, thinking and text; to the token what the vendor bills", async () => {
    const server = await reader();
    const model = modelOf(server, kind);
    const messages: ModelMessage[] = [{ role: "user", content: "Read what there is. ".repeat(20) }];
    let tokens = noTokens;
    const ends = [];
    for (let step = 0; step < 3; step++) {
      const answer = await answered(asking(model, { messages: structuredClone(messages), effort: "high" }));
      ends.push({
        finish: answer.finish,
        text: answer.text,
        calls: answer.calls.map(({ name, input }) => [name, input]),
      });
      tokens = addTokens(tokens, answer.tokens);
      messages.push(...answer.messages, ...(answer.calls.length === 0 ? [] : [resultsOf(answer.calls)]));
      expect(JSON.parse(JSON.stringify(messages))).toEqual(messages);
    }
    expect(ends).toEqual([
      {
        finish: "calls",
        text: "Reading.",
        calls: [
          ["read", { path: "a" }],
          ["read", { path: "b" }],
        ],
      },
      { finish: "calls", text: "", calls: [["read", { path: "c" }]] },
      { finish: "stop", text: "Done.", calls: [] },
    ]);
    expect(tokens).toEqual(billedTokens(server.ledger.total().billed));
    expect(tokens.cached).toBeGreaterThan(0);
    expect(tokens.written > 0).toBe(kind === "anthropic");
  });
});
