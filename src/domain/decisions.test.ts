import { expect, test } from "vitest";
import * as fc from "fast-check";
import { decideSpend, usd } from "./budget.ts";
import { idText, makeRunId, parseId, type TaskId } from "./ids.ts";
import { decideTurnEnd } from "./planner.ts";
import { runCan } from "./run.ts";

test("ids go to text and back, and nothing else is taken for one", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e14 }), (id) => {
      expect(parseId("task", idText("task", id as TaskId))).toBe(id);
    }),
  );
  for (const text of ["", "t", "t0", "t01", "T1", "p1", "t1 ", "t1.5", "t-1", "t1\n", "../t1"])
    expect(parseId("task", text)).toBeUndefined();
});

test("a run id names branches and folders safely", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (random) => {
      expect(makeRunId(() => random)).toMatch(/^[a-z][a-z0-9]{5}$/);
    }),
  );
});

test("reservations of sessions in flight cannot pass the budget", () => {
  const budget = { microUsd: 1_000_000, tokens: null };
  expect(decideSpend(budget, { microUsd: 500_000, reservedMicroUsd: 400_000, tokens: 0 }, 100_000)).toEqual({
    exhausted: false,
  });
  expect(decideSpend(budget, { microUsd: 500_000, reservedMicroUsd: 400_000, tokens: 0 }, 100_001)).toMatchObject({
    exhausted: true,
  });
  expect(decideSpend(budget, { microUsd: 1_000_000, reservedMicroUsd: 0, tokens: 0 }, 0)).toMatchObject({
    exhausted: true,
  });
  expect(
    decideSpend({ microUsd: null, tokens: 10 }, { microUsd: 0, reservedMicroUsd: 0, tokens: 10 }, 0),
  ).toMatchObject({ exhausted: true });
  expect(decideSpend({ microUsd: 0, tokens: null }, { microUsd: 0, reservedMicroUsd: 0, tokens: 0 }, 0)).toMatchObject({
    exhausted: true,
  });
});

test("money is shown in dollars", () => {
  expect(usd(1_234_567)).toBe("$1.23");
});

test("a planner with nothing to read and nothing open is done, whether it said so or not", () => {
  expect(decideTurnEnd(0, { tasks: 0, planners: 0 })).toBe("done");
  expect(decideTurnEnd(0, { tasks: 0, planners: 1 })).toBe("wait");
  expect(decideTurnEnd(1, { tasks: 3, planners: 0 })).toBe("next_turn");
});

test("an ended run can be neither paused nor resumed nor stopped nor written to", () => {
  const ended = { status: "ended", outcome: "achieved", reason: "", at: 0 } as const;
  for (const action of ["pause", "resume", "stop", "send"] as const) expect(runCan(action, ended)).toBe(false);
  expect(runCan("pause", { status: "running" })).toBe(true);
});
