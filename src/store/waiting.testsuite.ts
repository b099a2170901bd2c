/** What the status screen says of a run that waits for its providers. */
import { expect, test } from "vitest";
import type { SessionId } from "../domain/ids.ts";
import { freshCredential } from "../domain/rate.ts";
import { base, config, run, type OpenStore } from "./open-store.testsuite.ts";

export function waitingTests(w: OpenStore): void {
  const { change, cycleWithRoot, insertTask, queue, claimNext } = w;
  const model = {
    kind: "model" as const,
    model: "anthropic/claude-opus-5",
    effort: null,
    outputTokensMax: 1,
    contextTokens: null,
    roles: ["worker" as const],
    description: "",
  };
  const minute = 60_000;

  /** A task's attempt that is queued for an agent. */
  async function attempt(at: Awaited<ReturnType<typeof cycleWithRoot>>, name: string, agent: string, inMs = 0) {
    const task = await insertTask(at, name);
    return change((tx) =>
      tx.queueSession({
        cycle: at.cycle,
        subject: { kind: "attempt", task, planner: at.planner },
        agent,
        priority: 0,
        readyAt: tx.now + inMs,
      }),
    );
  }

  const open = (session: SessionId) => change((tx) => tx.openSession(session, { base, readUpTo: null }, null));

  test("a credential that rests: until when, why, and who waits for it", async () => {
    const at = await cycleWithRoot();
    await change((tx) => tx.updateRun({ config: { ...config, agents: { ...config.agents, strong: model } } }));
    await attempt(at, "a", "strong");
    await claimNext("attempt");
    await attempt(at, "b", "strong");
    await attempt(at, "c", "a");
    expect((await w.views.status(run)).resting).toEqual([]);
    const until = await change(async (tx) => {
      const soon = tx.now + 5 * minute;
      await tx.setCredential("anthropic", { ...freshCredential, until: soon, why: "429" });
      await tx.setCredential("google", { ...freshCredential, until: tx.now - 1, why: null });
      await tx.setCredential("openai", { ...freshCredential, until: tx.now - 1, why: "529", troubles: 2 });
      return soon;
    });
    expect((await w.views.status(run)).resting).toEqual([
      { credential: "anthropic", until, why: "429", running: 1, queued: 1 },
      { credential: "openai", until: expect.any(Number), why: "529", running: 0, queued: 0 },
    ]);
  });

  test("sessions that were begun and go on later are counted, with the first of them", async () => {
    const at = await cycleWithRoot();
    await attempt(at, "new", "a", 9 * minute);
    expect((await w.views.status(run)).aside).toBeNull();
    await open(await attempt(at, "late", "a", 8 * minute));
    await open(await attempt(at, "soon", "a", 2 * minute));
    await open(await attempt(at, "now", "a"));
    const { aside, now, queued } = await w.views.status(run);
    expect(queued).toBe(4);
    expect(aside?.sessions).toBe(2);
    expect(aside && aside.nextAt - now).toBeGreaterThan(minute);
    expect(aside && aside.nextAt - now).toBeLessThanOrEqual(2 * minute);
  });

  test("what was spent stands with the session, its planner and its cycle", async () => {
    const at = await cycleWithRoot();
    const session = await queue(at.cycle, { kind: "turn", planner: at.planner });
    await claimNext("turn");
    const charge = { microUsd: 7, tokens: 5, reservedMicroUsd: 3, reservedTokens: 2 };
    await change(async (tx) => {
      const row = await tx.session(session);
      if (row) await tx.charge(row, charge);
    });
    const { cycle, planners, running } = await w.views.status(run);
    expect([cycle?.spend, planners[0]?.spend, running[0]?.spend]).toEqual([charge, charge, charge]);
  });
}
