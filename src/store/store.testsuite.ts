/**
 * The store's contract, run against every database. A world is a fresh, empty database; `open` may be called again for
 * a second process on the same one.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { handoffOf } from "../domain/handoff.ts";
import type { Commit, CycleId, EngineId, PlannerId, RunId, SessionId, TaskId } from "../domain/ids.ts";
import { limitDefaults, parallelDefaults } from "../domain/limits.ts";
import type { RunConfig } from "../domain/run-config.ts";
import type { Claim, Subject } from "../domain/session.ts";
import type { TaskState } from "../domain/task.ts";
import type { Store, Transition } from "../engine/store-port.ts";
import type { Views } from "../engine/views.ts";

export type StoreWorld = { open(): Promise<{ store: Store; views: Views }>; dispose(): Promise<void> };

export const config: RunConfig = {
  agents: { a: { kind: "command", command: "true", env: {}, passEnv: [], costMicroUsd: 0 } },
  roles: { planner: "a", worker: "a", judge: null },
  acceptance: [],
  checks: [],
  budget: { microUsd: null, tokens: null },
  parallel: parallelDefaults,
  limits: limitDefaults,
  directory: "/",
  identity: "A <a@localhost>",
};

const run = "run1" as RunId;
const base = "b".repeat(40) as Commit;
const me = "engine-1" as EngineId;
const spec = { title: "", instructions: "", paths: ["a.js"], priority: 0, acceptance: "", agent: null };
const ready: TaskState = { status: "ready" };

export function testStore(name: string, makeWorld: () => Promise<StoreWorld>): void {
  describe(`store on ${name}`, () => {
    let world: StoreWorld;
    let store: Store;
    let views: Views;
    const others: Store[] = [];
    const change = <T>(work: (tx: Transition) => Promise<T>) => store.transition(run, work);

    beforeEach(async () => {
      world = await makeWorld();
      ({ store, views } = await world.open());
      await store.createRun({ id: run, repository: "/repo", goal: "a goal", config, base });
    });
    afterEach(async () => {
      for (const other of [store, ...others.splice(0)]) await other.close();
      await world.dispose();
    });

    const cycleWithRoot = () =>
      change(async (tx) => {
        const { id: cycle } = await tx.insertCycle({ number: 1, brief: "", deadlineAt: tx.now + 1000 });
        const planner = await tx.insertPlanner({
          cycle,
          parent: null,
          depth: 0,
          name: "root",
          question: "q",
          paths: ["src/"],
          agent: null,
        });
        return { cycle, planner };
      });
    const insertTask = (
      at: { cycle: CycleId; planner: PlannerId },
      task: string,
      dependsOn: TaskId[] = [],
      state: TaskState = ready,
    ) => change((tx) => tx.insertTask({ ...at, spec: { ...spec, name: task }, dependsOn, state }));
    const queue = (cycle: CycleId, subject: Subject, priority = 0, inMs = 0) =>
      change((tx) => tx.queueSession({ cycle, subject, agent: "a", priority, readyAt: tx.now + inMs }));
    const claimNext = (kind: Subject["kind"]): Promise<Claim | null> =>
      change(async (tx) => {
        const [session] = await tx.claimable(kind, 1);
        return session ? tx.claim(session, me, tx.now + 1000, 5) : null;
      });

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
      expect(await views.events(run, 0, 10)).toMatchObject([{ type: "run.created" }]);
      await expect(store.transition("nope" as RunId, async () => 1)).rejects.toThrow(/no run nope/);
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
      expect(await views.events(run, 0, 10)).toHaveLength(1);
    });

    test("transitions of one run happen one after the other, also from several processes", async () => {
      const second = await world.open();
      others.push(second.store);
      const spendOne = (on: Store) =>
        on.transition(run, async (tx) => {
          const { spend } = tx.run;
          await tx.cycle(); // Something to wait for between the read and the write.
          await tx.updateRun({ spend: { ...spend, tokens: spend.tokens + 1 } });
        });
      await Promise.all(Array.from({ length: 40 }, (_, n) => spendOne(n % 2 ? store : second.store)));
      expect((await views.run(run))?.spend.tokens).toBe(40);
    });

    test("sessions are claimed by priority, then age, and not before they are ready", async () => {
      const at = await cycleWithRoot();
      const tasks = [await insertTask(at, "low"), await insertTask(at, "high"), await insertTask(at, "later")];
      const subjectOf = (task: TaskId | undefined): Subject => ({
        kind: "attempt",
        task: task ?? (0 as TaskId),
        planner: at.planner,
      });
      await queue(at.cycle, subjectOf(tasks[0]), 0);
      await queue(at.cycle, subjectOf(tasks[1]), 9);
      await queue(at.cycle, subjectOf(tasks[2]), 99, 60_000);
      const order = [await claimNext("attempt"), await claimNext("attempt"), await claimNext("attempt")];
      expect(order.map((claim) => claim && claim.subject.kind === "attempt" && claim.subject.task)).toEqual([
        tasks[1],
        tasks[0],
        null,
      ]);
      expect(await claimNext("turn")).toBeNull();
      const nextReadyAt = await change((tx) => tx.nextReadyAt());
      expect(nextReadyAt).toBeGreaterThan(Date.now());
    });

    test("a session is claimed once, its token grows, and only one may live per subject", async () => {
      const at = await cycleWithRoot();
      const subject: Subject = { kind: "turn", planner: at.planner };
      await queue(at.cycle, subject);
      await expect(queue(at.cycle, subject)).rejects.toThrow(/unique/i);
      const claim = await claimNext("turn");
      expect(claim).toMatchObject({ token: 1, holder: me, subject });
      expect(await claimNext("turn")).toBeNull();
      expect(await change((tx) => tx.liveSession(subject, at.cycle))).toMatchObject({
        state: { status: "running", holder: me },
        reservedMicroUsd: 5,
      });
      await change((tx) =>
        tx.endSession(claim?.session ?? (0 as SessionId), {
          outcome: "failed",
          failure: { kind: "lost" },
          usage: { microUsd: 7, tokens: 8 },
        }),
      );
      expect(await change((tx) => tx.liveSession(subject, at.cycle))).toBeNull();
      expect(await change((tx) => tx.failuresOf(subject, at.cycle, 5))).toEqual([
        { session: claim?.session, failure: { kind: "lost" } },
      ]);
      await queue(at.cycle, subject);
    });

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

    test("a landing is submitted, answered once, and found again after a crash", async () => {
      const at = await cycleWithRoot();
      const task = await insertTask(at, "a");
      const session = await queue(at.cycle, { kind: "attempt", task, planner: at.planner });
      const submitted = { session, task, handoff: handoffOf("done"), usage: { microUsd: 3, tokens: 4 } };
      await change((tx) => tx.insertLanding(submitted));
      expect(await change((tx) => tx.openLanding(session))).toEqual(submitted);
      await change((tx) => tx.settleLanding(session, { status: "lost" }));
      expect(await change((tx) => tx.openLanding(session))).toBeNull();
      expect(await change((tx) => tx.lastSubmission(session))).toEqual(submitted);
      await change((tx) => tx.settleLanding(session, { status: "landed", commit: base, files: ["a.js"] }));
      expect(await change((tx) => tx.lastSubmission(session))).toBeNull();
      expect((await views.status(run)).landings.landed).toBe(1);
    });

    test("one engine holds a run until its lease ends, it gives it back, or it is known to be dead", async () => {
      const engine = (id: string, pid: number) => ({ id: id as EngineId, host: "h", pid });
      expect(await store.acquireRun(run, engine("e1", 1), 60_000, () => false)).toBeNull();
      expect(await store.acquireRun(run, engine("e2", 2), 60_000, () => false)).toMatchObject({ id: "e1", pid: 1 });
      expect(await store.acquireRun(run, engine("e1", 1), 60_000, () => false)).toBeNull();
      expect(await store.acquireRun(run, engine("e2", 2), 60_000, (holder) => holder.pid === 1)).toBeNull();
      expect(await store.heartbeat(run, "e1" as EngineId, 60_000)).toBe(false);
      expect(await store.heartbeat(run, "e2" as EngineId, 60_000)).toBe(true);
      await store.releaseRun(run, "e1" as EngineId);
      expect((await views.run(run))?.engine?.id).toBe("e2");
      await store.releaseRun(run, "e2" as EngineId);
      expect(await store.acquireRun(run, engine("e3", 3), -1, () => false)).toBeNull();
      expect(await store.acquireRun(run, engine("e4", 4), 60_000, () => false)).toBeNull();
    });

    test("a heartbeat renews the leases of the sessions that its engine holds", async () => {
      const { cycle, planner } = await cycleWithRoot();
      await queue(cycle, { kind: "turn", planner });
      await store.acquireRun(run, { id: me, host: "h", pid: 1 }, 1, () => false);
      await claimNext("turn");
      await store.heartbeat(run, me, 3_600_000);
      const [session] = await change((tx) => tx.runningSessions());
      expect(session?.state.status === "running" && session.state.leaseUntil).toBeGreaterThan(Date.now() + 3_000_000);
    });

    test("a transcript keeps its order, survives NUL bytes, and takes nothing from a stale holder", async () => {
      const { cycle, planner } = await cycleWithRoot();
      await queue(cycle, { kind: "turn", planner });
      const claim = await claimNext("turn");
      if (!claim) throw new Error("nothing to claim");
      await store.appendTranscript(claim, [
        { at: 1, kind: "stdout", text: "a\0b" },
        { at: 2, kind: "stderr", text: "c" },
      ]);
      await store.appendTranscript({ ...claim, token: 0 }, [{ at: 3, kind: "stdout", text: "stale" }]);
      expect((await views.transcript(claim.session, 0, 10)).map(({ kind, text }) => ({ kind, text }))).toEqual([
        { kind: "stdout", text: "a\uFFFDb" },
        { kind: "stderr", text: "c" },
      ]);
    });

    test("verdicts become the records that later judges see", async () => {
      const { cycle } = await cycleWithRoot();
      const acceptance = [{ name: "test", command: "t", passed: false, exitCode: 1, score: 0.5, ms: 1, output: "" }];
      const evidence = { commit: base, acceptance, tasks: { landed: 2, failed: 1, cancelled: 0 }, remarks: ["r"] };
      await change((tx) => tx.insertVerdict(cycle, null, { verdict: "continue", summary: "s", brief: "b", evidence }));
      expect(await change((tx) => tx.cycleRecords())).toEqual([
        { number: 1, verdict: "continue", summary: "s", landed: 2, scores: { test: 0.5 } },
      ]);
      expect((await views.status(run)).verdicts).toMatchObject([{ cycle: 1, verdict: "continue", evidence }]);
    });

    test("another process's change wakes this one", async () => {
      const second = await world.open();
      others.push(second.store);
      const woken = Promise.withResolvers<void>();
      const stop = store.onForeignChange(() => woken.resolve());
      // Listening may take a moment to begin; the engine polls as well.
      const nudge = setInterval(() => void second.store.transition(run, (tx) => tx.addEvent("message.sent")), 50);
      await expect(woken.promise).resolves.toBeUndefined();
      clearInterval(nudge);
      stop();
    });

    test("everything is exported, row by row", async () => {
      const at = await cycleWithRoot();
      const a = await insertTask(at, "a");
      await insertTask(at, "b", [a], { status: "blocked", blockers: 1 });
      for (let n = 0; n < 600; n++) await change((tx) => tx.addEvent("task.ready"));
      const tables: { [table: string]: number } = {};
      for await (const { table } of views.everything(run)) tables[table] = (tables[table] ?? 0) + 1;
      expect(tables).toEqual({ runs: 1, cycles: 1, planners: 1, tasks: 2, dependencies: 1, events: 601 });
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

    test("a cycle's sessions, tasks and planners are listed for those who close it", async () => {
      const { cycle, planner } = await cycleWithRoot();
      const child = await change((tx) =>
        tx.insertPlanner({ cycle, parent: planner, depth: 1, name: "child", question: "q2", paths: [], agent: "a" }),
      );
      await queue(cycle, { kind: "turn", planner: child });
      await queue(cycle, { kind: "judgement" });
      const task = await insertTask({ cycle, planner }, "a");
      expect(await change((tx) => tx.activePlanners(cycle))).toEqual([planner, child]);
      expect(await change((tx) => tx.openTasksOfCycle(cycle))).toEqual([task]);
      expect((await change((tx) => tx.queuedSessions(cycle))).map(({ subject }) => subject.kind)).toEqual([
        "turn",
        "judgement",
      ]);
      await change((tx) => tx.updatePlanner(child, { status: "done", scratchpad: "notes" }));
      expect(await change((tx) => tx.planner(child))).toMatchObject({
        status: "done",
        scratchpad: "notes",
        depth: 1,
        parent: planner,
        agent: "a",
      });
      expect(await change((tx) => tx.openChildren(planner))).toEqual({ tasks: 1, planners: 0 });
      const status = await views.status(run);
      expect(status.planners.map(({ name: of, turn }) => [of, turn])).toEqual([
        ["root", null],
        ["child", "queued"],
      ]);
      expect(status.queued).toBe(2);
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
  });
}
