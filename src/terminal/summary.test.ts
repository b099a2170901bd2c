import { stripVTControlCharacters } from "node:util";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Commit } from "../domain/ids.ts";
import { cellWidth } from "./cells.ts";
import { anyView, hostileText } from "./random-views.testsuite.ts";
import { nothingWeakened } from "../domain/weakened-tests.ts";
import { sampleRun, samples, sampleView } from "./samples.testsuite.ts";
import { acceptance, verdict } from "./verdict-samples.testsuite.ts";
import { renderSummary } from "./summary.ts";

const branches = { trunk: "longhaul/kx4m2p", green: "longhaul/kx4m2p-green" };
const plain = (view: typeof samples.achieved, width = 100) =>
  renderSummary(view, { branches, repository: "/home/user/shop" }, { color: false, width });

test("an achieved run: evidence, cycles, counts, and the commands to look at the result", () => {
  const text = plain(samples.achieved);
  for (const part of [
    "● achieved in 4 cycles, 1h 52m   run kx4m2p",
    "acceptance on commit 3f2a91c0de3f, cycle 4",
    "✓ passed  e2e    score 1  12m 11s  npm run e2e",
    "  1  continue  20 landed, 2 failed\n               3 of 4 acceptance commands fail: unit, e2e, types.",
    "  4  achieved  20 landed, 2 failed",
    "landings   57 landed  51 verified  9 conflicts  1 refused",
    "sessions   241 in all",
    "$12.40 of $50.00 (25%)",
    "branch longhaul/kx4m2p in /home/user/shop",
    "git log --oneline 1f3c9aa0b2d4..longhaul/kx4m2p ",
    "git diff 1f3c9aa0b2d4 longhaul/kx4m2p ",
    "git switch longhaul/kx4m2p ",
    "git merge longhaul/kx4m2p ",
    "green      branch longhaul/kx4m2p-green: the same state",
  ])
    expect(text).toContain(part);
  expect(text).not.toContain("longhaul resume");
});

test("a failed acceptance command tells its exit code, or that it was killed", () => {
  const killed = { ...acceptance("slow", false), exitCode: null };
  const text = plain(
    sampleView({ verdicts: [verdict(1, "continue", "", [acceptance("unit", false, 0.9312), killed])] }),
  );
  expect(text).toMatch(/✗ failed  unit  score 0.9312 .* npm run unit  exit code 1/);
  expect(text).toMatch(/✗ failed  slow .* npm run slow  killed/);
});

test("what the engine overruled is told", () => {
  const overruled = verdict(1, "continue", "", [acceptance("unit", false)]);
  overruled.evidence.remarks.push('The judge said "achieved"; overruled, because acceptance failed: unit.');
  expect(plain(sampleView({ verdicts: [overruled] }))).toContain("overruled, because acceptance failed: unit.");
});

test("weakened tests are told, with the first of them", () => {
  const weakened = verdict(1, "achieved", "", [acceptance("unit", true)]);
  const files = Array.from({ length: 10 }, (_, n) => ({ kind: "deleted" as const, path: `test/${n}.ts`, cases: 2 }));
  weakened.evidence.tests = { ...nothingWeakened, files, cases: { before: 30, after: 10 } };
  const text = plain(sampleView({ verdicts: [weakened] }));
  expect(text).toContain("tests weakened in this cycle (cases 30 → 10, assertions 0 → 0):\n    test/0.ts was deleted");
  expect(text).toContain("2 more");
  expect(text).not.toContain("test/8.ts");
});

test("a paused run tells how to go on", () => {
  const text = plain(samples.paused);
  expect(text).toContain("● paused after 1h 52m   run kx4m2p\n  budget: money: $49.90 of $50.00 spent");
  expect(text).toContain("go on      longhaul resume --run kx4m2p --budget-usd AMOUNT");
});

test("nothing published, a later green, and a branch that a shell would misread", () => {
  const options = { color: false, width: 80 };
  expect(renderSummary(samples.start, { branches: null, repository: "/r" }, options)).toContain(
    "nothing has been published to /r",
  );
  const behind = sampleView({ run: sampleRun({ green: "aaaa" as Commit }) });
  expect(renderSummary(behind, { branches, repository: "/r" }, options)).toContain("what landed later is not proven");
  const odd = renderSummary(behind, { branches: { trunk: "it's $(x)", green: null }, repository: "/r" }, options);
  expect(odd).toContain(`git switch 'it'\\''s $(x)'`);
});

test("many cycles and commands are shortened and counted", () => {
  const results = Array.from({ length: 50 }, (_, i) => acceptance(`c${i}`, true));
  const text = plain(
    sampleView({ verdicts: Array.from({ length: 30 }, (_, i) => verdict(i + 1, "continue", "x", results)) }),
  );
  expect(text).toContain("… 10 more");
  expect(text).toContain("… 10 earlier");
});

test("no run, however hostile its texts, breaks the layout; only commands may be wider", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(anyView, hostileText, fc.integer({ min: 20, max: 160 }), (view, repository, width) => {
      const text = renderSummary(view, { branches, repository }, { color: false, width });
      expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
      const prose = text.slice(0, text.lastIndexOf("\n\nresult"));
      for (const line of prose.split("\n")) expect(cellWidth(line)).toBeLessThanOrEqual(width);
    }),
    { numRuns: 100 },
  );
});

test("colours say nothing that the words do not", () => {
  const colored = renderSummary(
    samples.achieved,
    { branches, repository: "/home/user/shop" },
    { color: true, width: 100 },
  );
  expect(colored).toContain("\u001b[32m");
  expect(stripVTControlCharacters(colored)).toBe(plain(samples.achieved));
});
