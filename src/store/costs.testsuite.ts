/** The ledger's totals, by everything that they can be asked for. */
import { expect, test } from "vitest";
import { noTokens, type PriceSource, type Tokens } from "../domain/call.ts";
import type { PlannerId, SessionId } from "../domain/ids.ts";
import type { Subject } from "../domain/session.ts";
import type { CostGroup } from "../engine/views.ts";
import { run, type OpenStore } from "./open-store.testsuite.ts";

export function costTests(w: OpenStore): void {
  const { change, cycleWithRoot, insertTask, queue } = w;

  const called = (
    session: SessionId,
    model: string,
    microUsd: number,
    tokens: Partial<Tokens> = {},
    priceSource: PriceSource = "known",
  ) =>
    change(async (tx) => {
      const row = await tx.session(session);
      if (!row) throw new Error("no session");
      const call = await tx.insertCall(row, {
        credential: model.split("/")[0] ?? "",
        model,
        atMost: { microUsd: 99, tokens: 99 },
      });
      const end = {
        status: "answered",
        tokens: { ...noTokens, ...tokens },
        microUsd,
        priceSource,
        detail: null,
      } as const;
      await tx.settleCall(call, end);
    });

  /** Root, with a sub-planner and one below that; a task of the lowest; a judgement; a command that says what it used. */
  async function spent() {
    const { cycle, planner: root } = await cycleWithRoot();
    const below = (parent: PlannerId, name: string) =>
      change((tx) => tx.insertPlanner({ cycle, parent, depth: 1, name, question: "", paths: [], agent: null }));
    const middle = await below(root, "middle");
    const low = await below(middle, "low");
    const task = await insertTask({ cycle, planner: low }, "a");
    await change((tx) => tx.updateTask(task, { title: "Do a" }, { agent: "a", priority: 0 }));
    const session = (subject: Subject) => queue(cycle, subject);
    const turn = await session({ kind: "turn", planner: root });
    const attempt = await session({ kind: "attempt", task, planner: low });
    const judgement = await session({ kind: "judgement" });
    await called(turn, "x/strong", 100, { input: 10, cached: 20, written: 30, output: 5 });
    await called(turn, "x/strong", 50, { input: 1 });
    await called(attempt, "y/cheap", 30, { output: 7 }, "guessed");
    await called(judgement, "x/strong", 20);
    await change(async (tx) => {
      const row = await tx.session(attempt);
      if (row) await tx.insertUsage(row, { microUsd: 3, tokens: 11 });
      if (row) await tx.insertCall(row, { credential: "y", model: "y/cheap", atMost: { microUsd: 9, tokens: 9 } });
    });
    return { turn, attempt, judgement, root, middle, low, task };
  }

  const money = async (by: CostGroup, limit = 10) =>
    (await w.views.costs(run, by, limit)).rows.map(({ name, microUsd }) => [name, microUsd]);

  test("what was spent adds up, and what is under way is not in it", async () => {
    await spent();
    const { total, rows, hidden } = await w.views.costs(run, "role", 10);
    expect(total).toEqual({
      calls: 5,
      tokens: { input: 22, cached: 20, written: 30, output: 12 },
      microUsd: 203,
      guessedMicroUsd: 30,
      guessedCalls: 1,
    });
    expect(hidden).toBe(0);
    expect(rows.map(({ name, microUsd, calls }) => [name, microUsd, calls])).toEqual([
      ["planner", 150, 2],
      ["worker", 33, 2],
      ["judge", 20, 1],
    ]);
    expect(rows[0]?.tokens).toEqual({ input: 11, cached: 20, written: 30, output: 5 });
  });

  test("costs by planner are those of its whole subtree; a judge's belong to none", async () => {
    await spent();
    expect(await money("planner")).toEqual([
      ["p1", 183],
      ["p2", 33],
      ["p3", 33],
      [null, 20],
    ]);
    expect((await w.views.costs(run, "planner", 10)).rows.map(({ title }) => title)).toEqual([
      "root",
      "middle",
      "low",
      "",
    ]);
  });

  test("costs by session, task, model and cycle carry names for people", async () => {
    await spent();
    const sessions = await w.views.costs(run, "session", 10);
    expect(sessions.rows.map(({ name, title, microUsd }) => [name, title, microUsd])).toEqual([
      ["s1", "planner: root", 150],
      ["s2", "worker: Do a", 33],
      ["s3", "judge", 20],
    ]);
    const tasks = await w.views.costs(run, "task", 10);
    expect(tasks.rows.map(({ name, title, microUsd }) => [name, title, microUsd])).toEqual([
      [null, "", 170],
      ["t1", "Do a", 33],
    ]);
    expect(await money("model")).toEqual([
      ["x/strong", 170],
      ["y/cheap", 30],
      ["(a)", 3],
    ]);
    expect(await money("cycle")).toEqual([["1", 203]]);
  });

  test("no more rows than asked for, and how many are left out", async () => {
    await spent();
    expect(await w.views.costs(run, "session", 1)).toMatchObject({ rows: [{ name: "s1" }], hidden: 2 });
  });

  test("of a run that has spent nothing", async () => {
    expect(await w.views.costs(run, "planner", 5)).toMatchObject({
      rows: [],
      hidden: 0,
      total: { calls: 0, microUsd: 0 },
    });
  });
}
