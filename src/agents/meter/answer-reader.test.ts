/** What is read of an answer, in the forms in which servers say it, and however it is cut. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { noTokens } from "../../domain/call.ts";
import { AnswerReader } from "./answer-reader.ts";
import type { Said, Wire } from "./wires.ts";

function read(wire: Wire, text: string, cuts: readonly number[] = [], bytesMax?: number): Said {
  const reader = new AnswerReader(wire, bytesMax);
  const bytes = Buffer.from(text);
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  for (const [index, end] of at.slice(1).entries()) reader.read(bytes.subarray(at[index], end));
  reader.end();
  return reader.said;
}

const events = (list: readonly object[], end = "\n"): string =>
  list.map((one) => `event: x${end}data: ${JSON.stringify(one)}${end}${end}`).join("");

const messages = [
  { type: "message_start", message: { usage: { input_tokens: 3, cache_read_input_tokens: 40, output_tokens: 1 } } },
  { type: "ping" },
  { type: "content_block_start", content_block: { type: "text", text: "" } },
  { type: "content_block_delta", delta: { type: "text_delta", text: "ä漢🙂" } },
  { type: "message_delta", usage: { input_tokens: 3, cache_creation_input_tokens: 5, output_tokens: 9 } },
  { type: "message_stop" },
];
const tokens = { input: 3, cached: 40, written: 5, output: 9 };

test.each(["\n", "\r\n"])("cut anywhere, with line ends %j", (end) => {
  fc.assert(
    fc.property(fc.array(fc.nat()), (cuts) => {
      expect(read("messages", events(messages, end), cuts)).toEqual({
        tokens,
        early: { input: 3, cached: 40, written: 0, output: 0 },
        outputBytes: Buffer.byteLength("ä漢🙂"),
        ended: true,
        error: null,
      });
    }),
  );
});

test("output begins with the first content, not with what stands before it", () => {
  const reader = new AnswerReader("messages");
  const heard = messages.map((one) => reader.read(Buffer.from(events([one]))));
  expect(heard).toEqual([false, false, true, true, false, false]);
});

test("comments, other fields, and a last event without its empty line", () => {
  const text = `: keep-alive\n\nid: 1\nretry: 5\ndata: {"usage":\ndata: {"prompt_tokens":7,"completion_tokens":2},"choices":[]}`;
  expect(read("chat", text).tokens).toEqual({ ...noTokens, input: 7, output: 2 });
  expect(read("chat", `data: {broken\n\ndata:[DONE]\n\n`)).toMatchObject({ tokens: null, ended: true, error: null });
});

describe("usage", () => {
  const whole = (wire: Wire, usage: object) => read(wire, ` ${JSON.stringify({ usage })}`).tokens;

  test.each<[Wire, object, object | null]>([
    ["messages", { input_tokens: 1, output_tokens: 2 }, { ...noTokens, input: 1, output: 2 }],
    ["messages", { output_tokens: 2 }, null],
    [
      "chat",
      { prompt_tokens: 10, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 4 } },
      { ...noTokens, input: 6, cached: 4, output: 2 },
    ],
    [
      "chat",
      { prompt_tokens: 10, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 5 } },
      { input: 1, cached: 4, written: 5, output: 2 },
    ],
    // Thinking that is only in the sum.
    ["chat", { prompt_tokens: 10, completion_tokens: 2, total_tokens: 50 }, { ...noTokens, input: 10, output: 40 }],
    [
      "chat",
      { prompt_tokens: 10, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 40 } },
      { ...noTokens, cached: 10, output: 2 },
    ],
    ["chat", { prompt_tokens: -1, completion_tokens: 2 }, null],
    ["chat", { prompt_tokens: "10", completion_tokens: null }, null],
    [
      "responses",
      { input_tokens: 10, output_tokens: 2.5, input_tokens_details: { cached_tokens: 10 } },
      { ...noTokens, cached: 10, output: 3 },
    ],
    [
      "responses",
      { input_tokens: 10, output_tokens: 2, input_tokens_details: null },
      { ...noTokens, input: 10, output: 2 },
    ],
  ])("%s %j", (wire, usage, expected) => expect(whole(wire, usage)).toEqual(expected));

  test("a gateway that says the input only at the end, or zero there", () => {
    const [start, ...rest] = messages;
    expect(read("messages", events(rest)).tokens).toEqual({ ...tokens, cached: 0 });
    const zero = { type: "message_delta", usage: { input_tokens: 0, output_tokens: 9 } };
    expect(read("messages", events([start!, zero])).tokens).toEqual({ ...tokens, written: 0 });
  });
});

describe("errors inside", () => {
  test.each<[Wire, object]>([
    ["messages", { type: "error", error: { type: "overloaded_error", message: "m" } }],
    ["responses", { type: "error", code: "rate_limit_exceeded", message: "m" }],
    ["chat", { error: { code: 429, message: "m" }, choices: [{ delta: {}, finish_reason: "error" }] }],
  ])("%s", (wire, event) => expect(read(wire, events([event])).error).toEqual(event));

  test("a response that failed", () => {
    const response = { error: { code: "server_error", message: "m" }, usage: { input_tokens: 4, output_tokens: 1 } };
    const said = read("responses", events([{ type: "response.failed", response }]));
    expect(said).toMatchObject({ error: response, ended: false, tokens: { input: 4, output: 1 } });
  });

  test("an object that is one", () => {
    const error = { message: "m" };
    expect(read("chat", JSON.stringify({ error }))).toMatchObject({ error, ended: false });
    expect(read("responses", JSON.stringify({ error: null }))).toMatchObject({ error: null, ended: true });
  });
});

test("what is too long is not kept: one event of many, and an object", () => {
  const long = { type: "content_block_delta", delta: { type: "text_delta", text: "x".repeat(1000) } };
  const [start, ...rest] = messages;
  for (const cuts of [[], [150, 400, 700, 1000]])
    expect(read("messages", events([start!, long, ...rest]), cuts, 500)).toMatchObject({ tokens, outputBytes: 9 });
  const object = JSON.stringify({ pad: "x".repeat(1000), usage: { input_tokens: 1, output_tokens: 1 } });
  expect(read("messages", object, [300], 500)).toMatchObject({ tokens: null, ended: true, outputBytes: object.length });
});

test.each(["", "  \n", "{", '{"usage": {"input_tokens": 1', "<html></html>", "data: x"])(
  "%j is no answer that came to its end",
  (text) => expect(read("chat", text)).toMatchObject({ tokens: null, ended: false, error: null }),
);
