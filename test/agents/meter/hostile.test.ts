/** Agents that ask for what they must not get, and what of their requests goes on. */
import { request } from "node:http";
import { describe, expect, test, vi } from "vitest";
import { meterLimits } from "../../../src/domain/limits.ts";
import { memoryHost } from "../../../src/agents/memory-host.testsuite.ts";
import type { SessionHost } from "../../../src/engine/ports.ts";
import { bodyOf, direct, hello, meterWith, openWorld, post, provider, realKey, wireNames, wires } from "./world.ts";

vi.setConfig({ testTimeout: 30_000 });

const errorIn = async (response: Response) => {
  const { error } = (await response.json()) as { error: { type: string; message: string } };
  return { status: response.status, ...error };
};

describe("tokens", () => {
  test("a wrong one, none, the real key, and one of a session that is closed open nothing", async () => {
    const { model, metered, host } = await openWorld();
    const closed = await openWorld();
    await closed.metered.close();
    for (const token of ["", "x", `${metered.token}x`, realKey, closed.metered.token])
      for (const wire of wireNames) {
        const error = await errorIn(await post({ url: metered.url, token }, wire));
        expect(error).toMatchObject({ status: 401, type: "authentication_error" });
        expect(error.message).toContain("no open session has this token");
      }
    expect(host.calls).toEqual([]);
    expect(model.received).toEqual([]);
  });

  test("each session has its own, and its own provider", async () => {
    const [mine, other] = [await openWorld(), await openWorld()];
    expect(mine.metered.url).toBe(other.metered.url);
    await (await post({ url: mine.metered.url, token: other.metered.token }, "chat")).text();
    expect([mine.host.calls.length, other.host.calls.length]).toEqual([0, 1]);
    expect([mine.model.received.length, other.model.received.length]).toEqual([0, 1]);
  });

  test("other names of this machine and pages of the web are turned away, also with the token", async () => {
    const { metered } = await openWorld();
    const { port } = new URL(metered.url);
    const asked = (headers: { [name: string]: string }) =>
      new Promise<number | undefined>((resolve, reject) => {
        const sent = { authorization: `Bearer ${metered.token}`, ...headers };
        request(`${metered.url}/v1/models`, { headers: sent }, (response) => resolve(response.resume().statusCode))
          .on("error", reject)
          .end();
      });
    expect(await asked({})).toBe(200);
    expect(await asked({ host: `evil.example:${port}` })).toBe(421);
    expect(await asked({ origin: "http://evil.example" })).toBe(403);
  });
});

describe("paths", () => {
  const get = ({ url, token }: { url: string; token: string }, path: string) =>
    fetch(url + path, { headers: { "x-api-key": token, "anthropic-version": "2023-06-01" } });

  test.each([
    ["anthropic", ["messages"], "openai, openai-chat, openai-compatible"],
    ["openai", ["responses", "chat"], "(anthropic)"],
    ["openai-chat", ["responses", "chat"], "(anthropic)"],
    ["openai-compatible", ["responses", "chat"], "(anthropic)"],
    ["google", [], "is of kind google"],
  ] as const)("%s speaks %j and nothing else; who asks for more is told the mend", async (kind, spoken, mend) => {
    const { metered, host } = await openWorld({ kind });
    for (const wire of spoken) expect(await (await post(metered, wire)).text()).toContain("somewhat");
    for (const wire of wireNames.filter((each) => !spoken.some((one) => one === each))) {
      const error = await errorIn(await post(metered, wire));
      expect(error).toMatchObject({ status: 404, type: "not_found_error" });
      expect(error.message).toContain("the provider vendor is of kind");
      expect(error.message).toContain(mend);
    }
    expect(host.calls).toHaveLength(spoken.length);
  });

  test("what is not there is told, with what is", async () => {
    const { metered } = await openWorld();
    for (const path of ["/", "/v1", "/v2/responses", "/v1/embeddings", "/v1/../v1/files", "/v1/v1/models"]) {
      const error = await errorIn(await get(metered, path));
      expect(error.status).toBe(404);
      expect(error.message).toContain("POST /v1/responses, POST /v1/responses/compact, POST /v1/chat/completions");
    }
  });

  test("with the version or without it, and with a query, which goes on", async () => {
    const { baseUrl, received } = await provider((_request, response) => response.end("{}"));
    const { metered } = await openWorld({ kind: "anthropic", baseUrl: `${baseUrl}/` });
    const headers = { "x-api-key": metered.token };
    const body = JSON.stringify(bodyOf("messages"));
    for (const path of ["/v1/messages?beta=true", "/messages", "/v1/messages/count_tokens?beta=true"])
      await (await fetch(metered.url + path, { method: "POST", headers, body })).text();
    await (await get(metered, "/v1/models?limit=3?&a=%20")).text();
    expect(received.map(({ url }) => url)).toEqual([
      "/v1/messages?beta=true",
      "/v1/messages",
      "/v1/messages/count_tokens?beta=true",
      "/v1/models?limit=3?&a=%20",
    ]);
    expect(received.map(({ headers: { "x-api-key": key } }) => key)).toEqual(received.map(() => realKey));
  });

  test("counting tokens and listing models cost nothing, and need no permit", async () => {
    const { model, metered, host } = await openWorld({ kind: "anthropic" });
    const { messages } = bodyOf("messages");
    const ask = (place: { url: string; token: string }) =>
      fetch(`${place.url}/v1/messages/count_tokens`, {
        method: "POST",
        headers: { "x-api-key": place.token },
        body: JSON.stringify({ model: "priced", messages, max_tokens: 1 }),
      });
    expect(await (await ask(metered)).json()).toEqual(await (await ask(direct(model))).json());
    expect(await (await get(metered, "/v1/models")).text()).toBe(await (await get(direct(model), "/v1/models")).text());
    expect(host.calls).toEqual([]);
    await model.stop();
    const error = await errorIn(await get(metered, "/v1/models"));
    expect(error).toMatchObject({ status: 502, message: "vendor was not reached: ECONNREFUSED" });
  });
});

test.each(wireNames)("%s: headers that go on are those of the conversation, and the real key", async (wire) => {
  const { baseUrl, received } = await provider((_request, response) =>
    response
      .writeHead(200, { "set-cookie": "a=b", server: "x", "x-request-id": "r1", "openai-organization": "mine" })
      .end("{}"),
  );
  const { metered } = await openWorld({ kind: wires[wire].kind, baseUrl });
  const own = {
    session_id: "abc",
    conversation_id: "abc",
    originator: "codex_cli_rs",
    "anthropic-beta": "x",
    "anthropic-version": "2023-06-01",
    "openai-beta": "responses=v1",
    "x-codex-turn-state": "t",
    "x-stainless-lang": "js",
    "user-agent": "agent/1",
  };
  const foreign = {
    cookie: "c=d",
    "x-goog-api-key": metered.token,
    "api-key": metered.token,
    "x-session-key": "s99",
    "proxy-authorization": "Basic x",
    "openai-organization": "theirs",
    te: "trailers",
    // Each client has one place for its key: this is the other.
    ...(wire === "messages" && { authorization: `Bearer ${metered.token}` }),
  };
  const response = await post(metered, wire, bodyOf(wire), { headers: { ...own, ...foreign } });
  await response.text();
  const [got] = received;
  expect(got?.headers).toMatchObject({ ...own, "x-session-key": "s7", "accept-encoding": "identity" });
  const { authorization, "x-api-key": key } = got!.headers;
  expect({ authorization, key }).toEqual(
    wire === "messages"
      ? { authorization: undefined, key: realKey }
      : { authorization: `Bearer ${realKey}`, key: undefined },
  );
  for (const name of ["cookie", "x-goog-api-key", "api-key", "proxy-authorization", "openai-organization", "te"])
    expect(got?.headers[name]).toBeUndefined();
  expect(JSON.stringify(got?.headers)).not.toContain(metered.token);
  expect(response.headers.get("x-request-id")).toBe("r1");
  for (const name of ["set-cookie", "server", "openai-organization"]) expect(response.headers.get(name)).toBeNull();
});

describe("bodies", () => {
  test.each([
    ["no JSON", "{nope", 400, "not JSON"],
    ["no object", "[]", 400, '"model"'],
    ["no end of brackets", `{"model":"m","stream":true,"x":${"[".repeat(500_000)}${"]".repeat(500_000)}}`, 400, "deep"],
    ["no model", "{}", 400, '"model"'],
    ["a model with an endless name", JSON.stringify({ model: "x".repeat(1000) }), 400, "256 characters"],
    ["not packed as it says", "{}", 400, "not gzip"],
    ["packed in an unknown way", "{}", 415, "not understood"],
  ])("%s", async (name, body, status, words) => {
    const { metered, host } = await openWorld();
    const encoding = { "not packed as it says": "gzip", "packed in an unknown way": "constructor" }[name];
    const headers = encoding === undefined ? {} : { "content-encoding": encoding };
    const error = await errorIn(await post(metered, "chat", {}, { body, headers }));
    expect(error.status).toBe(status);
    expect(error.message).toContain(words);
    expect(host.calls).toEqual([]);
  });

  test("one that is too long, also when it is packed", async () => {
    const { metered, host } = await openWorld();
    const huge = JSON.stringify(bodyOf("responses", { pad: "x".repeat(meterLimits.bodyBytesMax) }));
    const { gzipSync } = await import("node:zlib");
    for (const [body, headers] of [
      [huge, {}],
      [gzipSync(huge), { "content-encoding": "gzip" }],
    ] as const)
      expect(await errorIn(await post(metered, "responses", {}, { body, headers }))).toMatchObject({
        status: 413,
        type: "request_too_large",
      });
    expect(host.calls).toEqual([]);
  });

  test("one as long as may be goes through, and is estimated without what is a picture", async () => {
    const { baseUrl, received } = await provider((_request, response) => response.writeHead(400).end("{}"));
    const { metered, host } = await openWorld({ baseUrl });
    const pad = "A".repeat(meterLimits.bodyBytesMax - 1_000);
    await post(metered, "responses", bodyOf("responses", { pad }));
    expect(received[0]?.body.length).toBeGreaterThan(pad.length);
    expect(host.calls[0]?.planned.atMost.tokens).toBeLessThan(pad.length / 10);
    await post(metered, "responses", bodyOf("responses", { pad: "a word ".repeat(10_000) }));
    expect(host.calls[1]?.planned.atMost.tokens).toBeGreaterThan(70_000 / 2.5);
  });
});

test("too many requests at once are told to come back", async () => {
  const host = memoryHost();
  let admit = () => {};
  const turn = new Promise<void>((resolve) => (admit = resolve));
  const beginCall = vi.fn<SessionHost["beginCall"]>(async (planned) => {
    await turn;
    return host.beginCall(planned);
  });
  const { metered } = await openWorld({ host: { ...host, beginCall } });
  const asked = Array.from({ length: meterLimits.requestsAtOnceMax }, () => post(metered, "chat"));
  await vi.waitFor(() => expect(beginCall).toHaveBeenCalledTimes(asked.length), 20_000);
  const refused = await post(metered, "chat");
  expect(refused.headers.get("retry-after-ms")).toBe("1000");
  expect(await errorIn(refused)).toMatchObject({ status: 429, type: "rate_limit_error" });
  admit();
  for (const each of asked) expect((await each).status).toBe(200);
});

test("a meter that is stopped breaks off what runs, and listens no more", async () => {
  const meter = meterWith();
  const { model, metered, host } = await openWorld({ meter, brains: hello });
  model.faults.add({ fault: { kind: "stall", at: "middle", ms: 60_000 } });
  const response = await post(metered, "chat");
  await Promise.all([meter.stop(), meter.stop()]);
  await expect(response.text()).rejects.toThrow("terminated");
  expect(host.calls[0]?.end?.fault).toEqual({ kind: "aborted" });
  await expect(post(metered, "chat")).rejects.toThrow("fetch failed");
  await expect(openWorld({ meter })).rejects.toThrow("the metering proxy is stopped");
  await meterWith().stop();
});
