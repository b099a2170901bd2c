import { describe, expect, test } from "vitest";
import * as fc from "fast-check";
import { decideSpend, isNearlySpent, noSpend, usd, type Budget, type Spend } from "./budget.ts";
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

describe("a budget", () => {
  const decide = (budget: Partial<Budget>, spend: Partial<Spend>, ask: { microUsd?: number; tokens?: number } = {}) =>
    decideSpend(
      [
        {
          of: "run",
          name: "run x",
          budget: { microUsd: null, tokens: null, ...budget },
          spend: { ...noSpend, ...spend },
        },
      ],
      { microUsd: 0, tokens: 0, ...ask },
    ).kind;

  test("what is under way cannot pass it by its reservations", () => {
    const spend = { microUsd: 500_000, reservedMicroUsd: 400_000 };
    expect(decide({ microUsd: 1_000_000 }, spend, { microUsd: 100_000 })).toBe("fits");
    expect(decide({ microUsd: 1_000_000 }, spend, { microUsd: 100_001 })).toBe("wait");
    expect(decide({ tokens: 10 }, { tokens: 4, reservedTokens: 3 }, { tokens: 4 })).toBe("wait");
  });

  test("is exhausted when nothing under way could still free enough", () => {
    expect(decide({ microUsd: 1_000_000 }, { microUsd: 950_000 }, { microUsd: 50_001 })).toBe("exhausted");
    expect(decide({ microUsd: 1_000_000 }, { microUsd: 1_000_000, reservedMicroUsd: 5 })).toBe("exhausted");
    expect(decide({ tokens: 10 }, { tokens: 10 })).toBe("exhausted");
    expect(decide({ microUsd: 0 }, {})).toBe("exhausted");
    expect(decide({}, { microUsd: 1e12, tokens: 1e12 }, { microUsd: 1e12, tokens: 1e12 })).toBe("fits");
  });

  test("never passed, whatever is asked for and whatever it really costs, as long as nothing costs more than it reserved", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.array(
          fc.record({ ask: fc.integer({ min: 0, max: 300 }), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
        ),
        (limit, calls) => {
          const spend = { ...noSpend };
          const underWay: { ask: number; share: number }[] = [];
          for (const call of calls) {
            const account = { of: "run", name: "", budget: { microUsd: limit, tokens: null }, spend } as const;
            if (decideSpend([account], { microUsd: call.ask, tokens: 0 }).kind === "fits") {
              spend.reservedMicroUsd += call.ask;
              underWay.push(call);
            } else {
              const done = underWay.shift();
              if (!done) continue;
              spend.reservedMicroUsd -= done.ask;
              spend.microUsd += Math.floor(done.ask * done.share);
            }
            expect(spend.microUsd + spend.reservedMicroUsd).toBeLessThanOrEqual(limit);
          }
        },
      ),
    );
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

test.each([
  ["little is gone", { spent: 100, next: 10 }, false],
  ["most is gone", { spent: 801, next: 0 }, true],
  ["room for the call at hand and two more", { spent: 100, next: 300 }, false],
  ["room for fewer", { spent: 101, next: 300 }, true],
])("a session comes to its end while it can still be told: %s", (_, { spent, next }, nearly) => {
  const spend = { microUsd: 0, reservedMicroUsd: 0, tokens: spent, reservedTokens: 0 };
  const account = { of: "session", name: "session s1", budget: { microUsd: null, tokens: 1000 }, spend } as const;
  expect(isNearlySpent(account, { microUsd: 5, tokens: next })).toBe(nearly);
});
