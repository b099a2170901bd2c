/** The server beside its answers: faults by rule, limits, control, its own process, and an end at once. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test } from "vitest";
import { call, callAll, each, needs, role, say, sequence, sometimes, until } from "./brains.ts";
import type { FaultRuleInput } from "./faults.ts";
import { generated, languageModel, started, stepOf, streamed } from "./sdk.testsuite.ts";
import { startFakeModel } from "./server.ts";
import { inputOf } from "./tokens.ts";

globalThis.AI_SDK_LOG_WARNINGS = false;

const hello = { brains: [{ name: "hello", reply: say("Hello, this is a somewhat longer answer.") }] };

async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, { method: "POST", body: JSON.stringify(body), headers });
  return { status: response.status, body: await response.json() };
}

describe("faults by rule", () => {
  const statuses = async (rule: Omit<FaultRuleInput, "fault">, requests: number): Promise<(number | null)[]> => {
    const model = await started(hello);
    model.faults.add({ fault: { kind: "status", status: 500 }, ...rule });
    for (let count = 0; count < requests; count++) await generated(languageModel(model, "openai"), {});
    return model.ledger.entries().map(({ status }) => status);
  };

  test("the first, the nth, every nth", async () => {
    expect(await statuses({ pick: { kind: "first", times: 1 } }, 3)).toEqual([500, 200, 200]);
    expect(await statuses({ pick: { kind: "nth", n: 2 } }, 3)).toEqual([200, 500, 200]);
    expect(await statuses({ pick: { kind: "every", n: 2 } }, 4)).toEqual([200, 500, 200, 500]);
  });

  test("by chance, the same with the same seed", async () => {
    const pick = { kind: "chance", p: 0.5, seed: 3 } as const;
    const first = await statuses({ pick }, 12);
    expect(await statuses({ pick }, 12)).toEqual(first);
    expect(new Set(first)).toEqual(new Set([200, 500]));
  });

  test("only for those it names", async () => {
    const model = await started({
      brains: [role("judge", /judge/, say("Yes.")), { name: "rest", reply: say("No.") }],
      credentials: { one: "1", two: "2" },
    });
    model.faults.add({ fault: { kind: "empty" }, where: { brain: "judge", credential: "two" } });
    const ask = async (key: string, instructions: string) =>
      (await stepOf(languageModel(model, "anthropic", { key }), "stream", { instructions })).text;
    expect(await ask("1", "You are a judge.")).toBe("Yes.");
    expect(await ask("2", "You are a worker.")).toBe("No.");
    expect(await ask("2", "You are a judge.")).toBe("");
    expect(model.faults.list()).toMatchObject([{ matched: 1, struck: 1 }]);
  });
});

describe("limits", () => {
  test("requests a minute: 429 with the time until one falls out of the window, and whoever does not wait is counted", async () => {
    let nowMs = 0;
    const model = await started({
      ...hello,
      now: () => nowMs,
      rateLimits: { default: { requestsMax: 2, windowMs: 60_000 } },
    });
    const ask = () => generated(languageModel(model, "anthropic"), {});
    await ask();
    nowMs = 10_000;
    await ask();
    expect(await ask()).toMatchObject({ error: { statusCode: 429, responseHeaders: { "retry-after": "50" } } });
    nowMs = 59_999;
    expect(await ask()).toMatchObject({ error: { statusCode: 429 } });
    nowMs = 60_001;
    expect(await ask()).toHaveProperty("value");
    expect(model.traffic.counters("default")).toMatchObject({ requests: 5, rateLimited: 2, early: 1 });
    expect(model.ledger.entries().map(({ early }) => early)).toEqual([false, false, false, true, false]);
  });

  test("tokens a minute count input and output", async () => {
    const model = await started({
      ...hello,
      rateLimits: { default: { tokensMax: 60, windowMs: 60_000 } },
      now: () => 0,
    });
    const ask = () => generated(languageModel(model, "openai"), {});
    expect(await ask()).toHaveProperty("value");
    while ("value" in (await ask()));
    const last = model.ledger.entries().at(-1);
    expect(last).toMatchObject({ status: 429 });
    expect(inputOf(model.ledger.total().billed)).toBeLessThanOrEqual(60);
  });

  test("how many run at once", async () => {
    const model = await started({ ...hello, rateLimits: { default: { concurrentMax: 2, windowMs: 1000 } } });
    model.faults.add({ fault: { kind: "stall", at: "middle", ms: 60_000 } });
    const abort = new AbortController();
    const running = [1, 2].map(() => streamed(languageModel(model, "openai"), { abortSignal: abort.signal }));
    await expect.poll(() => model.traffic.counters("default").running).toBe(2);
    expect(await generated(languageModel(model, "openai"), {})).toMatchObject({ error: { statusCode: 429 } });
    abort.abort();
    await Promise.all(running);
    await expect.poll(() => model.traffic.counters("default")).toMatchObject({ running: 0, runningMax: 3 });
  });
});

describe("brains", () => {
  const toolNames = ["create", "write"];
  const offered = { tools: toolNames.map((name) => ({ type: "function", function: { name } })) };
  const speak = async (url: string, messages: unknown[]) =>
    (await post(
      `${url}/v1/chat/completions`,
      { model: "m", messages, ...offered },
      { authorization: "Bearer fake-key" },
    )) as {
      status: number;
      body: {
        choices: {
          message: { content: string | null; tool_calls?: { id: string; function: { arguments: string } }[] };
        }[];
      };
    };

  test("a planner creates tasks, some at once, and then says so", async () => {
    const planner = needs(
      ["create"],
      each(["a", "b", "c"], (title) => call("create", { title }), "Planned.", { atOnce: 2 }),
    );
    const model = await started({ brains: [{ name: "planner", reply: planner }] });
    const messages: unknown[] = [{ role: "user", content: "Plan." }];
    const created: string[] = [];
    for (let turn = 0; turn < 3; turn++) {
      const { message } = (await speak(model.url, messages)).body.choices[0]!;
      messages.push({ role: "assistant", ...message });
      for (const { id, function: called } of message.tool_calls ?? []) {
        created.push(called.arguments);
        messages.push({ role: "tool", tool_call_id: id, content: "created" });
      }
    }
    expect(created).toEqual(['{"title":"a"}', '{"title":"b"}', '{"title":"c"}']);
    expect(messages.at(-1)).toMatchObject({ content: "Planned." });
  });

  test("until a result says what is awaited", async () => {
    const writer = until({ type: "tool-call", name: "write", args: {} }, (result) => result === "green", "Done.");
    const model = await started({ brains: [{ name: "writer", reply: sequence(writer) }] });
    const messages: unknown[] = [{ role: "user", content: "Go." }];
    for (const result of ["red", "red", "green"]) {
      const { message } = (await speak(model.url, messages)).body.choices[0]!;
      messages.push(
        { role: "assistant", ...message },
        { role: "tool", tool_call_id: message.tool_calls?.[0]?.id, content: result },
      );
    }
    expect((await speak(model.url, messages)).body.choices[0]?.message.content).toBe("Done.");
  });

  test("a session that never ends, and chance that repeats with the conversation", async () => {
    const model = await started({
      brains: [
        role("endless", /endless/, callAll(call("write", {}), call("write", {}))),
        { name: "coin", reply: sometimes(0.5, "Heads.", "Tails.") },
      ],
    });
    const endless = [
      { role: "system", content: "endless" },
      { role: "user", content: "Go." },
    ];
    expect((await speak(model.url, endless)).body.choices[0]?.message.tool_calls).toHaveLength(2);
    const toss = async () => {
      const sides: unknown[] = [];
      for (let n = 0; n < 8; n++)
        sides.push((await speak(model.url, [{ role: "user", content: `${n}` }])).body.choices[0]?.message.content);
      return sides;
    };
    const first = await toss();
    expect(await toss()).toEqual(first);
    expect(new Set(first)).toEqual(new Set(["Heads.", "Tails."]));
  });

  test("a request that no brain recognises is refused, and stands in the ledger without one", async () => {
    const model = await started({ brains: [role("judge", /judge/, say("Yes."))] });
    expect(await speak(model.url, [{ role: "user", content: "?" }])).toMatchObject({ status: 400 });
    expect(model.ledger.entries()).toMatchObject([{ brain: null, outcome: "refused" }]);
  });

  test("a brain that fails is not passed over: the server says so when it stops", async () => {
    const model = await startFakeModel({ brains: [{ name: "b", reply: needs(["absent"], "?") }] });
    await expect(speak(model.url, [{ role: "user", content: "?" }])).rejects.toThrow("fetch failed");
    await expect(model.stop()).rejects.toThrow(AggregateError);
  });
});

describe("beside the models", () => {
  test("lists of models and counts of tokens, in each vendor's form", async () => {
    const model = await started({ ...hello, models: [{ id: "fake-model" }] });
    const get = async (path: string, headers: Record<string, string>) =>
      (await fetch(model.url + path, { headers })).json();
    expect(await get("/v1/models", { authorization: "Bearer fake-key" })).toMatchObject({
      data: [{ id: "fake-model", object: "model" }],
    });
    expect(await get("/v1/models", { "x-api-key": "fake-key", "anthropic-version": "2023-06-01" })).toMatchObject({
      data: [{ type: "model" }],
    });
    expect(await get("/v1beta/models?key=fake-key", {})).toMatchObject({ models: [{ name: "models/fake-model" }] });
    const messages = [{ role: "user", content: "Hello" }];
    const counted = await post(
      `${model.url}/v1/messages/count_tokens`,
      { model: "fake-model", messages },
      { "x-api-key": "fake-key" },
    );
    await post(
      `${model.url}/v1/messages`,
      { model: "fake-model", messages, max_tokens: 9 },
      { "x-api-key": "fake-key" },
    );
    expect(counted.body).toEqual({ input_tokens: inputOf(model.ledger.total().billed) });
  });

  test("a path or body that no vendor knows", async () => {
    const model = await started(hello);
    expect(await post(`${model.url}/v1/nothing`, {})).toMatchObject({ status: 404 });
    expect(await post(`${model.url}/v1/messages`, { model: "m" }, { "x-api-key": "fake-key" })).toMatchObject({
      status: 400,
      body: { type: "error", error: { type: "invalid_request_error" } },
    });
  });
});

test("stop breaks off what hangs, and may be called again", async () => {
  const model = await startFakeModel(hello);
  model.faults.add({ fault: { kind: "stall", at: "middle", ms: 600_000 } });
  const told = streamed(languageModel(model, "anthropic"), {});
  await expect.poll(() => model.traffic.counters("default").running).toBe(1);
  await Promise.all([model.stop(), model.stop()]);
  expect((await told).step).toHaveProperty("error");
});

test("a process of its own, controlled over HTTP with a token", async () => {
  const main = join(import.meta.dirname, "main.ts");
  const script = join(import.meta.dirname, "script.fixture.ts");
  const child = spawn(process.execPath, [main, "--port", "0", "--script", script, "--control-token", "secret"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const [url] = (await once(createInterface(child.stdout), "line")) as [string];
  const control = async (method: string, path: string, body?: unknown, token = "secret") => {
    const init = {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    const response = await fetch(`${url}/control/${path}`, init);
    return { status: response.status, body: await response.json() };
  };
  expect(await control("GET", "ledger", undefined, "guess")).toMatchObject({ status: 401 });
  expect(await control("POST", "faults", { fault: { kind: "nonsense" } })).toMatchObject({ status: 400 });
  expect(
    await control("POST", "faults", { fault: { kind: "overloaded" }, where: { credential: "two" } }),
  ).toMatchObject({ status: 201 });
  const ask = (key: string) =>
    post(
      `${url}/v1/messages`,
      { model: "fake-model", max_tokens: 9, system: "x", messages: [{ role: "user", content: "?" }] },
      { "x-api-key": key },
    );
  expect(await ask("key-one")).toMatchObject({ status: 200, body: { content: [{ text: "Hello." }] } });
  expect(await ask("key-two")).toMatchObject({ status: 529, body: { error: { type: "overloaded_error" } } });
  expect(await control("GET", "totals?by=credential")).toMatchObject({
    body: { one: { answered: 1 }, two: { answered: 0, requests: 1 } },
  });
  expect(await control("GET", "counters")).toMatchObject({ body: { one: { requests: 1, running: 0 } } });
  expect(await control("DELETE", "faults")).toMatchObject({ status: 200 });
  expect(await ask("key-two")).toMatchObject({ status: 200 });
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});
