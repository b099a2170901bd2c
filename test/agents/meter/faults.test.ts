/** Providers that fail: what the agent sees of it, what is settled, and when the session ends. */
import { describe, expect, test, vi } from "vitest";
import { noTokens, sumTokens } from "../../../src/domain/call.ts";
import type { CallFault } from "../../../src/domain/call.ts";
import { billedTokens } from "../../../src/agents/model/call.testsuite.ts";
import type { Fault } from "../../fake-model/faults.ts";
import {
  bodyOf,
  endsOf,
  isFinal,
  meterWith,
  openWorld,
  pacedHost,
  post,
  realKey,
  settled,
  wireNames,
  wires,
  type World,
} from "./world.ts";

vi.setConfig({ testTimeout: 30_000 });

const kindsOf = (world: World) => endsOf(world.host).map(({ fault }) => fault?.kind ?? "answered");
const once = { kind: "first", times: 1 } as const;
describe.each(wireNames)("%s: before the first byte", (wire) => {
  const { kind } = wires[wire];

  const hidden: [string, Fault, CallFault["kind"]][] = [
    ["429 with a wait", { kind: "rate-limit", retryAfter: { form: "ms", ms: 300 } }, "rate_limited"],
    ["overloaded", { kind: "overloaded" }, "unavailable"],
    ["500", { kind: "status", status: 500 }, "unavailable"],
    ["a gateway's page, 502", { kind: "html", status: 502 }, "unavailable"],
    ["a gateway's page, 200", { kind: "html", status: 200 }, "broken"],
    ["a connection that drops", { kind: "drop", at: "headers" }, "broken"],
  ];

  test.each(hidden)("%s: the agent sees nothing of it, nobody comes too early", async (_name, fault, told) => {
    const world = await openWorld({ kind, host: pacedHost() });
    world.model.faults.add({ fault, pick: once });
    const response = await post(world.metered, wire);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain("somewhat");
    await settled(world);
    expect(kindsOf(world)).toEqual([told, "answered"]);
    expect(endsOf(world.host).map(({ tries }) => tries)).toEqual([1, 2]);
    expect(world.model.traffic.counters("main")).toMatchObject({ requests: 2, early: 0 });
    expect(world.failures).toEqual([]);
    // Whether a call is billed whose answer never came, nobody knows.
    expect(sumTokens(endsOf(world.host)[0]!.tokens) > 0).toBe(told === "broken");
  });

  test("used up until tomorrow: the session is put aside, and the agent is not to come back", async () => {
    const world = await openWorld({ kind, host: pacedHost() });
    world.model.faults.add({ fault: { kind: "quota", untilMs: Date.now() + 86_400_000 } });
    await isFinal(await post(world.metered, wire), "put aside until the provider answers again");
    expect(world.failures).toMatchObject([{ kind: "suspended" }]);
    await isFinal(await post(world.metered, wire), "put aside");
    expect(world.failures).toHaveLength(1);
    expect(world.model.ledger.entries()).toHaveLength(1);
  });

  test.each([
    ["a key that is refused", { kind: "unauthorized" } as const, "(the key in VENDOR_KEY)"],
    ["a key that may not", { kind: "forbidden" } as const, "(the key in VENDOR_KEY)"],
  ])("%s is the operator's to mend", async (_name, fault, words) => {
    const world = await openWorld({ kind });
    world.model.faults.add({ fault });
    await isFinal(await post(world.metered, wire), words);
    expect(world.failures).toMatchObject([{ kind: "misconfigured", detail: expect.stringContaining(words) }]);
    expect(endsOf(world.host)).toMatchObject([{ tokens: noTokens, fault: { kind: "key_refused" } }]);
  });

  test("its model that does not exist is the operator's to mend", async () => {
    const world = await openWorld({ kind, models: [{ id: "other" }], order: { model: "priced" } });
    await isFinal(await post(world.metered, wire), "priced");
    expect(world.failures).toMatchObject([{ kind: "misconfigured" }]);
  });

  test("another model that does not exist, for a title say, is the agent's matter", async () => {
    const world = await openWorld({ kind, models: [{ id: "other" }], order: { model: "other" } });
    expect((await post(world.metered, wire)).status).toBe(404);
    expect(world.failures).toEqual([]);
    expect(endsOf(world.host)).toMatchObject([{ tokens: noTokens, fault: { kind: "no_such_model" } }]);
  });

  test.each([
    ["too long", { kind: "context-length" } as const, {}, "too_long"],
    ["not taken", null, { messages: "?", input: 7 }, "bad_request"],
  ])("a request that is %s is the agent's to mend: it gets the provider's own words", async (_n, fault, more, told) => {
    const world = await openWorld({ kind });
    if (fault !== null) world.model.faults.add({ fault });
    const response = await post(world.metered, wire, bodyOf(wire, more));
    const words = await response.text();
    const there = await post({ url: world.model.url, token: realKey }, wire, bodyOf(wire, more));
    expect({ status: response.status, words }).toEqual({ status: there.status, words: await there.text() });
    await settled(world);
    expect(kindsOf(world)).toEqual([told]);
    expect(world.failures).toEqual([]);
    world.model.faults.clear();
    expect((await post(world.metered, wire)).status).toBe(200);
  });

  test("nobody listens: tried again until somebody does, or the session is over", async () => {
    const world = await openWorld({ kind });
    await world.model.stop();
    const asked = post(world.metered, wire).then((response) => isFinal(response, "closed"));
    await vi.waitFor(() => expect(world.host.calls.length).toBeGreaterThan(2), 20_000);
    await Promise.all([world.metered.close().catch(() => null), asked.catch(() => null)]);
    expect(new Set(kindsOf(world))).toContain("unavailable");
    const unreached = endsOf(world.host).filter(({ fault }) => fault?.kind === "unavailable");
    expect(unreached.every(({ tokens }) => sumTokens(tokens) === 0)).toBe(true);
    expect(world.failures).toEqual([]);
  });

  test("a server that never answers well: the session ends after so many tries", async () => {
    const world = await openWorld({ kind });
    world.model.faults.add({ fault: { kind: "html", status: 200 } });
    await isFinal(await post(world.metered, wire), "tried 5 times");
    expect(world.failures).toMatchObject([{ kind: "provider" }]);
    expect(world.host.calls).toHaveLength(5);
  });

  test("silence ends a try, not the call", async () => {
    const world = await openWorld({ kind, meter: meterWith({ firstOutputMs: 400 }) });
    world.model.faults.add({ fault: { kind: "stall", at: "headers", ms: 60_000 }, pick: once });
    expect(await (await post(world.metered, wire)).text()).toContain("somewhat");
    await settled(world);
    expect(endsOf(world.host)[0]).toMatchObject({
      fault: { kind: "broken", detail: "vendor/priced: no output within 400 ms" },
      priceSource: "guessed",
    });
  });
});

/** What came before the break; null: it did not break. */
async function brokenText(response: Response): Promise<string | null> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const piece of response.body ?? []) text += decoder.decode(piece as Uint8Array, { stream: true });
    return null;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return text;
  }
}

describe.each(wireNames)("%s: once it has begun", (wire) => {
  const { kind } = wires[wire];

  test.each(["first", "middle", "end"] as const)(
    "a connection that drops (%s) is broken for the agent too",
    async (at) => {
      const world = await openWorld({ kind });
      world.model.faults.add({ fault: { kind: "drop", at } });
      const text = await brokenText(await post(world.metered, wire));
      expect(text).not.toBeNull();
      await settled(world);
      const [end] = endsOf(world.host);
      expect(kindsOf(world)).toEqual(["broken"]);
      expect(end?.priceSource).toBe("guessed");
      const billed = billedTokens(world.model.ledger.total().billed);
      // The input is told at the beginning or estimated high; of the output what came.
      expect(end?.tokens.input).toBeGreaterThanOrEqual(billed.input);
      expect((end?.tokens.output ?? 0) > 0).toBe(at !== "first");
      expect(world.failures).toEqual([]);
    },
  );

  test("an end that comes too early arrives as it is, and counts as broken", async () => {
    const world = await openWorld({ kind });
    world.model.faults.add({ fault: { kind: "truncate", at: "middle" } });
    expect(await brokenText(await post(world.metered, wire))).toBeNull();
    await settled(world);
    expect(endsOf(world.host)).toMatchObject([{ fault: { kind: "broken" }, priceSource: "guessed" }]);
  });

  test.each(["overloaded", "rate-limit"] as const)(
    "an error inside (%s) arrives, and the credential learns of it",
    async (error) => {
      const world = await openWorld({ kind });
      world.model.faults.add({ fault: { kind: "error-event", at: "middle", error } });
      expect(await (await post(world.metered, wire)).text()).toMatch(/overloaded|rate/i);
      await settled(world);
      expect(kindsOf(world)).toEqual([error === "overloaded" ? "unavailable" : "rate_limited"]);
      expect(endsOf(world.host)[0]?.priceSource).toBe("guessed");
    },
  );

  test("an answer that falls silent is broken off", async () => {
    const world = await openWorld({ kind, meter: meterWith({ chunkMs: 400 }) });
    world.model.faults.add({ fault: { kind: "stall", at: "middle", ms: 60_000 } });
    expect(await brokenText(await post(world.metered, wire))).not.toBeNull();
    await settled(world);
    expect(endsOf(world.host)).toMatchObject([{ fault: { detail: "vendor/priced: nothing more within 400 ms" } }]);
  });

  test("a good answer that does not say what it used is estimated", async () => {
    const world = await openWorld({ kind });
    world.model.faults.add({ fault: { kind: "no-usage" } });
    expect(await (await post(world.metered, wire)).text()).toContain("somewhat");
    await settled(world);
    const [end] = endsOf(world.host);
    expect(end).toMatchObject({ fault: null, priceSource: "guessed" });
    const billed = billedTokens(world.model.ledger.total().billed);
    expect(end?.tokens.input).toBeGreaterThan(billed.input);
    expect(end?.tokens.output).toBeGreaterThanOrEqual(billed.output);
  });

  test("an agent that goes away takes its call with it", async () => {
    const world = await openWorld({ kind });
    world.model.faults.add({ fault: { kind: "stall", at: "middle", ms: 60_000 } });
    const leaving = new AbortController();
    const response = await post(world.metered, wire, bodyOf(wire), { signal: leaving.signal });
    await response.body?.getReader().read();
    leaving.abort();
    await settled(world);
    expect(endsOf(world.host)).toMatchObject([{ fault: { kind: "aborted" }, priceSource: "guessed" }]);
    expect(sumTokens(endsOf(world.host)[0]!.tokens)).toBeGreaterThan(0);
    await vi.waitFor(() => expect(world.model.ledger.entries({ outcome: "left" })).toHaveLength(1), 10_000);
    expect(world.failures).toEqual([]);
  });

  test("`close` breaks off and settles", async () => {
    const world = await openWorld({ kind });
    world.model.faults.add({ fault: { kind: "stall", at: "middle", ms: 60_000 } });
    const response = await post(world.metered, wire);
    const text = brokenText(response);
    await Promise.all([world.metered.close(), world.metered.close()]);
    expect(endsOf(world.host)).toMatchObject([{ fault: { kind: "aborted" } }]);
    expect(await text).not.toBeNull();
    expect((await post(world.metered, wire)).status).toBe(401);
  });
});
