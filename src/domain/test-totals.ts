/**
 * How many tests a command's output says it ran. Pure. Reads what common runners print last; what it does not know, or finds
 * cut in the middle where it would have to add up, is null.
 */
import { isCut } from "./text.ts";

/** `ran`: passed or failed. */
export type TestTotals = { runner: string; ran: number; skipped: number };

/** A command that told of fewer tests than before; `after` null: it passed, and told of none at all. */
export type LowerTotals = { name: string; before: TestTotals; after: TestTotals | null };

type Reader = { runner: string; read(output: string): { ran: number; skipped: number } | null };

/** The first that finds its own words reads; those whose words others print too come last. */
const readers: readonly Reader[] = [
  // Tests  2 failed | 30 passed | 1 skipped (33)
  { runner: "vitest", read: (output) => counted(lastLine(output, /^ *Tests {2,}(.*\(\d+\).*)$/gm)) },
  // Tests:       1 failed, 2 skipped, 30 passed, 33 total
  { runner: "jest", read: (output) => counted(lastLine(output, /^ *Tests: +(.*\b\d+ total.*)$/gm)) },
  // === 3 failed, 30 passed, 1 skipped in 1.23s ===
  {
    runner: "pytest",
    read: (output) =>
      counted(
        lastLine(output, /^=* ?(\d+ (?:passed|failed|skipped|xfailed|error|deselected).{0,200}) in [\d.]+ ?m?s/gm),
      ),
  },
  // test result: ok. 30 passed; 0 failed; 2 ignored; …
  { runner: "cargo", read: (output) => addUp(output, /^test result: [^\n]{0,200}$/gm, counted) },
  // Tests run: 12, Failures: 0, Errors: 0, Skipped: 1
  { runner: "junit", read: readJunit },
  // [        30 tests successful      ]
  { runner: "junit console", read: readJunitConsole },
  // ℹ tests 30 … # pass 28
  { runner: "node", read: readNode },
  // 30 passing (1s)
  {
    runner: "mocha",
    read: (output) =>
      counts(output, {
        ran: [/^ *(\d{1,9}) passing\b/gm, /^ *(\d{1,9}) failing\b/gm],
        skipped: [/^ *(\d{1,9}) pending\b/gm],
      }),
  },
  // 30 examples, 2 failures, 1 pending
  { runner: "rspec", read: readRspec },
  // Ran 30 tests in 0.1s … OK (skipped=1)
  { runner: "unittest", read: readUnittest },
  // OK (30 tests, 60 assertions); Tests: 30, Assertions: 60, Skipped: 2.
  { runner: "phpunit", read: readPhpunit },
  // Passed!  - Failed:     0, Passed:    30, Skipped:     1, Total:    31
  {
    runner: "dotnet",
    read: (output) => addUp(output, /Failed: +\d+, Passed: +\d+, Skipped: +\d+, Total: +\d+/g, readDotnet),
  },
  // --- PASS: TestX (0.00s); without -v only: ok  example.org/x 0.01s
  { runner: "go", read: readGo },
];

export function readTotals(output: string): TestTotals | null {
  // eslint-disable-next-line no-control-regex
  const plain = output.replace(/\u001b\[[\d;]{0,20}[A-Za-z]/g, "").replaceAll("\r", "");
  for (const { runner, read } of readers) {
    const totals = read(plain);
    if (totals !== null) return { runner, ...totals };
  }
  return null;
}

/** What came of a command. */
type Ended = { name: string; passed: boolean; output: string };

/** Commands of the same name that told of fewer tests that ran, or, though they passed, of none any more. */
export function lowerTotals(before: readonly Ended[], after: readonly Ended[]): LowerTotals[] {
  return after.flatMap(({ name, passed, output }): LowerTotals[] => {
    const earlier = before.find((result) => result.name === name);
    const was = earlier === undefined ? null : readTotals(earlier.output);
    if (was === null || was.ran === 0) return [];
    const is = readTotals(output);
    if (is === null) return passed && !isCut(output) ? [{ name, before: was, after: null }] : [];
    // Of two runners nobody can tell which is more.
    return is.runner === was.runner && is.ran < was.ran ? [{ name, before: was, after: is }] : [];
  });
}

const lastLine = (output: string, pattern: RegExp): string | null => [...output.matchAll(pattern)].at(-1)?.[1] ?? null;

const ranWords = "passed|failed|pass|fail|xpassed|error|errors";
const skippedWords = "skipped|todo|ignored|pending|xfailed|deselected";

/** From words such as `30 passed, 2 skipped`. */
function counted(line: string | null): { ran: number; skipped: number } | null {
  if (line === null) return null;
  const sum = (words: string) =>
    [...line.matchAll(new RegExp(`\\b(\\d{1,9}) (?:${words})\\b`, "g"))].reduce((all, [, n]) => all + Number(n), 0);
  return { ran: sum(ranWords), skipped: sum(skippedWords) };
}

/** One summary for each part of a run: only whole outputs have all of them. */
function addUp(
  output: string,
  pattern: RegExp,
  read: (line: string) => { ran: number; skipped: number } | null,
): { ran: number; skipped: number } | null {
  const parts = [...output.matchAll(pattern)].map(([line]) => read(line) ?? { ran: 0, skipped: 0 });
  if (parts.length === 0 || isCut(output)) return null;
  return parts.reduce((all, { ran, skipped }) => ({ ran: all.ran + ran, skipped: all.skipped + skipped }));
}

/** The last of each kind, added up; null when none of those that count what ran is there. */
function counts(
  output: string,
  { ran, skipped }: { ran: readonly RegExp[]; skipped: readonly RegExp[] },
): { ran: number; skipped: number } | null {
  const last = (pattern: RegExp) => lastLine(output, pattern);
  if (ran.every((pattern) => last(pattern) === null)) return null;
  const sum = (patterns: readonly RegExp[]) => patterns.reduce((all, pattern) => all + Number(last(pattern) ?? 0), 0);
  return { ran: sum(ran), skipped: sum(skipped) };
}

/** A line for each class, and one for all of them: the largest is the sum, where there is one. */
function readJunit(output: string): { ran: number; skipped: number } | null {
  const pattern = /Tests run: (\d{1,9}), Failures: \d+, Errors: \d+(?:, Skipped: (\d{1,9}))?([^\n]{0,200})/g;
  const lines = [...output.matchAll(pattern)].map(([, run, skipped = "0", rest = ""]) => ({
    ran: Number(run) - Number(skipped),
    skipped: Number(skipped),
    isClass: /Time elapsed/.test(rest),
  }));
  const sums = lines.filter(({ isClass }) => !isClass);
  if (lines.length === 0 || (sums.length === 0 && isCut(output))) return null;
  const parts = sums.length > 0 ? sums : lines;
  return parts.reduce((all, { ran, skipped }) => ({ ran: all.ran + ran, skipped: all.skipped + skipped }), {
    ran: 0,
    skipped: 0,
  });
}

function readJunitConsole(output: string): { ran: number; skipped: number } | null {
  return counts(output, {
    ran: [/^\[ *(\d{1,9}) tests successful *\]/gm, /^\[ *(\d{1,9}) tests failed *\]/gm],
    skipped: [/^\[ *(\d{1,9}) tests skipped *\]/gm],
  });
}

function readNode(output: string): { ran: number; skipped: number } | null {
  return counts(output, {
    ran: [/^(?:#|ℹ) pass (\d{1,9})$/gm, /^(?:#|ℹ) fail (\d{1,9})$/gm],
    skipped: [/^(?:#|ℹ) skipped (\d{1,9})$/gm, /^(?:#|ℹ) todo (\d{1,9})$/gm],
  });
}

function readRspec(output: string): { ran: number; skipped: number } | null {
  const last = [...output.matchAll(/^(\d{1,9}) (?:examples?|runs), \d+ (?:failures?|assertions)[^\n]{0,200}$/gm)].at(
    -1,
  );
  if (!last) return null;
  const skipped = Number(/(\d{1,9}) (?:pending|skips)/.exec(last[0])?.[1] ?? 0);
  return { ran: Number(last[1]) - skipped, skipped };
}

function readUnittest(output: string): { ran: number; skipped: number } | null {
  const all = lastLine(output, /^Ran (\d{1,9}) tests? in /gm);
  if (all === null) return null;
  const skipped = Number(lastLine(output, /^(?:OK|FAILED) \([^)\n]{0,200}?skipped=(\d{1,9})/gm) ?? 0);
  return { ran: Number(all) - skipped, skipped };
}

function readPhpunit(output: string): { ran: number; skipped: number } | null {
  const all = lastLine(output, /^OK \((\d{1,9}) tests?, /gm) ?? lastLine(output, /^Tests: (\d{1,9}), Assertions: /gm);
  if (all === null) return null;
  const skipped = Number(lastLine(output, /^Tests: [^\n]{0,200}?Skipped: (\d{1,9})/gm) ?? 0);
  return { ran: Number(all) - skipped, skipped };
}

function readDotnet(line: string): { ran: number; skipped: number } {
  const number = (word: string) => Number(new RegExp(`${word}: +(\\d+)`).exec(line)?.[1] ?? 0);
  return { ran: number("Failed") + number("Passed"), skipped: number("Skipped") };
}

function readGo(output: string): { ran: number; skipped: number } | null {
  if (isCut(output)) return null;
  const count = (pattern: RegExp) => [...output.matchAll(pattern)].length;
  const ran = count(/^ *--- (?:PASS|FAIL): /gm);
  if (ran > 0) return { ran, skipped: count(/^ *--- SKIP: /gm) };
  // Packages, where no single tests are printed.
  const packages = count(/^(?:ok|FAIL) *\t\S+\t/gm);
  return packages > 0 ? { ran: packages, skipped: count(/\[no test files\]$/gm) } : null;
}
