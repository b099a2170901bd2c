/** The swarm again, while one request in ten goes wrong in one of all ways: the same tree, and nobody stampedes. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { rateLimits } from "../../src/domain/limits.ts";
import type { NamedBrain } from "../fake-model/brain.ts";
import { call } from "../fake-model/brains.ts";
import type { Fault, FaultRuleInput } from "../fake-model/faults.ts";
import { once, planner, submitted, told, worker, writes } from "./model-brains.ts";
import { hasty, ledgerFaults } from "./model-ledger.ts";
import { firstTasks, swarmBrains, swarmConfig, swarmFaults } from "./model-swarm.ts";
import { makeModelWorld, configureModels, stored } from "./model-world.ts";
import { landings } from "./world.ts";

const places = ["headers", "first", "middle", "end"] as const;
const waitMs = 1_000;
const faults: Fault[] = [
  { kind: "rate-limit", retryAfter: { form: "seconds", ms: waitMs } },
  { kind: "rate-limit", retryAfter: { form: "ms", ms: waitMs } },
  { kind: "overloaded" },
  { kind: "status", status: 500 },
  ...places.map((at) => ({ kind: "drop", at }) as const),
  ...(["first", "middle", "end"] as const).map((at) => ({ kind: "truncate", at }) as const),
  ...places.map((at) => ({ kind: "stall", at, ms: 60_000 }) as const),
  { kind: "malformed-arguments" },
  { kind: "malformed-frame" },
  { kind: "empty" },
  { kind: "no-usage" },
  { kind: "html", status: 200 },
  { kind: "html", status: 502 },
  ...(["first", "middle"] as const).flatMap((at) =>
    (["overloaded", "rate-limit", "server"] as const).map((error) => ({ kind: "error-event", at, error }) as const),
  ),
];

/** Each kind strikes by itself; the first rule that strikes wins, so together they are one in ten. */
const rules: FaultRuleInput[] = faults.map((fault, seed) => ({
  fault,
  pick: { kind: "chance", p: 0.1 / faults.length, seed: seed + 5 },
}));

test("under faults of all kinds the swarm makes the same tree, lands every task once, and waits when it is asked to", async () => {
  const { world, model } = await makeModelWorld({ brains: swarmBrains });
  world.writeConfig(swarmConfig(model, { firstOutputMs: 2_000, chunkMs: 2_000, callMs: 20_000 }));
  for (const rule of rules) model.faults.add(rule);
  const { run, code, stderr } = await world.finishRun();
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(swarmFaults(world, run)).toEqual([]);

  const rows = await stored(world);
  const entries = model.ledger.entries();
  const struck = entries.filter(({ fault }) => fault !== null);
  expect(struck.length).toBeGreaterThan(entries.length / 20);
  expect(new Set(struck.map(({ fault }) => fault)).size).toBeGreaterThanOrEqual(8);
  // No fault of a call ever cost a session.
  expect(rows("sessions").filter(({ outcome }) => outcome !== "succeeded")).toEqual([]);
  expect(rows("sessions").filter(({ kind }) => kind === "attempt")).toHaveLength(firstTasks.length + 1);
  expect(ledgerFaults(rows("calls"), entries)).toEqual([]);
  expect(hasty(rows("calls"), entries, waitMs)).toEqual([]);
});

test("calls at once shrink to what a credential takes, and do not try it out again and again", async () => {
  const { world, model } = await makeModelWorld({
    brains: slowly([
      planner(() => ({ tasks: Array.from({ length: 16 }, (_, at) => ({ name: `task-${at}` })) })),
      worker((task) => [
        once("read_file", { path: "README.md" }, /project/),
        { done: (view) => told(view, "search", /README/) >= 3, say: () => [call("search", { pattern: "project" })] },
        writes(`${task}.txt`, task),
        submitted,
      ]),
    ]),
    rateLimits: { anthropic: { concurrentMax: 4, windowMs: 1_000 } },
  });
  configureModels({ world, model }, { parallel: { workers: 16, planners: 1 } });
  const { run, code } = await world.finishRun();
  expect(code).toBe(0);
  expect(landings(world, run)).toHaveLength(16);
  const { runningMax, rateLimited, requests } = model.traffic.counters("anthropic");
  expect(runningMax).toBeLessThanOrEqual(rateLimits.windowAtStart);
  expect(rateLimited).toBeGreaterThan(0);
  expect(rateLimited).toBeLessThan(requests / 4);
  // The server's own waits are of a second.
  expect(hasty((await stored(world))("calls"), model.ledger.entries(), 1_000)).toEqual([]);
});

/** As far away as vendors are, so that requests meet at the server. */
const slowly = (brains: readonly NamedBrain[]): NamedBrain[] =>
  brains.map((brain) => ({
    ...brain,
    async reply(view) {
      await sleep(150);
      return brain.reply(view);
    },
  }));
