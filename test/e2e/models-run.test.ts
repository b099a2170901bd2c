/** A whole run of language models, with another model in every role, over every vendor's wire. */
import { expect, test } from "vitest";
import { ledgerFaults } from "./model-ledger.ts";
import { firstTasks, swarmBrains, swarmConfig, swarmFaults, swarmRoles } from "./model-swarm.ts";
import { makeModelWorld, stored, type Row } from "./model-world.ts";

test("planners on three levels, sixty workers and a judge reach a goal in two cycles, each on its model", async () => {
  const { world, model } = await makeModelWorld({ brains: swarmBrains });
  world.writeConfig(swarmConfig(model));
  const { run, code, stderr } = await world.finishRun();
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(swarmFaults(world, run)).toEqual([]);
  expect(stderr).toMatch(/conflicts in shared\.txt, sent back/);

  const rows = await stored(world);
  // What was sent back was mended by the session that had written it.
  expect(rows("sessions").filter(({ kind }) => kind === "attempt")).toHaveLength(firstTasks.length + 1);
  expect(rows("cycles")).toHaveLength(2);

  const entries = model.ledger.entries();
  const modelsOf = (brain: string) =>
    [...new Set(entries.filter((entry) => entry.brain === brain).map((e) => `${e.credential}/${e.model}`))].toSorted();
  expect(modelsOf("planner")).toEqual([swarmRoles.planner, swarmRoles.planC].toSorted());
  expect(modelsOf("worker")).toEqual([swarmRoles.worker, swarmRoles.expert, swarmRoles.inC].toSorted());
  expect(modelsOf("judge")).toEqual([swarmRoles.judge]);
  // One hard task in each of six parts; an agent that a planner asks for counts more than its area's.
  expect(new Set(entries.filter((e) => e.model === "qwen3-coder").map(({ session }) => session)).size).toBe(6);

  const calls = rows("calls");
  expect(ledgerFaults(calls, entries)).toEqual([]);
  expect(calls.every(({ status }) => status === "answered")).toBe(true);
  for (const credential of ["anthropic", "openai", "google", "local"]) {
    const { reported } = model.ledger.total({ credential });
    const theirs = [reported.noCache, reported.cacheRead, reported.cacheWrite, reported.text + reported.reasoning];
    const own = calls.filter((row) => row["credential"] === credential);
    expect({ credential, sums: tokenColumns.map((column) => sum(own, column)) }).toEqual({ credential, sums: theirs });
  }
  const { cacheRead, cacheWrite, noCache } = model.ledger.total({ credential: "anthropic" }).reported;
  expect(cacheRead).toBeGreaterThan(cacheWrite + noCache);

  expect(priceSources(calls)).toEqual({
    [swarmRoles.planner]: ["known"],
    [swarmRoles.worker]: ["known"],
    [swarmRoles.judge]: ["known"],
    [swarmRoles.expert]: ["overridden"],
    [swarmRoles.inC]: ["known"],
    [swarmRoles.planC]: ["known"],
  });
  expect(calls.every((row) => Number(row["micro_usd"]) > 0)).toBe(true);
  const { spend } = (await world.status()).run;
  const tokens = tokenColumns.reduce((total, column) => total + sum(calls, column), 0);
  expect(spend).toEqual({ microUsd: sum(calls, "micro_usd"), tokens, reservedMicroUsd: 0, reservedTokens: 0 });
  // The books of sessions and cycles add up to the run's.
  expect(sum(rows("sessions"), "micro_usd")).toBe(spend.microUsd);
  expect(sum(rows("cycles"), "spent_micro_usd")).toBe(spend.microUsd);
});

const tokenColumns = ["input_tokens", "cached_tokens", "written_tokens", "output_tokens"];
const sum = (rows: readonly Row[], column: string): number =>
  rows.reduce((total, row) => total + Number(row[column]), 0);

function priceSources(calls: readonly Row[]): { [model: string]: unknown[] } {
  const sources: { [model: string]: unknown[] } = {};
  for (const { model, price_source: source } of calls) {
    const known = (sources[String(model)] ??= []);
    if (!known.includes(source)) known.push(source);
  }
  return sources;
}
