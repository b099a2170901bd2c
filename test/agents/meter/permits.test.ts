/** What the host allows, and what of that an agent sees. */
import { describe, expect, test, vi } from "vitest";
import { noTokens } from "../../../src/domain/call.ts";
import type { Claim } from "../../../src/domain/session.ts";
import { memoryHost } from "../../../src/agents/memory-host.testsuite.ts";
import type { SessionHost } from "../../../src/engine/ports.ts";
import { StaleClaimError } from "../../../src/engine/session-end.ts";
import { say } from "../../fake-model/brains.ts";
import { bodyOf, endsOf, isFinal, openWorld, post, settled, type WireName } from "./world.ts";

describe("permits", () => {
  const refusing = (host: Partial<SessionHost>) => ({ ...memoryHost(), ...host });
  const wire: WireName = "responses";

  test("over budget: refused before it is made", async () => {
    const failure = { kind: "over_budget", detail: "0.00 of 1.00 USD are left" } as const;
    const world = await openWorld({ host: refusing({ beginCall: async () => ({ ok: false, failure }) }) });
    await isFinal(await post(world.metered, wire), failure.detail);
    expect(world.failures).toEqual([failure]);
    expect(world.model.ledger.entries()).toEqual([]);
    expect(world.metered.calls()).toBe(0);
  });

  test("what is reserved is the most that the call can cost", async () => {
    const world = await openWorld({ host: memoryHost() });
    const big = bodyOf("chat", {
      stream: false,
      max_completion_tokens: undefined,
      messages: [{ role: "user", content: "x".repeat(10_000) }],
    });
    await (await post(world.metered, "chat", big)).text();
    await (await post(world.metered, "chat", { ...big, max_tokens: 300, n: 2 })).text();
    await settled(world);
    const [first, second] = world.host.calls.map(({ planned }) => planned.atMost);
    const input = Math.ceil(JSON.stringify(big).length / 2.5);
    expect(first).toEqual({ tokens: input + 1000, microUsd: input * 2 + 1000 * 10 });
    expect((second?.tokens ?? 0) - input).toBeLessThan(700);
    expect((second?.tokens ?? 0) - input).toBeGreaterThanOrEqual(600);
  });

  test("a claim that is lost before a call: the agent is told, and nothing more is asked of the host", async () => {
    const beginCall = vi.fn<SessionHost["beginCall"]>(async () => {
      throw new StaleClaimError({ session: 7 } as Claim);
    });
    const world = await openWorld({ host: refusing({ beginCall }) });
    await isFinal(await post(world.metered, wire), "the session is over");
    await isFinal(await post(world.metered, wire), "the session is over");
    expect(beginCall).toHaveBeenCalledTimes(1);
    expect(world.failures).toEqual([]);
  });

  test("a claim that is lost while an answer streams does not take the answer back", async () => {
    const endCall = vi.fn<SessionHost["endCall"]>(async () => {
      throw new StaleClaimError({ session: 7 } as Claim);
    });
    const world = await openWorld({ host: refusing({ endCall }) });
    expect(await (await post(world.metered, wire)).text()).toContain("response.completed");
    await vi.waitFor(() => expect(endCall).toHaveBeenCalled());
    await isFinal(await post(world.metered, wire), "the session is over");
    expect(world.failures).toEqual([]);
  });

  test("who goes away while waiting for a permit gives it back when it comes", async () => {
    const host = memoryHost();
    const { beginCall } = host;
    let admit = () => {};
    const turn = new Promise<void>((resolve) => (admit = resolve));
    const begun = vi.fn<SessionHost["beginCall"]>(async (planned) => {
      await turn;
      return beginCall(planned);
    });
    const world = await openWorld({ host: { ...host, beginCall: begun } });
    const leaving = new AbortController();
    const gone = post(world.metered, wire, bodyOf(wire), { signal: leaving.signal });
    const waits = post(world.metered, wire);
    await vi.waitFor(() => expect(begun).toHaveBeenCalledTimes(2), 10_000);
    leaving.abort();
    await expect(gone).rejects.toThrow("abort");
    await world.metered.close();
    await isFinal(await waits, "closed");
    admit();
    await vi.waitFor(
      () => expect(host.calls.map(({ end }) => end?.fault?.kind)).toEqual(["aborted", "aborted"]),
      10_000,
    );
    expect(endsOf(host)).toMatchObject([{ tokens: noTokens }, { tokens: noTokens }]);
    expect(world.model.ledger.entries()).toEqual([]);
  });

  test("a session that is cut: what streams is broken off and settled, and no permit is asked for any more", async () => {
    const cut = new AbortController();
    const world = await openWorld({ order: { signal: cut.signal } });
    world.model.faults.add({ fault: { kind: "stall", at: "middle", ms: 60_000 } });
    const response = await post(world.metered, wire);
    cut.abort();
    await expect(response.text()).rejects.toThrow("terminated");
    await settled(world);
    expect(endsOf(world.host)).toMatchObject([{ fault: { kind: "aborted" }, priceSource: "guessed" }]);
    await isFinal(await post(world.metered, wire), "closed");
    expect(world.host.calls).toHaveLength(1);
  });

  test("that most of the budget is gone is told", async () => {
    const host = memoryHost();
    const { beginCall } = host;
    const world = await openWorld({
      brains: [{ name: "b", reply: say("ok") }],
      host: { ...host, beginCall: async (call) => ({ ...(await beginCall(call)), nearlySpent: true }) as never },
    });
    expect(world.metered.nearlySpent()).toBe(false);
    await (await post(world.metered, wire)).text();
    expect(world.metered.nearlySpent()).toBe(true);
  });
});
