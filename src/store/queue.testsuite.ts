/** The queue: sessions, claims, leases, what a session printed and what it submitted. */
import { expect, test } from "vitest";
import type { Failure } from "../domain/failure.ts";
import { handoffOf } from "../domain/handoff.ts";
import type { SessionId, TaskId } from "../domain/ids.ts";
import type { Subject } from "../domain/session.ts";
import { base, me, run, type OpenStore } from "./open-store.testsuite.ts";

export function queueTests(w: OpenStore): void {
  const { change, cycleWithRoot, insertTask, queue, claimNext } = w;

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
    });
    await change((tx) =>
      tx.endSession(claim?.session ?? (0 as SessionId), {
        outcome: "failed",
        failure: { kind: "lost" },
      }),
    );
    expect(await change((tx) => tx.liveSession(subject, at.cycle))).toBeNull();
    expect(await change((tx) => tx.failuresOf(subject, at.cycle, 5))).toEqual([
      { session: claim?.session, failure: { kind: "lost" } },
    ]);
    await queue(at.cycle, subject);
  });

  test("a task has one live session, an attempt or an arbitration, which begins with what was kept", async () => {
    const at = await cycleWithRoot();
    const task = await insertTask(at, "a");
    const of = (kind: "attempt" | "arbitration"): Subject => ({ kind, task, planner: at.planner });
    const attempt = await queue(at.cycle, of("attempt"));
    await expect(queue(at.cycle, of("arbitration"))).rejects.toThrow(/unique/i);
    const failure: Failure = { kind: "conflicts", tries: 2, files: ["a.txt"] };
    await change((tx) => tx.endSession(attempt, { outcome: "failed", failure }));
    const contested = {
      kept: "k",
      files: ["a.txt"],
      tries: 2,
      handoff: handoffOf("mine"),
      message: "Mine",
      follows: base,
    };
    await change((tx) => tx.setTask(task, { state: { status: "ready" }, contested }));
    await change((tx) => tx.setTask(task, { state: { status: "ready" } }));
    expect(await change((tx) => tx.task(task))).toMatchObject({ contested });
    expect(await change((tx) => tx.lastFollowed())).toEqual({ status: "ready", cycle: at.cycle, theirs: base });
    await queue(at.cycle, of("arbitration"));
    expect(await change((tx) => tx.liveSession(of("attempt"), at.cycle))).toMatchObject({ subject: of("arbitration") });
    expect(await claimNext("attempt")).toBeNull();
    expect(await claimNext("arbitration")).toMatchObject({ subject: of("arbitration") });
    expect(await change((tx) => tx.failuresOf(of("arbitration"), at.cycle, 5))).toEqual([
      { session: attempt, failure },
    ]);
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
    expect((await w.views.status(run)).landings.landed).toBe(1);
  });

  test("a heartbeat renews the leases of the sessions that its engine holds", async () => {
    const { cycle, planner } = await cycleWithRoot();
    await queue(cycle, { kind: "turn", planner });
    await w.store.acquireRun(run, { id: me, host: "h", pid: 1 }, 1, () => false);
    await claimNext("turn");
    await w.store.heartbeat(run, me, 3_600_000);
    const [session] = await change((tx) => tx.runningSessions());
    expect(session?.state.status === "running" && session.state.leaseUntil).toBeGreaterThan(Date.now() + 3_000_000);
  });

  test("a transcript keeps its order, survives NUL bytes, and takes nothing from a stale holder", async () => {
    const { cycle, planner } = await cycleWithRoot();
    await queue(cycle, { kind: "turn", planner });
    const claim = await claimNext("turn");
    if (!claim) throw new Error("nothing to claim");
    await w.store.appendTranscript(claim, [
      { at: 1, kind: "stdout", text: "a\0b" },
      { at: 2, kind: "stderr", text: "c" },
    ]);
    await w.store.appendTranscript({ ...claim, token: 0 }, [{ at: 3, kind: "stdout", text: "stale" }]);
    expect((await w.views.transcript(claim.session, 0, 10)).map(({ kind, text }) => ({ kind, text }))).toEqual([
      { kind: "stdout", text: "a\uFFFDb" },
      { kind: "stderr", text: "c" },
    ]);
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
    const status = await w.views.status(run);
    expect(status.planners.map(({ name: of, turn }) => [of, turn])).toEqual([
      ["root", null],
      ["child", "queued"],
    ]);
    expect(status.queued).toBe(2);
  });
}
