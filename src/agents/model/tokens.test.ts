/** Estimates are for reservations: they may be too high, and must not be too low. */
import { readFile } from "node:fs/promises";
import type { ModelMessage } from "ai";
import { expect, test } from "vitest";
import { sumTokens } from "../../domain/call.ts";
import { call, say } from "../../../test/fake-model/brains.ts";
import { started } from "../../../test/fake-model/sdk.testsuite.ts";
import { answered, asking, kinds, modelOf, readTool } from "./call.testsuite.ts";
import { jsonToolSchema } from "./request.ts";
import { estimateInput, estimateTokens } from "./tokens.ts";

test("more than any tokenizer makes of source code, less than one per byte", async () => {
  const source = await readFile(new URL(import.meta.url), "utf8");
  const bytes = Buffer.byteLength(source);
  expect(estimateTokens(bytes)).toBeGreaterThan(bytes / 3);
  expect(estimateTokens(bytes)).toBeLessThan(bytes / 2);
  expect(estimateTokens(0)).toBe(0);
});

test("instructions, messages and tools all count", async () => {
  const messages: ModelMessage[] = [{ role: "user", content: "Go." }];
  const least = await estimateInput({ instructions: "", messages, tools: [] });
  const more = [
    { instructions: "Be quick.", messages, tools: [] },
    { instructions: "", messages: [...messages, ...messages], tools: [] },
    { instructions: "", messages, tools: [readTool] },
    { instructions: "", messages, tools: [{ ...readTool, inputSchema: jsonToolSchema({ type: "object" }) }] },
  ];
  for (const request of more) expect(await estimateInput(request)).toBeGreaterThan(least);
});

test("a conversation that grows is estimated as one that is said at once", async () => {
  const messages: ModelMessage[] = [{ role: "user", content: "Go." }];
  const tools = [readTool];
  await estimateInput({ instructions: "", messages, tools });
  messages.push({ role: "assistant", content: "Ünïcödé, and more." });
  const grown = await estimateInput({ instructions: "", messages, tools });
  expect(grown).toBe(await estimateInput({ instructions: "", messages: structuredClone(messages), tools: [readTool] }));
});

test.each(kinds)("%s: the whole request is less than what was reserved for it", async (kind) => {
  const server = await started({ brains: [{ name: "b", reply: say("Hello.") }] });
  const order = asking(modelOf(server, kind), {
    messages: [{ role: "user", content: "Ünïcödé, and more. ".repeat(400) }],
  });
  const { tokens } = await answered(order);
  const used = sumTokens(tokens) - tokens.output;
  expect(used).toBeGreaterThan(0);
  expect(await estimateInput(order)).toBeGreaterThan(used);
});

test("a tool with a JSON Schema is offered as it is; its inputs are not checked", async () => {
  const schema = { type: "object", properties: { way: { type: "string" } }, required: ["way"] };
  const server = await started({ brains: [{ name: "b", reply: () => ({ parts: [call("go", { way: 7 })] }) }] });
  const tools = [{ name: "go", description: "Goes.", inputSchema: jsonToolSchema(schema) }];
  const answer = await answered(asking(modelOf(server, "anthropic"), { tools }));
  expect(answer.calls).toMatchObject([{ name: "go", input: { way: 7 } }]);
  expect(server.received[0]?.body).toMatchObject({ tools: [{ name: "go", input_schema: schema }] });
});
