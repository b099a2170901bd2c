/** What planners make: tasks with their dependencies, messages and handoffs. */
import { expect, test } from "vitest";
import { handoffOf } from "../domain/handoff.ts";
import type { SessionId, TaskId } from "../domain/ids.ts";
import type { TaskState } from "../domain/task.ts";
import { base, ready, spec, type OpenStore } from "./open-store.testsuite.ts";

export function planTests(w: OpenStore): void {
  const { change, cycleWithRoot, insertTask, queue } = w;

  test("dependents are counted down on landing and released at zero", async () => {
    const at = await cycleWithRoot();
    const [a, b] = [await insertTask(at, "a"), await insertTask(at, "b")];
    const c = await insertTask(at, "c", [a, b], { status: "blocked", blockers: 2 });
    expect(await change((tx) => tx.blockedDependents(a))).toEqual([c]);
    expect(await change((tx) => tx.strandedTasks(at.cycle))).toEqual([]);
    const land = (task: TaskId) =>
      change(async (tx) => {
        await tx.setTask(task, { state: { status: "landed", commit: base, nothingToDo: false, at: tx.now } });
        return tx.releaseDependents(task);
      });
    expect(await land(a)).toEqual([]);
    expect(await land(b)).toEqual([c]);
    expect(await change((tx) => tx.strandedTasks(at.cycle))).toEqual([c]);
    expect(await change((tx) => tx.task(c))).toMatchObject({
      dependsOn: [a, b],
      state: { status: "blocked", blockers: 0 },
    });
  });

  test("every task state is read back as it was written", async () => {
    const at = await cycleWithRoot();
    const task = await insertTask(at, "a");
    const session = 3 as SessionId;
    const states: TaskState[] = [
      { status: "blocked", blockers: 2 },
      { status: "running", session },
      { status: "landed", commit: base, nothingToDo: true, at: 12 },
      { status: "failed", reason: "no", at: 13 },
      { status: "cancelled", reason: "why", at: 14 },
      ready,
    ];
    for (const state of states) {
      await change((tx) => tx.setTask(task, { state, record: { failures: 1, interruptions: 2 } }));
      expect(await change((tx) => tx.task(task))).toMatchObject({
        state,
        record: { failures: 1, interruptions: 2 },
        paths: ["a.js"],
      });
    }
    expect(await change((tx) => tx.tasksNamed(at.planner, ["a", "b"]))).toHaveLength(1);
    await expect(insertTask(at, "a")).rejects.toThrow(/unique/i); // Names are unique within a planner.
    expect(await change((tx) => tx.countTasks(at.cycle))).toMatchObject({ ready: 1, landed: 0 });
    expect(await change((tx) => tx.openChildren(at.planner))).toEqual({ tasks: 1, planners: 0 });
  });

  test("messages are consumed up to a point by one turn, in order", async () => {
    const { cycle, planner } = await cycleWithRoot();
    const session = await queue(cycle, { kind: "turn", planner });
    const send = (text: string) => change((tx) => tx.insertMessage(planner, { kind: "operator", text }));
    const [, second] = [await send("one"), await send("two")];
    await send("three");
    expect((await change((tx) => tx.unread(planner, 2))).map(({ body }) => body)).toEqual([
      { kind: "operator", text: "one" },
      { kind: "operator", text: "two" },
    ]);
    await change((tx) => tx.consume(planner, second, session));
    expect((await change((tx) => tx.unread(planner, 9))).map(({ body }) => body)).toEqual([
      { kind: "operator", text: "three" },
    ]);
    expect(await change((tx) => tx.countUnread(planner))).toBe(1);
  });

  test("lists longer than one statement can bind are read whole", async () => {
    const at = await cycleWithRoot();
    const ids: TaskId[] = [];
    await change(async (tx) => {
      for (let n = 0; n < 1_200; n++)
        ids.push(await tx.insertTask({ ...at, spec: { ...spec, name: `n${n}` }, dependsOn: [], state: ready }));
    });
    expect((await change((tx) => tx.tasks(ids))).map(({ id }) => id)).toEqual(ids);
    const { tasks, omitted } = await change((tx) => tx.tasksOf(at.planner, 10));
    expect([tasks.length, omitted]).toEqual([10, 1_190]);
    expect(await change((tx) => tx.openTasksOfRun())).toBe(1_200);
  });

  test("handoffs are found by task and by cycle", async () => {
    const { cycle, planner } = await cycleWithRoot();
    const task = await insertTask({ cycle, planner }, "a");
    const add = (of: TaskId | null, done: string) =>
      change((tx) =>
        tx.insertHandoff({
          cycle,
          session: null,
          task: of,
          planner,
          status: "landed",
          handoff: handoffOf(done),
          synthetic: false,
        }),
      );
    await add(task, "first");
    await add(null, "second");
    expect(await change((tx) => tx.handoffsOfTasks([task]))).toEqual([{ task, handoff: handoffOf("first") }]);
    expect(
      (await change((tx) => tx.handoffsOfCycle(cycle, 5))).map(({ title, handoff }) => [title, handoff.done]),
    ).toEqual([
      ["root", "second"],
      ["", "first"],
    ]);
  });
}
