/** What an agent gets through the meter is what the provider sent, and what is counted is what the provider billed. */
import { once } from "node:events";
import { createGzip, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import { addTokens, noTokens } from "../../../src/domain/call.ts";
import { billedTokens } from "../../../src/agents/model/call.testsuite.ts";
import { call, say, sequence, text, think } from "../../fake-model/brains.ts";
import { started } from "../../fake-model/sdk.testsuite.ts";
import { bodyOf, direct, endsOf, openWorld, post, provider, realKey, wireNames, wires, type World } from "./world.ts";

const brains = [
  { name: "b", reply: sequence([think("Hm, ä 漢字 🙂."), text("Hello 漢字 🙂!"), call("read", { path: "ä.txt" })]) },
];
const fixed = { brains, now: () => 1_700_000_000_000 };

describe.each(wireNames)("%s", (wire) => {
  const { kind } = wires[wire];

  test.each(["a stream", "an object"])("%s arrives byte for byte, and is counted to the token", async (form) => {
    const body = bodyOf(wire, form === "a stream" ? {} : { stream: false, stream_options: undefined });
    const other = await started({ ...fixed, credentials: { main: realKey } });
    const { model, host, metered, activity } = await openWorld({ ...fixed, kind });
    const [there, here] = [await post(direct(other), wire, body), await post(metered, wire, body)];
    expect(here.status).toBe(200);
    expect(Buffer.from(await here.arrayBuffer())).toEqual(Buffer.from(await there.arrayBuffer()));
    expect(here.headers.get("content-type")).toBe(there.headers.get("content-type"));
    expect(model.received[0]?.body).toEqual(JSON.parse(JSON.stringify(body)));
    await metered.close();
    const [end] = endsOf(host);
    expect(end).toMatchObject({ fault: null, priceSource: "overridden", tries: 1 });
    expect(end?.tokens).toEqual(billedTokens(model.ledger.total().billed));
    expect(host.calls[0]?.planned).toMatchObject({ credential: "vendor", model: "vendor/priced" });
    expect(metered.calls()).toBe(1);
    expect(activity.count).toBeGreaterThan(0);
  });
});

const sumOf = ({ host }: World) => endsOf(host).reduce((sum, { tokens }) => addTokens(sum, tokens), noTokens);
const billedIn = ({ model }: World) => billedTokens(model.ledger.total({ session: "s7" }).billed);

test("what a cache gave and took is counted as such: marked, and by itself", async () => {
  const rules = "A rule. ".repeat(200);
  const marked = { system: [{ type: "text", text: rules, cache_control: { type: "ephemeral" } }] };
  const cache = { tokensMin: 50 };
  const anthropic = await openWorld({ kind: "anthropic", cache });
  for (const stream of [true, false, true])
    await (await post(anthropic.metered, "messages", bodyOf("messages", { ...marked, stream }))).text();
  const openai = await openWorld({ kind: "openai", cache });
  for (const wire of ["responses", "chat", "responses", "chat"] as const) {
    const said = wire === "chat" ? "messages" : "input";
    const body = bodyOf(wire, { [said]: [{ role: "user", content: rules }] });
    await (await post(openai.metered, wire, body)).text();
  }
  await Promise.all([anthropic.metered.close(), openai.metered.close()]);
  for (const world of [anthropic, openai]) {
    expect(sumOf(world)).toEqual(billedIn(world));
    expect(sumOf(world).cached).toBeGreaterThan(0);
  }
  expect(sumOf(anthropic).written).toBeGreaterThan(0);
});

test("calls of a session run side by side, and each is counted", async () => {
  const world = await openWorld({
    brains: [{ name: "b", reply: (view) => say(`${view.lastUserText} `.repeat(50))(view) }],
  });
  world.model.faults.add({ fault: { kind: "trickle", ms: 5 } });
  const asked = Array.from({ length: 24 }, (_, at) => {
    const wire = at % 2 === 0 ? ("responses" as const) : ("chat" as const);
    const said = { [wire === "chat" ? "messages" : "input"]: [{ role: "user", content: `No ${at}!` }] };
    return post(
      world.metered,
      wire,
      bodyOf(wire, { ...said, stream: at % 3 !== 0, ...(at % 3 === 0 && { stream_options: undefined }) }),
    );
  });
  const texts = await Promise.all(asked.map(async (each) => (await each).text()));
  expect(texts.every((words, at) => words.includes(`No ${at}!`))).toBe(true);
  await world.metered.close();
  expect(world.model.traffic.counters("main").runningMax).toBeGreaterThan(8);
  expect(endsOf(world.host)).toHaveLength(24);
  expect(sumOf(world)).toEqual(billedIn(world));
});

test("a stream of Chat Completions is asked to say what it used, and nothing else is changed", async () => {
  const world = await openWorld();
  const body = bodyOf("chat", { stream_options: { include_obfuscation: false }, seed: 3 });
  expect(await (await post(world.metered, "chat", body)).text()).toContain('"prompt_tokens"');
  await (await post(world.metered, "chat", bodyOf("chat", { stream_options: undefined }))).text();
  await world.metered.close();
  expect(world.model.received[0]?.body).toEqual({
    ...body,
    stream_options: { include_obfuscation: false, include_usage: true },
  });
  expect(sumOf(world)).toEqual(billedIn(world));
  expect(endsOf(world.host)).toMatchObject([{ priceSource: "overridden" }, { priceSource: "overridden" }]);
});

test.each([
  ["gzip", gzipSync],
  ["zstd", zstdCompressSync],
] as const)("a request that is packed with %s goes on as it is", async (encoding, pack) => {
  const { baseUrl, received } = await provider((_request, response) => response.writeHead(400).end("{}"));
  const world = await openWorld({ baseUrl });
  const body = pack(JSON.stringify(bodyOf("responses")));
  await post(world.metered, "responses", {}, { body, headers: { "content-encoding": encoding } });
  expect(received[0]?.body).toEqual(body);
  expect(received[0]?.headers["content-encoding"]).toBe(encoding);
  expect(world.host.calls[0]?.planned.model).toBe("vendor/priced");
});

const completed = { type: "response.completed", response: { usage: { input_tokens: 5, output_tokens: 7 } } };
const delta = (words: string) => `data: ${JSON.stringify({ type: "response.output_text.delta", delta: words })}\n\n`;
const end = `data: ${JSON.stringify(completed)}\n\n`;

describe("a stream", () => {
  const decoder = new TextDecoder();

  test.each(["as it is", "packed, though nobody asked for it"])("arrives piece by piece: %s", async (how) => {
    let read = () => {};
    const wasRead = new Promise<void>((resolve) => (read = resolve));
    const { baseUrl, received } = await provider(async (_request, response) => {
      const packed = how !== "as it is";
      response.writeHead(200, {
        "content-type": "text/event-stream",
        ...(packed && { "content-encoding": "gzip" }),
      });
      const gzip = createGzip();
      if (packed) gzip.pipe(response);
      const out = packed ? gzip : response;
      out.write(delta("one"));
      gzip.flush();
      await wasRead;
      out.end(delta("two") + end);
    });
    const world = await openWorld({ baseUrl });
    const response = await post(world.metered, "responses");
    const reader = response.body!.getReader();
    const first = await reader.read();
    expect(decoder.decode(first.value as Uint8Array)).toBe(delta("one"));
    read(); // Only now does the provider say more.
    let rest = "";
    for (let piece = await reader.read(); !piece.done; piece = await reader.read())
      rest += decoder.decode(piece.value as Uint8Array);
    expect(rest).toBe(delta("two") + end);
    expect(response.headers.get("content-encoding")).toBeNull();
    expect(received[0]?.headers["accept-encoding"]).toBe("identity");
    await world.metered.close();
    expect(endsOf(world.host)).toMatchObject([{ fault: null, tokens: { input: 5, output: 7 } }]);
  });

  test("is held up when the agent does not read, and loses nothing by it", async () => {
    const piece = delta("x".repeat(65_536));
    const pieces = 1_000;
    let sent = 0;
    let heldUp = false;
    const { baseUrl } = await provider(async (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (; sent < pieces; sent++) {
        if (response.write(piece)) continue;
        const drained = once(response, "drain");
        // What it takes for a buffer on the way to empty itself is over in many turns of the loop.
        heldUp ||= await Promise.race([drained.then(() => false), manyTurns()]);
        await drained;
      }
      response.end(end);
    });
    const world = await openWorld({ baseUrl });
    const response = await post(world.metered, "responses");
    await vi.waitFor(() => expect(heldUp).toBe(true), { timeout: 20_000 });
    expect(sent).toBeLessThan(pieces);
    expect((await response.arrayBuffer()).byteLength).toBe(pieces * piece.length + end.length);
    await world.metered.close();
    expect(endsOf(world.host)).toMatchObject([{ fault: null, tokens: { input: 5, output: 7 } }]);
  });

  async function manyTurns(): Promise<true> {
    for (let turn = 0; turn < 20_000; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
    return true;
  }
});

test("a key that the provider says aloud does not reach the agent, however it is cut", async () => {
  const words = `before ${realKey} after`;
  const { baseUrl } = await provider((_request, response, body) => {
    const status = JSON.parse(body.toString()).stream === true ? 200 : 400;
    response.writeHead(status, { "content-type": "text/event-stream", "x-request-id": realKey });
    for (const piece of [words.slice(0, 12), words.slice(12, 20), words.slice(20)]) response.write(piece);
    response.end(end);
  });
  const world = await openWorld({ baseUrl });
  const hidden = `before ${"*".repeat(realKey.length)} after${end}`;
  for (const stream of [true, false]) {
    const response = await post(world.metered, "responses", bodyOf("responses", { stream }));
    expect(await response.text()).toBe(hidden);
    expect(response.headers.get("x-request-id")).toBe("*".repeat(realKey.length));
  }
  await world.metered.close();
  expect(JSON.stringify(world.host.calls)).not.toContain(realKey);
});
