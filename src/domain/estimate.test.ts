import { expect, test } from "vitest";
import { noBudgets } from "./budget.ts";
import { assumptions, estimateRun, estimateSession, repositorySize, type EstimatedAgent } from "./estimate.ts";

const price = { inputUsd: 2, cachedUsd: 0.2, writtenUsd: 2.5, outputUsd: 10 };
const model: EstimatedAgent = {
  kind: "model",
  agent: "worker",
  model: "anthropic/claude-sonnet-5",
  effort: null,
  price,
  priceSource: "known",
  contextTokens: 1_000_000,
};
const program: EstimatedAgent = { kind: "command", agent: "codemod", costUsd: 0.02 };
const sized = (files: number, textTokens = files * 2_000) => ({ files, bytes: textTokens * 4, textTokens });
const estimate = (files: number, some: Partial<Parameters<typeof estimateRun>[0]> = {}) =>
  estimateRun({
    repository: sized(files),
    roles: { planner: model, worker: model, judge: null },
    others: [],
    budget: noBudgets,
    ...some,
  });

test("a session is dearer the more its calls carry, and cheaper where a cache has what was sent", () => {
  const cached = estimateSession("worker", model).usd;
  const uncached = estimateSession("worker", { ...model, price: { ...price, cachedUsd: 2, writtenUsd: 2 } }).usd;
  expect(cached.low).toBeGreaterThan(0.05);
  expect(cached.high).toBeLessThan(5);
  expect(cached.low).toBeLessThan(cached.high);
  expect(uncached.high).toBeGreaterThan(2 * cached.high);
});

test("a small window bounds what each call carries", () => {
  const small = estimateSession("worker", { ...model, contextTokens: 32_000 });
  expect(small.tokens.high).toBeLessThan(estimateSession("worker", model).tokens.high);
});

test("a program costs what its configuration says, for each session", () => {
  expect(estimateSession("worker", program)).toMatchObject({ usd: { low: 0.02, high: 0.02 }, tokens: { high: 0 } });
});

test("a run grows with the repository, within bounds, and the ranges stay ranges", () => {
  let before = estimate(1).run;
  for (const files of [10, 100, 1_000, 100_000]) {
    const { run } = estimate(files);
    for (const part of ["tasks", "sessions", "usd", "tokens"] as const) {
      expect(run[part].low).toBeLessThanOrEqual(run[part].high);
      expect(run[part].high).toBeGreaterThanOrEqual(before[part].high);
    }
    before = run;
  }
  expect(before.tasks).toEqual({ low: assumptions.tasksMax.low, high: assumptions.tasksMax.high });
});

test("the library of the main example, which took 75 tasks in its first cycle, lies in the range", () => {
  const { tasks } = estimate(640).run;
  expect(tasks.low).toBeLessThan(75);
  expect(tasks.high).toBeGreaterThan(75);
});

test.each([
  [0, 0, null],
  [12, 900_000, "few_files"],
  [60, 20_000, "fits_one_context"],
  [60, 400_000, null],
] as const)("%d files with %d tokens: %s", (files, tokens, small) => {
  expect(estimate(files, { repository: sized(files, tokens) }).small).toBe(small);
});

test("a size counts all files, and tokens only of what an agent reads", () => {
  expect(
    repositorySize([
      { path: "src/a.ts", bytes: 3_500 },
      { path: "logo.PNG", bytes: 90_000 },
      { path: "dump.sql", bytes: 9_000_000 },
    ]),
  ).toEqual({ files: 3, bytes: 9_093_500, textTokens: 1_000 });
});
