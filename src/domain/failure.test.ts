import { expect, test } from "vitest";
import { decideRetry, describeFailure, syntheticHandoff, type Failure } from "./failure.ts";
import { limitDefaults } from "./limits.ts";

const fresh = { failures: 0, interruptions: 0 };
const crash: Failure = { kind: "crashed", exitCode: 1, signal: null, detail: "" };
const decide = (failure: Failure, record = fresh) => decideRetry(record, failure, 3, limitDefaults, 1_000);

test("a crash is retried with a growing backoff, up to the bound", () => {
  expect(decide(crash)).toEqual({ kind: "retry", readyAt: 3_000, record: { failures: 1, interruptions: 0 } });
  expect(decide(crash, { failures: 1, interruptions: 0 })).toMatchObject({ kind: "retry", readyAt: 5_000 });
  expect(decide(crash, { failures: 2, interruptions: 0 })).toMatchObject({ kind: "give_up", reason: "exit code 1" });
});

test("the backoff itself is bounded", () => {
  expect(decideRetry({ failures: 50, interruptions: 0 }, crash, 100, limitDefaults, 0)).toMatchObject({
    readyAt: limitDefaults.retryBackoffMsMax,
  });
});

test("a session lost with its engine does not count as the task's failure, but not for ever", () => {
  expect(decide({ kind: "lost" })).toEqual({
    kind: "retry",
    readyAt: 1_000,
    record: { failures: 0, interruptions: 1 },
  });
  expect(decide({ kind: "lost" }, { failures: 0, interruptions: 9 })).toMatchObject({ kind: "give_up" });
});

test("a pause costs nothing; giving up and a bound are final", () => {
  expect(decide({ kind: "cut", by: "pause" })).toEqual({ kind: "retry", readyAt: 1_000, record: fresh });
  expect(decide({ kind: "gave_up", reason: "too hard" })).toMatchObject({
    kind: "give_up",
    reason: "gave up: too hard",
  });
  expect(decide({ kind: "cut", by: "cycle_bound" })).toMatchObject({ kind: "give_up" });
});

test("the handoff for a task that ran too long asks for smaller ones", () => {
  const handoff = syntheticHandoff({ kind: "timed_out", afterMs: 60_000 }, { failures: 3, interruptions: 0 });
  expect(handoff.done).toBe("Not done. The last of 3 sessions ended: ran longer than its hard deadline of 60 s.");
  expect(handoff.suggestions).toEqual(["The task takes too long for one session: replan it as several smaller tasks."]);
});

test("a killed program is described by its signal", () => {
  expect(describeFailure({ kind: "crashed", exitCode: null, signal: "SIGKILL", detail: "boom" })).toBe(
    "killed by SIGKILL: boom",
  );
});
