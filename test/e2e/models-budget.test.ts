/** Budgets are hard: whoever spends, however many at once, what is spent and reserved never passes them. */
import { setTimeout as sleep } from "node:timers/promises";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import type { Running } from "./command.ts";
import { call } from "../fake-model/brains.ts";
import { inputOf, outputOf } from "../fake-model/tokens.ts";
import { brokenConversations, remembering } from "./model-kills.ts";
import { briefOf, judge, once, planner, submitted, worker, writes, type Stage } from "./model-brains.ts";
import { ledgerFaults } from "./model-ledger.ts";
import { configureModels, makeModelWorld, stored } from "./model-world.ts";
import { landings, type World } from "./world.ts";

/** At a price of its own, the same whether cached or not; with small answers, so that a reservation is little more than what is used. */
const metered = { model: "local/metered", outputTokensMax: 500 };
const prices = { "local/metered": { inputUsd: 3, outputUsd: 15 } };
const planning = { ...metered, outputTokensMax: 8_000 };
const count = 50;

const swarm = (tasks: number) =>
  remembering([
    planner(() => ({ tasks: Array.from({ length: tasks }, (_, at) => ({ name: `task-${at}` })) })),
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
  do {
    const row = query.get() as { usd: number; tokens: number };
    most.microUsd = Math.max(most.microUsd, row.usd);
    most.tokens = Math.max(most.tokens, row.tokens);
    most.looks++;
  } while (!(await Promise.race([engine.ended, sleep(20, null)])));
  database.close();
  return most;
}

test("fifty sessions that spend at once stop at the budget of the run, and go on as themselves with a new one", async () => {
  const { brains, seen } = swarm(count);
  const at = await makeModelWorld({ brains });
  const { world, model } = at;
  const budgetMicroUsd = 1_200_000;
  configureModels(at, {
    roles: { planner: planning, worker: metered },
    prices,
    parallel: manyAtOnce,
    budget: { usd: budgetMicroUsd / 1e6 },
  });
  const engine = await world.startRun();
  const most = await mostSpent(world, engine);
  const ended = await engine.ended;
  expect(ended).toMatchObject({ code: 4 });
  expect(ended.stdout).toMatch(/budget: money of run \w+: \$[\d.]+ of \$1\.20 spent/);
  expect(most.looks).toBeGreaterThan(10);
  expect(most.microUsd).toBeLessThanOrEqual(budgetMicroUsd);
  const { run } = await world.status();
  expect(run.state).toMatchObject({ status: "paused", reason: "budget" });
  expect(run.spend).toMatchObject({ reservedMicroUsd: 0, reservedTokens: 0 });
  expect(run.spend.microUsd).toBeGreaterThan(budgetMicroUsd * 0.8);
  const before = (await stored(world))("sessions").filter(({ opening }) => opening !== null);

  expect(await world.start("resume", "--budget-usd", "50").ended).toMatchObject({ code: 0 });
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

test("a budget in tokens holds as well, and says which one it was", async () => {
  const { brains } = swarm(10);
  const at = await makeModelWorld({ brains });
  const { world } = at;
  const tokens = 120_000;
  configureModels(at, {
    roles: { planner: planning, worker: metered },
    parallel: { workers: 10, planners: 2 },
    budget: { tokens },
  });
  const engine = await world.startRun();
  const most = await mostSpent(world, engine);
  const ended = await engine.ended;
  expect(ended).toMatchObject({ code: 4 });
  expect(ended.stdout).toMatch(/budget: tokens of run \w+: \d+ of 120000 used/);
  expect(ended.stdout).toContain("--budget-tokens");
  expect(most.tokens).toBeLessThanOrEqual(tokens);
  expect((await world.status()).run.spend).toMatchObject({ reservedMicroUsd: 0, reservedTokens: 0 });
  expect(await world.longhaul("resume")).toMatchObject({ code: 4 });
  expect(await world.longhaul("resume", "--budget-tokens", "10000000")).toMatchObject({ code: 0 });
  expect(landings(world, engine.run)).toHaveLength(10);
});

/** Reads on and on, until somebody says that the budget is nearly used up; or longer. */
const reading = (listens: boolean): Stage[] => [
  {
    done: (view) => listens && view.lastUserText.includes("nearly used up"),
    say: (view) => [call("search", { pattern: `project ${view.turn}` })],
  },
];

test("a session whose budget is nearly used up is asked to hand off; one that does not is replanned", async () => {
  const at = await makeModelWorld({
    brains: [
      planner(
        () => ({ tasks: [{ name: "listens" }, { name: "deaf" }] }),
        (brief) => (/"deaf": failed/.test(brief) ? { tasks: [{ name: "smaller" }] } : null),
      ),
      worker((task) => [
        writes(`${task}.txt`, task),
        ...(task === "smaller" ? [] : reading(task === "listens")),
        submitted,
      ]),
    ],
  });
  const { world, model } = at;
  const tokens = 60_000;
  configureModels(at, {
    roles: { planner: planning, worker: metered },
    budget: { perSession: { tokens } },
    limits: { attemptsMax: 2 },
  });
  const { run, code } = await world.finishRun();
  expect(code).toBe(0);
  expect(world.git("ls-tree", "--name-only", `longhaul/${run}`)).toBe("README.md\nlistens.txt\nsmaller.txt");
  const rows = await stored(world);
  const failures = rows("sessions").flatMap(({ failure }) => (failure === null ? [] : [JSON.stringify(failure)]));
  expect(failures).toHaveLength(2); // Attempts at the deaf task; each began anew, with a budget of its own.
  for (const failure of failures) expect(failure).toMatch(/over_budget.*tokens of session s\d+/);
  for (const row of rows("sessions")) expect(Number(row["tokens"])).toBeLessThanOrEqual(tokens);
  const sent = model.received.map(({ body }) => JSON.stringify(body));
  expect(sent.some((body) => /replan it as several smaller tasks/.test(body))).toBe(true);
  expect(ledgerFaults(rows("calls"), model.ledger.entries())).toEqual([]);
});

test("a planner whose scope uses up its budget is given up with all below it, and its parent is told", async () => {
  const at = await makeModelWorld({
    brains: [
      planner((name) => {
        if (name === "root") return { planners: [{ name: "greedy" }, { name: "modest" }] };
        if (name === "greedy") return { planners: [{ name: "greedier" }], tasks: [{ name: "greed" }] };
        return { tasks: [{ name: name === "modest" ? "modesty" : "greed" }] };
      }),
      worker((task) => [writes(`${task}.txt`, task), ...(task === "greed" ? reading(false) : []), submitted]),
    ],
  });
  const { world, model } = at;
  configureModels(at, {
    roles: { planner: planning, worker: metered },
    budget: { perPlanner: { tokens: 100_000 } },
  });
  const { run, code } = await world.finishRun();
  expect(code).toBe(0);
  expect(world.git("ls-tree", "--name-only", `longhaul/${run}`)).toBe("README.md\nmodesty.txt");
  const rows = await stored(world);
  expect(rows("planners").map(({ name, status }) => [name, status])).toEqual([
    ["root", "done"],
    ["greedy", "failed"],
    ["modest", "done"],
    ["greedier", expect.stringMatching(/failed|cancelled/)],
  ]);
  for (const row of rows("planners").slice(1)) {
    expect(Number(row["tokens"])).toBeLessThanOrEqual(100_000);
    expect([row["reserved_tokens"], row["reserved_micro_usd"]].map(Number)).toEqual([0, 0]);
  }
  const told = model.received.filter(({ body }) => JSON.stringify(body).includes("Given up: the budget of its scope"));
  expect(told.length).toBeGreaterThan(0);
});

test("a cycle whose budget is used up is judged as it stands, and the next one begins with a budget of its own", async () => {
  const at = await makeModelWorld({
    brains: [
      planner((_, view) => ({ tasks: [{ name: briefOf(view).includes("## Cycle 1") ? "endless" : "small" }] })),
      worker((task) => [writes(`${task}.txt`, task), ...(task === "endless" ? reading(false) : []), submitted]),
      judge("ls", (printed) =>
        printed.includes("small.txt")
          ? { verdict: "achieved", summary: "It is there." }
          : { verdict: "continue", summary: "Nothing landed.", brief: "Do something small." },
      ),
    ],
  });
  const { world } = at;
  configureModels(at, {
    roles: { planner: planning, worker: metered, judge: metered },
    budget: { perCycle: { tokens: 80_000 } },
  });
  const { run, code, stderr } = await world.finishRun();
  expect(code).toBe(0);
  expect(stderr).toMatch(/cycle 1 is at its bound \(tokens of cycle 1/);
  expect(world.git("ls-tree", "--name-only", `longhaul/${run}`)).toBe("README.md\nsmall.txt");
  const rows = await stored(world);
  expect(rows("tasks").map(({ name, status }) => [name, status])).toEqual([
    ["endless", "cancelled"],
    ["small", "landed"],
  ]);
  expect((await world.status()).run.spend).toMatchObject({ reservedMicroUsd: 0, reservedTokens: 0 });
});
