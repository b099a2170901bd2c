import * as fc from "fast-check";
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { noBudgets } from "../domain/budget.ts";
import { noTokens } from "../domain/call.ts";
import { configDefaults } from "../domain/run-config.ts";
import { costGroups, type CostRow, type CostView } from "../engine/views.ts";
import { cellWidth } from "./cells.ts";
import { renderCosts } from "./costs.ts";
import { hostileText } from "./random-views.testsuite.ts";
import { sampleRun } from "./samples.testsuite.ts";

const row = (name: string | null, microUsd: number, some: Partial<CostRow> = {}): CostRow => ({
  name,
  title: "",
  calls: 12,
  tokens: { input: 1_200, cached: 350_000, written: 41_000, output: 9_000 },
  microUsd,
  guessedMicroUsd: 0,
  guessedCalls: 0,
  ...some,
});

const view = (rows: CostRow[], some: Partial<CostView> = {}): CostView => ({
  by: "role",
  total: {
    ...row(
      null,
      rows.reduce((sum, each) => sum + each.microUsd, 0),
    ),
    calls: 812,
  },
  rows,
  hidden: 0,
  ...some,
});
const render = (views: CostView[], width = 100, run = sampleRun()) => renderCosts(run, views, { color: false, width });

test("money and tokens by role, with their share", () => {
  const screen = render([view([row("worker", 8_200_000), row("planner", 3_400_000), row("judge", 800_000)])]);
  expect(screen).toMatchInlineSnapshot(`
    "run        kx4m2p   $12.40 of $50.00 (25%) + $1.20 reserved  4.1M tokens
    ledger     812 calls  $12.40  1.2k input  350k cached  41k written  9.0k output

    by role
               calls  input  cached  written  output   cost  share
      worker      12   1.2k    350k      41k    9.0k  $8.20    66%
      planner     12   1.2k    350k      41k    9.0k  $3.40    27%
      judge       12   1.2k    350k      41k    9.0k  $0.80     6%"
  `);
});

test("what is guessed is said, in money or, where nothing is paid, in calls", () => {
  const guessed = view([row("ollama/qwen", 0, { guessedCalls: 4 })], {
    by: "model",
    total: { ...row(null, 0), guessedCalls: 4 },
  });
  expect(render([guessed])).toContain("the price of 4 of 12 calls is not known and taken to be nothing");
  const half = view([row("x/y", 4_000_000, { guessedCalls: 6, guessedMicroUsd: 2_000_000 })], {
    total: { ...row(null, 4_000_000), guessedCalls: 6, guessedMicroUsd: 2_000_000 },
  });
  expect(render([half])).toContain("$2.00 (50%), 6 of 12 calls");
  expect(render([half])).toMatch(/\$4\.00 +100% +50%$/m);
});

test("sessions have titles; what is left out is counted", () => {
  const sessions = view([row("s41", 900_000, { title: "worker: Port the order history page" })], {
    by: "session",
    hidden: 230,
  });
  expect(render([sessions])).toMatch(/^ {2}s41 {6}worker: Port the order history p/m);
  expect(render([sessions])).toContain("… 230 more, which cost less");
});

test("a narrow screen keeps the money", () => {
  const screen = render([view([row("worker", 8_200_000)])], 40);
  expect(screen).toMatch(/worker.*\$8\.20/);
  expect(screen).not.toContain("written  output");
});

test("the budgets of the run's parts are said", () => {
  const budget = {
    ...noBudgets,
    cycle: { microUsd: 10_000_000, tokens: 2_000_000 },
    session: { microUsd: 500_000, tokens: null },
  };
  const run = sampleRun();
  expect(render([view([])], 100, { ...run, config: { ...configDefaults, ...run.config, budget } })).toContain(
    "at most    each cycle $10.00 and 2.0M tokens, each session $0.50",
  );
});

test("a run that has spent nothing says so", () => {
  const nothing = { ...row(null, 0), calls: 0, tokens: noTokens };
  expect(render([view([], { total: nothing })])).toContain("nothing has been spent");
});

test("no name and no width breaks the lines", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...costGroups),
      fc.array(fc.record({ name: hostileText, title: hostileText, microUsd: fc.nat() }), { maxLength: 8 }),
      fc.integer({ min: 1, max: 200 }),
      (by, rows, width) => {
        const screen = render(
          [
            view(
              rows.map(({ name, microUsd, title }) => row(name, microUsd, { title })),
              { by },
            ),
          ],
          width,
        );
        const widths = screen.split("\n").map((line) => cellWidth(stripVTControlCharacters(line)));
        expect(Math.max(...widths)).toBeLessThanOrEqual(width);
        expect(screen.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
      },
    ),
    { numRuns: 100 },
  );
});
