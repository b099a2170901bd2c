/** Part of the store's contract: the order of what landed, what of it is verified, and which files collide. */
import { expect, test } from "vitest";
import type { Commit, TaskId } from "../domain/ids.ts";
import { handoffOf } from "../domain/handoff.ts";
import { noUsage } from "../domain/session.ts";
import { base, run, type OpenStore } from "./open-store.testsuite.ts";

export function landingTests(w: OpenStore): void {
  const { change, cycleWithRoot, insertTask } = w;

  /** Lands tasks one after the other; the n-th as commit `n`. */
  async function landed(...names: string[]): Promise<TaskId[]> {
    const at = await cycleWithRoot();
    const tasks: TaskId[] = [];
    for (const [n, name] of names.entries()) {
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
    const ids = (found: { landings: { task: TaskId }[] }) => found.landings.map(({ task }) => task);
    expect(ids(await between(null, "3"))).toEqual([c, b, a]);
    expect(ids(await between("1", "2"))).toEqual([b]);
    expect(ids(await between(base, "1"))).toEqual([a]);
    expect(await between(null, "3", 1)).toMatchObject({ landings: [{ task: c, commit: "3" }], omitted: 2 });
    expect(await between("3", "3")).toEqual({ landings: [], omitted: 0 });
    expect(await between(null, base)).toEqual({ landings: [], omitted: 0 });
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
}
