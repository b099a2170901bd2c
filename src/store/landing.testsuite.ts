/** Part of the store's contract: the order of what landed, what of it is verified, and which files collide. */
import { expect, test } from "vitest";
import type { Commit, TaskId } from "../domain/ids.ts";
import { handoffOf } from "../domain/handoff.ts";
import { noUsage } from "../domain/session.ts";
import { base, run, type OpenStore } from "./open-store.testsuite.ts";

export function landingTests(w: OpenStore): void {
  const { change, cycleWithRoot, insertTask } = w;

  const pushed = "what people pushed";

  /** Lands tasks, and what people pushed, one after the other; the n-th as commit `n`. */
  async function landed(...names: string[]): Promise<TaskId[]> {
    const at = await cycleWithRoot();
    const tasks: TaskId[] = [];
    for (const [n, name] of names.entries()) {
      if (name === pushed) {
        await change((tx) => tx.insertFollowed(`${n + 1}` as Commit));
        continue;
      }
      const task = await insertTask(at, name);
      const session = await w.queue(at.cycle, { kind: "attempt", task, planner: at.planner });
      await change(async (tx) => {
        await tx.insertLanding({ session, task, handoff: handoffOf("done"), usage: noUsage });
        await tx.settleLanding(session, { status: "landed", commit: `${n + 1}` as Commit, files: ["a"] });
        await tx.setTask(task, {
          state: { status: "landed", commit: `${n + 1}` as Commit, nothingToDo: false, at: 1 },
        });
      });
      tasks.push(task);
    }
    return tasks;
  }

  test("what landed up to a commit is verified with it, and only once", async () => {
    const [a, b, c] = await landed("a", "b", "c");
    await change((tx) => tx.verifyLandings("2" as Commit));
    await change((tx) => tx.verifyLandings("3" as Commit));
    const views = await w.views.tasks(run, { limit: 10 });
    expect(views.map(({ id, landing }) => [id, landing?.verified?.commit])).toEqual([
      [a, "2"],
      [b, "2"],
      [c, "3"],
    ]);
    expect(views[0]?.landing?.landedAt).toBeGreaterThanOrEqual(views[0]?.landing?.submittedAt ?? Infinity);
    expect((await w.views.status(run)).landings).toMatchObject({ landed: 3, verified: 3 });
  });

  test("a commit that is no landing verifies nothing", async () => {
    await landed("a");
    await change((tx) => tx.verifyLandings(base));
    expect((await w.views.tasks(run, { limit: 10 }))[0]?.landing).toMatchObject({ verified: null });
  });

  test("what landed between two commits, newest first", async () => {
    const [a, b, c] = await landed("a", "b", "c");
    const between = (from: string | null, to: string, limit = 10) =>
      change((tx) => tx.landingsBetween(from as Commit | null, to as Commit, limit));
    const ids = (found: { landings: { task: TaskId | null }[] }) => found.landings.map(({ task }) => task);
    expect(ids(await between(null, "3"))).toEqual([c, b, a]);
    expect(ids(await between("1", "2"))).toEqual([b]);
    expect(ids(await between(base, "1"))).toEqual([a]);
    expect(await between(null, "3", 1)).toMatchObject({ landings: [{ task: c, commit: "3" }], omitted: 2 });
    expect(await between("3", "3")).toEqual({ landings: [], omitted: 0 });
    expect(await between(null, base)).toEqual({ landings: [], omitted: 0 });
  });

  test("what people pushed has its place among what landed", async () => {
    const [a, b] = await landed("a", pushed, "b");
    // By whoever merged it, and by whoever read it back.
    await change((tx) => tx.insertFollowed("2" as Commit));
    const between = async (from: string | null, to: string, limit = 10) => {
      const found = await change((tx) => tx.landingsBetween(from as Commit | null, to as Commit, limit));
      return [found.landings.map(({ task, commit }) => task ?? commit), found.omitted];
    };
    expect(await between(null, "3")).toEqual([[b, "2", a], 0]);
    expect(await between(null, "3", 2)).toEqual([[b, "2"], 1]);
    expect(await between("2", "3")).toEqual([[b], 0]);
    expect(await between("1", "2")).toEqual([["2"], 0]);
    await change((tx) => tx.verifyLandings("2" as Commit));
    expect((await w.views.status(run)).landings).toMatchObject({ landed: 2, verified: 1 });
    const behind = (one: string, other: string) => change((tx) => tx.isBehind(one as Commit, other as Commit));
    expect([await behind("1", "2"), await behind(base, "2"), await behind("2", "1")]).toEqual([true, true, false]);
    expect([await behind("2", "2"), await behind("1", "unknown")]).toEqual([false, false]);
  });

  test("files that were in conflict more than once are hot, the hottest first", async () => {
    const at = await cycleWithRoot();
    const task = await insertTask(at, "a");
    const session = await w.queue(at.cycle, { kind: "attempt", task, planner: at.planner });
    for (const files of [["b", "a"], ["a", "a"], ["a", "c"], ["c"]])
      await change(async (tx) => {
        await tx.insertLanding({ session, task, handoff: handoffOf(""), usage: noUsage });
        await tx.settleLanding(session, { status: "conflict", files });
      });
    expect(await change((tx) => tx.hotFiles(10))).toEqual([
      { path: "a", conflicts: 3 },
      { path: "c", conflicts: 2 },
    ]);
    expect(await change((tx) => tx.hotFiles(1))).toHaveLength(1);
  });

  test("since when the checks fail", async () => {
    expect((await w.views.status(run)).checks).toBeNull();
    const check = (passed: boolean) =>
      change(async (tx) => {
        await tx.insertChecks(base, passed, []);
        return tx.now;
      });
    expect(await change((tx) => tx.redSince())).toBeNull();
    const red = await check(false);
    await check(false);
    expect(await change((tx) => tx.redSince())).toBe(red);
    expect((await w.views.status(run)).checks).toEqual({ runs: 2, failed: 2, redSince: red });
    await check(true);
    expect(await change((tx) => tx.redSince())).toBeNull();
    const again = await check(false);
    expect((await w.views.status(run)).checks).toEqual({ runs: 4, failed: 3, redSince: again });
  });

  test("what a check printed is kept where it failed: there are as many as landings", async () => {
    const result = { command: "npm test", exitCode: 0, score: null, ms: 1, output: "much" };
    const results = [
      { ...result, name: "good", passed: true },
      { ...result, name: "bad", passed: false },
    ];
    await change((tx) => tx.insertChecks(base, false, results));
    const last = await change((tx) => tx.lastChecks());
    expect(last?.results.map(({ name, output }) => [name, output])).toEqual([
      ["good", ""],
      ["bad", "much"],
    ]);
  });
}
