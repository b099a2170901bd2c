/**
 * The store's contract, run against every database. A world is a fresh, empty database; `open` may be called again for
 * a second process on the same one.
 */
import { describe, expect, test } from "vitest";
import type { Commit, EngineId, RunId } from "../domain/ids.ts";
import { freshCredential } from "../domain/rate.ts";
import type { Evidence } from "../domain/verdict.ts";
import { nothingWeakened } from "../domain/weakened-tests.ts";
import type { Store } from "../engine/store-port.ts";
import { costTests } from "./costs.testsuite.ts";
import { base, config, openForEach, run, type OpenStore, type StoreWorld } from "./open-store.testsuite.ts";
import { landingTests } from "./landing.testsuite.ts";
import { planTests } from "./plan-rows.testsuite.ts";
import { recordTests } from "./record.testsuite.ts";
import { queueTests } from "./queue.testsuite.ts";
import { waitingTests } from "./waiting.testsuite.ts";

export function testStore(name: string, makeWorld: () => Promise<StoreWorld>): void {
  describe(`store on ${name}`, () => {
    const w = openForEach(makeWorld);
    runTests(w);
    queueTests(w);
    recordTests(w);
    planTests(w);
    landingTests(w);
    costTests(w);
    waitingTests(w);
  });
}

/** Runs, transitions, the engine's hold on a run, verdicts, the export. */
function runTests(w: OpenStore): void {
  const { change, cycleWithRoot, insertTask } = w;

  test("a run is read back as it was created, with the database's time", async () => {
    const seen = await change(async (tx) => ({ run: tx.run, now: tx.now }));
    expect(seen.run).toMatchObject({
      id: run,
      repository: "/repo",
      goal: "a goal",
      config,
      base,
      tip: base,
      green: null,
      state: { status: "running" },
      engine: null,
    });
    expect(Math.abs(seen.now - Date.now())).toBeLessThan(60_000);
    expect(await w.views.events(run, 0, 10)).toMatchObject([{ type: "run.created" }]);
    await expect(w.store.transition("nope" as RunId, async () => 1)).rejects.toThrow(/no run nope/);
  });

  test("a transition that throws has written nothing", async () => {
    const { cycle } = await cycleWithRoot();
    const failed = change(async (tx) => {
      await tx.addEvent("cycle.started");
      await tx.setCycleState(cycle, { status: "judging" });
      throw new Error("changed my mind");
    });
    await expect(failed).rejects.toThrow("changed my mind");
    expect(await change((tx) => tx.cycle())).toMatchObject({ state: { status: "working" } });
    expect(await w.views.events(run, 0, 10)).toHaveLength(1);
  });

  test("transitions of one run happen one after the other, also from several processes", async () => {
    const second = await w.openAnother();
    await change((tx) => tx.updateRun({ tip: "0" as Commit }));
    const spendOne = (on: Store) =>
      on.transition(run, async (tx) => {
        const count = Number(tx.run.tip);
        await tx.cycle(); // Something to wait for between the read and the write.
        await tx.updateRun({ tip: String(count + 1) as Commit });
      });
    await Promise.all(Array.from({ length: 40 }, (_, n) => spendOne(n % 2 ? w.store : second)));
    expect((await w.views.run(run))?.tip).toBe("40");
  });

  test("one engine holds a run until its lease ends, it gives it back, or it is known to be dead", async () => {
    const engine = (id: string, pid: number) => ({ id: id as EngineId, host: "h", pid });
    expect(await w.store.acquireRun(run, engine("e1", 1), 60_000, () => false)).toBeNull();
    expect(await w.store.acquireRun(run, engine("e2", 2), 60_000, () => false)).toMatchObject({ id: "e1", pid: 1 });
    expect(await w.store.acquireRun(run, engine("e1", 1), 60_000, () => false)).toBeNull();
    expect(await w.store.acquireRun(run, engine("e2", 2), 60_000, (holder) => holder.pid === 1)).toBeNull();
    expect(await w.store.heartbeat(run, "e1" as EngineId, 60_000)).toBe(false);
    expect(await w.store.heartbeat(run, "e2" as EngineId, 60_000)).toBe(true);
    await w.store.releaseRun(run, "e1" as EngineId, "running");
    expect(await w.store.releaseRun(run, "e2" as EngineId, "paused")).toBe(false);
    expect((await w.views.run(run))?.engine?.id).toBe("e2");
    expect(await w.store.releaseRun(run, "e2" as EngineId, "running")).toBe(true);
    expect(await w.store.acquireRun(run, engine("e3", 3), -1, () => false)).toBeNull();
    expect(await w.store.acquireRun(run, engine("e4", 4), 60_000, () => false)).toBeNull();
  });

  test("verdicts become the records that later judges see", async () => {
    const { cycle } = await cycleWithRoot();
    const acceptance = [{ name: "test", command: "t", passed: false, exitCode: 1, score: 0.5, ms: 1, output: "" }];
    expect(await change((tx) => tx.lastEvidence())).toBeNull();
    const evidence: Evidence = {
      commit: base,
      acceptance,
      putBack: { files: [{ path: "verify.sh", change: "changed" }], omitted: 1 },
      tests: { ...nothingWeakened, files: [{ kind: "deleted", path: "a.test.ts", cases: 3 }], omitted: 4 },
      tasks: { landed: 2, failed: 1, cancelled: 0 },
      remarks: ["r"],
    };
    await change((tx) => tx.insertVerdict(cycle, null, { verdict: "continue", summary: "s", brief: "b", evidence }));
    expect(await change((tx) => tx.lastEvidence())).toEqual(evidence);
    expect(await change((tx) => tx.cycleRecords())).toEqual([
      { number: 1, verdict: "continue", summary: "s", landed: 2, scores: { test: 0.5 }, weakened: 5 },
    ]);
    expect((await w.views.status(run)).verdicts).toMatchObject([{ cycle: 1, verdict: "continue", evidence }]);
  });

  test("another process's change wakes this one", async () => {
    const second = await w.openAnother();
    const woken = Promise.withResolvers<void>();
    const stop = w.store.onForeignChange(() => woken.resolve());
    // Listening may take a moment to begin; the engine polls as well.
    const nudge = setInterval(() => void second.transition(run, (tx) => tx.addEvent("message.sent")), 50);
    await expect(woken.promise).resolves.toBeUndefined();
    clearInterval(nudge);
    stop();
  });

  test("everything is exported, row by row", async () => {
    const at = await cycleWithRoot();
    const a = await insertTask(at, "a");
    await insertTask(at, "b", [a], { status: "blocked", blockers: 1 });
    for (let n = 0; n < 600; n++) await change((tx) => tx.addEvent("task.ready"));
    const session = await w.queue(at.cycle, { kind: "turn", planner: at.planner });
    await change(async (tx) => {
      await tx.appendStep(session, { kind: "opening", body: {} }, null);
      await tx.insertActionAnswer(session, "call_1", {});
      await tx.setCredential("anthropic", freshCredential);
      const row = await tx.session(session);
      if (row) await tx.insertUsage(row, { microUsd: 1, tokens: 1 });
    });
    const tables: { [table: string]: number } = {};
    for await (const { table } of w.views.everything(run)) tables[table] = (tables[table] ?? 0) + 1;
    expect(tables).toEqual({
      runs: 1,
      cycles: 1,
      planners: 1,
      tasks: 2,
      dependencies: 1,
      sessions: 1,
      steps: 1,
      actions: 1,
      calls: 1,
      credentials: 1,
      events: 601,
    });
  });
}
