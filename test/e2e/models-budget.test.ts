/** Budgets are hard: whoever spends, however many at once, what is spent and reserved never passes them. */
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import type { Running } from "./command.ts";
import { call } from "../fake-model/brains.ts";
import { inputOf, outputOf } from "../fake-model/tokens.ts";
import { brokenConversations, remembering } from "./model-kills.ts";
import { briefOf, handoff, once, planner, submitted, told, worker, writes } from "./model-brains.ts";
import { configureModels, makeModelWorld, stored, type ModelWorld } from "./model-world.ts";
import { until } from "./until.ts";
import { landings, type World } from "./world.ts";

/** Small answers, so that a reservation is not much more than what is used. */
const sonnet = { model: "anthropic/claude-sonnet-5", outputTokensMax: 500 };
const count = 50;
const names = Array.from({ length: count }, (_, at) => `task-${at}`);

const swarm = () =>
  remembering([
    planner(() => ({ tasks: names.map((name) => ({ name })) })),
    worker((task) => [
      once("read_file", { path: "README.md" }, /project/),
      once("search", { pattern: "project" }, /README/),
      writes(`${task}.txt`, `${task}\n`),
      submitted,
    ]),
  ]);

const manyAtOnce = { workers: count, planners: 2 };

/** The most that was ever spent and reserved together, as often as it could be looked at until the engine ended. */
async function mostSpent(world: World, engine: Running): Promise<{ microUsd: number; tokens: number; looks: number }> {
  const most = { microUsd: 0, tokens: 0, looks: 0 };
  const database = new DatabaseSync(world.path("repository/.longhaul/longhaul.db"), { readOnly: true });
  const query = database.prepare(
    "select spent_micro_usd + reserved_micro_usd as usd, tokens + reserved_tokens as tokens from runs",
  );
  const ended = { is: false };
  void engine.ended.then(() => (ended.is = true));
  await until("the engine to end", () => {
    const row = query.get() as { usd: number; tokens: number };
    most.microUsd = Math.max(most.microUsd, row.usd);
    most.tokens = Math.max(most.tokens, row.tokens);
    most.looks++;
    return ended.is;
  });
  database.close();
  return most;
}

test("fifty sessions that spend at once stop at the budget of the run, and go on as themselves with a new one", async () => {
  const { brains, seen } = swarm();
  const at = await makeModelWorld({ brains });
  const { world, model } = at;
  const budgetMicroUsd = 1_200_000;
  configureModels(at, {
    roles: { planner: sonnet, worker: sonnet },
    parallel: manyAtOnce,
    budget: { usd: budgetMicroUsd / 1e6 },
  });
  const engine = await world.startRun();
  const most = await mostSpent(world, engine);
  const ended = await engine.ended;
  expect(ended).toMatchObject({ code: 4 });
  expect(ended.stdout).toMatch(/budget: money of run \w+: \$[\d.]+ of \$1\.20 spent/);
  expect(most.microUsd).toBeLessThanOrEqual(budgetMicroUsd);
  const { run } = await world.status();
  expect(run.state).toMatchObject({ status: "paused", reason: "budget" });
  expect(run.spend).toMatchObject({ reservedMicroUsd: 0, reservedTokens: 0 });
  expect(run.spend.microUsd).toBeGreaterThan(budgetMicroUsd * 0.8);
  const before = (await stored(world))("sessions").filter(({ opening }) => opening !== null);

  expect(await world.longhaul("resume", "--budget-usd", "50")).toMatchObject({ code: 0 });
  expect(landings(world, run.id)).toHaveLength(count);
  const rows = await stored(world);
  expect(rows("sessions").filter(({ kind }) => kind === "attempt")).toHaveLength(count);
  expect(rows("sessions").filter(({ outcome }) => outcome === "failed")).toEqual([]);
  const after = new Map(rows("sessions").map((row) => [row["id"], Number(row["token"])]));
  expect(before.filter((row) => row["status"] !== "ended" && after.get(row["id"]) === row["token"])).toEqual([]);
  expect(brokenConversations(seen)).toEqual([]);
  const { billed } = model.ledger.total();
  expect((await world.status()).run.spend.tokens).toBe(inputOf(billed) + outputOf(billed));
});
