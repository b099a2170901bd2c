import { stripVTControlCharacters } from "node:util";
import * as fc from "fast-check";
import { renderToString, Text } from "ink";
import { createElement } from "react";
import { expect, test } from "vitest";
import { cellWidth } from "./cells.ts";
import { renderFrame } from "./frame.ts";
import { restingRun } from "./model-samples.testsuite.ts";
import { anyView } from "./random-views.testsuite.ts";
import { publishDefaults } from "../domain/publish-config.ts";
import type { Run } from "../domain/run.ts";
import { sampleRun, samples, sampleView } from "./samples.testsuite.ts";
import { acceptance, now, verdict } from "./verdict-samples.testsuite.ts";
import { renderStatus } from "./status.ts";
import { cyclesWithoutGain } from "./verdict-section.ts";

const colors = new RegExp(String.raw`\u001b\[[\d;]+m`, "g");
const widest = (screen: string) =>
  Math.max(...screen.split("\n").map((line) => cellWidth(stripVTControlCharacters(line))));
const plain = (name: keyof typeof samples, width: number, height?: number) =>
  renderStatus(samples[name], { color: false, width, ...(height !== undefined && { height }) });

test("no run, however hostile its texts, breaks the layout or reaches the terminal", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(
      anyView,
      fc.integer({ min: 1, max: 220 }),
      fc.integer({ min: 1, max: 70 }),
      fc.boolean(),
      (view, width, height, color) => {
        const screen = renderStatus(view, { color, width, height });
        expect(screen.split("\n").length).toBeLessThanOrEqual(height);
        expect(widest(screen)).toBeLessThanOrEqual(width);
        const text = color ? screen.replaceAll(colors, "") : screen;
        expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
      },
    ),
    { numRuns: 150 },
  );
});

test("a frame of the live view leaves the cursor its row, and ink finds it no wider", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(
      anyView,
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 60 }),
      fc.nat(80),
      fc.option(fc.string()),
      (view, columns, rows, linesMin, problem) => {
        const frame = renderFrame({ view, problem }, { columns, rows }, linesMin, false);
        expect(frame.split("\n").length).toBeLessThanOrEqual(Math.max(1, rows - 1));
        expect(widest(frame)).toBeLessThanOrEqual(columns);
        const drawn = renderToString(createElement(Text, { wrap: "hard" }, frame), { columns });
        expect(drawn.split("\n").length).toBeLessThanOrEqual(Math.max(1, rows - 1));
      },
    ),
    { numRuns: 60 },
  );
});

test.each([
  ["80x24", 80, 24],
  ["100x40", 100, 40],
  ["200x60", 200, 60],
])("2,000 planners and 300 sessions at %s: what is hidden is counted", (_, width, height) => {
  const screen = plain("large", width, height);
  const planners = screen.match(/[●✓✗] p\d+/g) ?? [];
  const hidden = Number(/… (\d+) more: \d+ active/.exec(screen)?.[1]);
  expect(planners.length + hidden).toBe(2_000);
  const running = screen.match(/ s\d+ +(?:worker|planner) /g) ?? [];
  const hiddenSessions = [...screen.matchAll(/… (\d+) more$/gm)].map((match) => Number(match[1]));
  expect(hiddenSessions).toContain(300 - running.length);
  expect(screen).toContain("2000: 1144 active  571 done  285 failed");
});

test("without a height long lists are shortened all the same", () => {
  expect(plain("large", 100).split("\n").length).toBeLessThan(120);
  expect(plain("large", 100)).toMatch(/… 1961 more/);
});

test("what is known of the run stands in its head", () => {
  const screen = plain("middle", 120, 40);
  for (const part of [
    "Migrate the shop from Vue 2",
    "run kx4m2p",
    "● running",
    "cycle 4 working for 41m 00s",
    "1h 52m in all",
    "31 landed  64 running  12 ready  15 blocked  2 failed  1 cancelled",
    "57 landed  51 verified  9 conflicts  1 refused",
    "64 running  18 queued  241 in all",
    "$12.40 of $50.00 (25%) + $1.20 reserved  4.1M tokens",
  ])
    expect(screen).toContain(part);
});

test("a paused run says why and how to go on", () => {
  const run = samples.paused.run;
  expect(renderStatus({ ...samples.paused, running: [] }, { color: false, width: 80 })).toMatch(
    /budget: money: \$49.90 of .*\n  go on: longhaul resume --run kx4m2p --budget-usd AMOUNT\n/,
  );
  const state = {
    status: "paused",
    reason: "interrupted",
    detail: "interrupted (Ctrl-C or SIGTERM)",
    cutAt: now,
  } as const;
  expect(renderStatus(sampleView({ run: { ...run, state } }), { color: false, width: 80 })).toMatch(
    /\n  interrupted \(Ctrl-C or SIGTERM\)\n  go on: longhaul resume --run kx4m2p\n/,
  );
});

test("a run out of tokens asks for tokens", () => {
  const detail = "tokens of run kx4m2p: 90 of 100 used, and what would come next may take up to 20";
  const state = { status: "paused", reason: "budget", detail, cutAt: now } as const;
  expect(renderStatus(sampleView({ run: sampleRun({ state }) }), { color: false, width: 64 })).toMatch(
    /\n {2}budget: tokens of run kx4m2p: 90 of 100 used, and what would\n {2}come next .*\n {2}go on: .* --budget-tokens N\n/,
  );
});

test("a run that no process drives says so", () => {
  const lost = sampleRun({ engine: null });
  expect(renderStatus(sampleView({ run: lost }), { color: false, width: 80 })).toContain("no process drives it");
  expect(plain("middle", 80, 24)).not.toContain("no process drives it");
});

const resting = (width: number) => renderStatus(restingRun, { color: false, width, height: 40 });

test("a provider that rests: for how long, why, who waits, and what was put aside", () => {
  const screen = resting(120);
  expect(screen).toMatch(
    /^ {2}anthropic rests for another 4m 22s; 12 sessions wait\n {4}anthropic\/claude-opus-5: 429 /m,
  );
  const asked = restingRun.resting.map((rest) => ({ ...rest, until: now }));
  const again = (some: object) =>
    renderStatus({ ...restingRun, resting: asked.map((rest) => ({ ...rest, ...some })) }, { color: false, width: 120 });
  expect(again({})).toContain("  anthropic is asked again; 12 sessions wait\n    anthropic/claude-opus-5: 429");
  expect(again({ running: 0, queued: 0 })).not.toContain("429");
  expect(screen).toContain("3 running  18 queued (7 put aside, next in 4m 22s)  241 in all");
});

test("a remote that is behind: why, and what becomes of it", () => {
  const publish = { ...publishDefaults, remote: "https://ada@git.example.org/shop.git", follow: null };
  const mirror = { at: now, faults: ["git push failed: no route to host"], nextAt: now + 240_000 };
  const screen = (some: Partial<Run>) => {
    const run = sampleRun(some);
    run.config = { ...run.config, publish };
    return renderStatus(sampleView({ run, mirror }), { color: false, width: 100 });
  };
  expect(screen({})).toContain(
    "  the remote https://git.example.org/shop.git is behind; tried again in 4m 00s\n    git push failed: no route to host",
  );
  expect(screen({ engine: null })).toContain("is behind; to try again: longhaul resume --run kx4m2p");
  expect(renderStatus(sampleView({ mirror }), { color: false, width: 100 })).not.toContain("behind");
});

test("money and tokens against the budgets of run and cycle, what is reserved apart", () => {
  const screen = resting(120);
  expect(screen).toContain("$12.40 of $50.00 (25%) + $1.20 reserved  4.1M of 20M tokens (21%) + 210k reserved");
  expect(screen).toMatch(/^ {2}cycle 4 {2}\$9\.30 of \$10\.00 \(93%\) {2}2\.3M tokens$/m);
  expect(plain("middle", 120, 40)).not.toMatch(/^ {2}cycle 4/m);
});

test("sessions show their model and what they cost; planners what their scope cost", () => {
  const screen = resting(120);
  expect(screen).toMatch(/worker {3}Port the order .* gpt-5\.4 +\$0\.04 /);
  expect(screen).toMatch(/ strong claude-opus-5 +\$0\.08 /);
  expect(screen).toMatch(/p1 root .*\$9\.30 +4\/7$/m);
  const narrow = resting(58);
  expect(narrow).not.toContain("gpt-5.4");
});

test("scores per cycle show a plateau", () => {
  const verdicts = [0.5, 0.9, 0.9, 0.8].map((value, i) =>
    verdict(i + 1, "continue", "", [acceptance("unit", false, value)]),
  );
  expect(renderStatus(sampleView({ verdicts }), { color: false, width: 80 })).toMatch(
    /cycle +1 +2 +3 +4\n  unit +0.5 +0.9 +0.9 +0.8  no gain for 2 cycles/,
  );
  expect(cyclesWithoutGain([null, 0.5, null, 0.6, null])).toBe(0);
  expect(cyclesWithoutGain([0.6, 0.6, null, 0.6])).toBe(3);
});

test("very many cycles: the newest scores, and how many are hidden", () => {
  const verdicts = Array.from({ length: 40 }, (_, i) =>
    verdict(i + 1, "continue", "", [acceptance("unit", false, i / 40)]),
  );
  expect(renderStatus(sampleView({ verdicts }), { color: false, width: 80 })).toMatch(
    /scores  cycle  … 33 earlier +34 .* 40\n/,
  );
});

test("colour is decided by the caller alone", () => {
  expect(renderStatus(samples.middle, { color: true, width: 80, height: 24 })).toContain(
    "\u001b[36m● running\u001b[39m",
  );
  expect(renderStatus(samples.middle, { color: false, width: 80, height: 24 })).not.toContain("\u001b");
  expect(stripVTControlCharacters(renderStatus(samples.large, { color: true, width: 90, height: 30 }))).toBe(
    plain("large", 90, 30),
  );
});

test("a frame does not shrink below the lines it had, and its footer follows the run", () => {
  const screen = { columns: 80, rows: 40 };
  const frame = (view: typeof samples.start | null, linesMin = 0) =>
    renderFrame({ view, problem: null }, screen, linesMin, false).split("\n");
  expect(frame(samples.start, 30)).toHaveLength(30);
  expect(frame(samples.start, 300)).toHaveLength(39);
  expect(frame(samples.start).at(-1)).toBe("Ctrl-C: finish running sessions, then stop; twice: stop now");
  expect(frame(samples.paused).at(-1)).toBe("Finishing 3 running sessions, for at most 9m 40s   Ctrl-C: stop now");
  expect(frame(samples.achieved).at(-1)).toBe("The run has ended");
  expect(frame(null).at(-1)).toContain("Reading the run");
});
