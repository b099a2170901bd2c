/** What a call gives when all goes well, and what it sends. */
import type { ModelMessage } from "ai";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { addTokens, noTokens } from "../../domain/call.ts";
import { call, say, sequence, text, think } from "../../../test/fake-model/brains.ts";
import { defaultCredentials } from "../../../test/fake-model/mind.ts";
import { started } from "../../../test/fake-model/sdk.testsuite.ts";
import { callModel } from "./call.ts";
import { answered, asking, billedTokens, failedOf, kinds, modelOf, patient, resultsOf } from "./call.testsuite.ts";
import type { OnText } from "./listening.ts";

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

  test("kept as JSON and read again, the conversation goes on with its reasoning", async () => {
    const server = await reader();
    const model = modelOf(server, kind);
    const first: ModelMessage[] = [{ role: "user", content: "Read." }];
    const answer = await answered(asking(model, { messages: first, effort: "high" }));
    const kept = JSON.stringify([...first, ...answer.messages, resultsOf(answer.calls)]);
    expect(kept).not.toContain("cacheControl");
    expect(kept).not.toContain("message_start");
    await answered(asking(model, { messages: JSON.parse(kept) as ModelMessage[], effort: "high" }));
    const sent = JSON.stringify(server.received.at(-1)?.body);
    const seals = /"(?:signature|encrypted_content|thoughtSignature)":"/;
    // Chat Completions has no way to give reasoning back.
    expect(seals.test(sent)).toBe(kind !== "openai-chat" && kind !== "openai-compatible");
  });

  test("whose call it is goes with it, the key as well, and nothing of the environment", async () => {
    const variables = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "GOOGLE_GENERATIVE_AI_API_KEY"];
    for (const name of variables) vi.stubEnv(name, defaultCredentials.default);
    for (const name of ["OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"]) vi.stubEnv(name, "http://127.0.0.1:1/v1");
    onTestFinished(() => void vi.unstubAllEnvs());
    const server = await started({ brains: [{ name: "b", reply: say("Hello.") }] });
    for (const [session, key] of [
      ["s17", defaultCredentials.default],
      ["s18", null],
    ] as const)
      await callModel(asking(modelOf(server, kind, { key }), { headers: { "x-session-key": session } }));
    expect(server.received.map(({ headers }) => headers["x-session-key"])).toEqual(["s17", "s18"]);
    expect(server.ledger.entries()).toMatchObject([{ session: "s17", outcome: "answered" }, { credential: null }]);
  });

  test("the bound on the output is ours", async () => {
    const server = await started({ brains: [{ name: "b", reply: say("Hello.") }] });
    await answered(asking(modelOf(server, kind), { outputTokensMax: 777 }));
    expect(JSON.stringify(server.received[0]?.body)).toContain(":777");
  });

  test("effort is sent, also for a model that the SDK does not know", async () => {
    const server = await started({ brains: [{ name: "b", reply: say("Hello.") }] });
    for (const effort of ["high", null] as const)
      await answered(asking(modelOf(server, kind, { id: "gemini-3-pro-new" }), { effort }));
    const [asked, left] = server.ledger.entries().map(({ reasoning }) => reasoning);
    expect(JSON.stringify(asked)).toMatch(/high|budget_tokens/);
    expect(left).toBeNull();
  });

  test("what comes is told as it comes", async () => {
    const server = await reader();
    const told = { text: "", thinking: "", call: "" };
    let signs = 0;
    const onText: OnText = (of, piece) => {
      told[of] += piece;
      if (piece === "") signs++;
    };
    await answered(asking(modelOf(server, kind), { effort: "high", onText }));
    expect(told.text).toBe("Reading.");
    expect(told.call.replaceAll(" ", "")).toBe('read{"path":"a"}read{"path":"b"}');
    expect(signs).toBeGreaterThan(0);
    // OpenAI's Chat Completions keeps it to itself.
    expect(told.thinking).toBe(kind === "openai-chat" ? "" : "Two files.");
  });

  test("input that does not fit, and nothing else: the model is to see it", async () => {
    const server = await started({ brains: [{ name: "b", reply: sequence([call("read", { way: 7 })], "Done.") }] });
    const model = modelOf(server, kind);
    const answer = await answered(asking(model));
    expect(answer).toMatchObject({ finish: "calls", calls: [] });
    const messages: ModelMessage[] = [{ role: "user", content: "Go." }, ...answer.messages];
    expect(await answered(asking(model, { messages }))).toMatchObject({ text: "Done." });
  });

  test("cut at the bound: text is kept, and whoever made half a call is told to make smaller ones", async () => {
    const write = call("write", { content: "x".repeat(200) });
    const server = await started({
      brains: [
        {
          name: "b",
          reply: (view) => ({
            parts: view.turn === 0 && view.lastUserText === "text" ? [text("A long story. ".repeat(20))] : [write],
          }),
        },
      ],
    });
    const ask = (content: string) =>
      callModel(asking(modelOf(server, kind), { messages: [{ role: "user", content }], outputTokensMax: 20 }));
    expect(await ask("text")).toMatchObject({ kind: "answered", finish: "length", calls: [], tokens: { output: 20 } });
    const cut = await ask("call");
    // Google says that it could not parse the call, and nothing else.
    expect(cut).toMatchObject(
      kind === "google"
        ? { kind: "failed", fault: { kind: "broken" }, billed: true }
        : { kind: "answered", finish: "length", calls: [] },
    );
    expect(JSON.stringify(cut).includes("several smaller calls")).toBe(kind !== "google");
  });

  test.each(["headers", "first", "middle"] as const)("aborted while the server is silent: %s", async (at) => {
    const server = await reader();
    server.faults.add({ fault: { kind: "stall", at, ms: 60_000 } });
    const abort = new AbortController();
    const end = callModel(asking(modelOf(server, kind), { signal: abort.signal }));
    await expect.poll(() => server.traffic.counters("default").running).toBe(1);
    abort.abort(new Error("the operator stopped it"));
    expect(await end).toMatchObject({ kind: "failed", fault: { kind: "aborted" }, billed: true });
    await expect.poll(() => server.ledger.entries()[0]?.outcome).toBe("left");
  });

  test("a listener that throws is a bug: it comes out, and the connection is closed", async () => {
    const server = await reader();
    server.faults.add({ fault: { kind: "stall", at: "end", ms: 60_000 } });
    const onText = () => {
      throw new Error("a bug");
    };
    await expect(callModel(asking(modelOf(server, kind), { onText }))).rejects.toThrow("a bug");
    await expect.poll(() => server.ledger.entries()[0]?.outcome).not.toBe("open");
  });
});

test("aborted before it began: nothing is sent", async () => {
  const server = await reader();
  const order = asking(modelOf(server, "openai"), { signal: AbortSignal.abort() });
  expect(await callModel(order)).toEqual({
    kind: "failed",
    fault: { kind: "aborted" },
    tokens: noTokens,
    billed: false,
  });
  expect(server.received).toEqual([]);
});

test("a call that never ends is ended, although something comes all the time", async () => {
  const server = await started({ brains: [{ name: "b", reply: say("On and on. ".repeat(500)) }] });
  server.faults.add({ fault: { kind: "trickle", ms: 20 } });
  const end = await callModel(asking(modelOf(server, "openai"), { timeouts: { ...patient, callMs: 500 } }));
  expect(failedOf(end).fault).toEqual({ kind: "broken", detail: "vendor/fake-model: no end within 500 ms" });
});

test("OpenAI keeps nothing of ours", async () => {
  const server = await reader();
  await answered(asking(modelOf(server, "openai"), { effort: "low" }));
  expect(server.received[0]?.body).toMatchObject({ store: false, include: ["reasoning.encrypted_content"] });
});

test("Anthropic's cache is read although one step had more blocks than it looks back", async () => {
  const many = Array.from({ length: 30 }, (_, at) => call("read", { path: `file ${at}` }));
  const server = await started({
    brains: [{ name: "b", reply: sequence(many, "Done.") }],
    cache: { tokensMin: 16 },
  });
  const model = modelOf(server, "anthropic");
  const messages: ModelMessage[] = [{ role: "user", content: "Read everything. ".repeat(50) }];
  const first = await answered(asking(model, { messages }));
  messages.push(...first.messages, resultsOf(first.calls));
  const second = await answered(asking(model, { messages }));
  expect(first.tokens.written).toBeGreaterThan(200);
  expect(second.tokens.cached).toBe(first.tokens.written);
});

test("a model id may hold slashes", async () => {
  const server = await started({ brains: [{ name: "b", reply: say("Hello.") }] });
  await answered(asking(modelOf(server, "openai-compatible", { id: "maker/model/v2" })));
  expect(server.ledger.entries()).toMatchObject([{ model: "maker/model/v2" }]);
});

// Google does not send such calls.
test.each(["anthropic", "openai", "openai-chat", "openai-compatible"] as const)(
  "%s: a call that is no JSON is answered already; ours is the other one",
  async (kind) => {
    const wrong = [call("read", '{"path": "a'), call("read", { path: "b" })];
    const server = await started({ brains: [{ name: "b", reply: sequence(wrong, "Done.") }] });
    const model = modelOf(server, kind);
    const answer = await answered(asking(model));
    expect(answer.calls).toMatchObject([{ name: "read", input: { path: "b" } }]);
    expect(answer.messages.map(({ role }) => role)).toEqual(["assistant", "tool"]);
    const messages: ModelMessage[] = [{ role: "user", content: "Go." }, ...answer.messages, resultsOf(answer.calls)];
    expect(await answered(asking(model, { messages }))).toMatchObject({ text: "Done.", finish: "stop" });
  },
);
