/** Money is a hard stop: the run pauses before it would pass the budget, and a new budget lets it go on. */
import { expect, test } from "vitest";
import { landings, makeWorld } from "./world.ts";

test("a run pauses at its budget with exit code 4, and goes on with a new one", async () => {
  const world = makeWorld();
  world.configure({
    planner: ({ brief, plan }) => {
      const names = ["a", "b", "c", "d", "e"];
      plan(...(brief.tasks.length === 0 ? names.map((name) => ({ type: "create_task", name, title: name })) : []));
    },
    worker: ({ brief, write, print }) => {
      write(`${brief.task.name}.txt`, brief.task.name);
      // The others do not say what they cost and are charged what their configuration says.
      if (brief.task.name === "a") print({ status: "done", usage: { usd: 0.25, tokens: 1000 } });
    },
    costUsd: 1,
    budget: { usd: 2.5 },
    acceptance: ["test $(ls *.txt | wc -l) -eq 5"],
    parallel: { workers: 5, planners: 1 },
  });
  const first = await world.finishRun();
  expect(first.code).toBe(4);
  expect(first.stdout).toMatch(/budget/i);
  const { run } = await world.status();
  expect(run.state).toMatchObject({ status: "paused", reason: "budget" });
  expect(run.spend.microUsd + run.spend.reservedMicroUsd).toBeLessThanOrEqual(2_500_000);
  expect(run.spend.reservedMicroUsd).toBe(0);
  const landed = landings(world, first.run).length;
  expect(landed).toBeGreaterThanOrEqual(2);
  expect(landed).toBeLessThan(5);

  const same = await world.longhaul("resume");
  expect(same.code).toBe(4);
  const paused = (await world.status()).run;
  expect(paused.spend.microUsd).toBeLessThanOrEqual(2_500_000);

  const richer = await world.longhaul("resume", "--budget-usd", "10", "--json");
  expect(richer.code).toBe(0);
  expect(JSON.parse(richer.stdout)).toMatchObject({ run: { spend: { microUsd: 4_250_000, tokens: 1000 } } });
  expect(landings(world, first.run)).toHaveLength(5);
});
