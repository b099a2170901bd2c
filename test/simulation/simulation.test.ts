import { expect, test } from "vitest";
import { simulate, type Report } from "./simulate.ts";

const blocks = 10;
const seedsPerBlock = 40;
/** `SEED=123 npx vitest run test/simulation` replays one seed. */
const only = process.env["SEED"];

async function play(seed: number): Promise<Report> {
  try {
    return await simulate(seed);
  } catch (cause) {
    throw new Error(`seed ${seed} fails; replay it with: SEED=${seed} npx vitest run test/simulation`, { cause });
  }
}

const seen = { crashes: 0, takeovers: 0, conflicts: 0, landed: 0, cycles: 0 };

const seedsOf = (block: number) =>
  only ? [Number(only)] : Array.from({ length: seedsPerBlock }, (_, n) => block * seedsPerBlock + n + 1);

test.each(
  Array.from({ length: only ? 1 : blocks }, (_, block) => ({
    block,
    first: seedsOf(block)[0],
    last: seedsOf(block).at(-1),
  })),
)("runs end and keep every invariant, seeds $first to $last", async ({ block }) => {
  for (const seed of seedsOf(block)) {
    const report = await play(seed);
    expect(["achieved", "stopped"]).toContain(report.outcome);
    for (const key of Object.keys(seen) as (keyof typeof seen)[]) seen[key] += report[key];
  }
});

test("the seeds together really saw crashes, take-overs, conflicts, landings and second cycles", () => {
  if (only) return;
  const runs = blocks * seedsPerBlock;
  expect(seen.crashes).toBeGreaterThan(runs);
  expect(seen.takeovers).toBeGreaterThan(runs / 10);
  expect(seen.conflicts).toBeGreaterThan(runs / 10);
  expect(seen.landed).toBeGreaterThan(runs);
  expect(seen.cycles).toBeGreaterThan(runs);
});

test("the same seed plays the same run, event by event", async () => {
  const [first, second] = [await play(only ? Number(only) : 7), await play(only ? Number(only) : 7)];
  expect(second).toEqual(first);
});
