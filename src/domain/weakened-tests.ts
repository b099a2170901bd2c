/**
 * What a cycle did to the tests, as far as it can be counted: a report for the judge and the operator, never a verdict. A
 * migration may rightly delete tests; whoever accepts that has to know of it.
 */
import { assertNever } from "./assert.ts";
import { isTestPath, testLanguageOf } from "./test-languages.ts";
import { countTests, noTests, type TestCounts } from "./test-counts.ts";
import { testReportLimits } from "./limits.ts";
import type { LowerTotals } from "./test-totals.ts";

/** One side of a changed file. `text` null: it was not read, because it is too large or holds no text. */
export type FileSide = { path: string; text: string | null };

/** `before` null: it is new. `after` null: it is gone. Both with two paths: it was renamed. */
export type ChangedFile = { before: FileSide | null; after: FileSide | null };

type Counted = { before: number; after: number };

export type WeakenedTest =
  | { kind: "deleted"; path: string; cases: number }
  /** It is still there, where no test runner would look for it. */
  | { kind: "moved_away"; path: string; to: string; cases: number }
  /** How many more there are of each mark. */
  | { kind: "marked"; path: string; marks: { [mark: string]: number } }
  | { kind: "fewer"; path: string; cases: Counted; assertions: Counted };

export type TestReport = {
  files: WeakenedTest[];
  /** Acceptance commands and checks whose runners told of fewer tests than at the end of the last cycle. */
  totals: LowerTotals[];
  /** All changed files of tests together: what one lost another may have got. */
  cases: Counted;
  assertions: Counted;
  /** Findings that are not in `files`, and changed files that were not looked into. */
  omitted: number;
  unread: number;
};

export const nothingWeakened: TestReport = {
  files: [],
  totals: [],
  cases: { before: 0, after: 0 },
  assertions: { before: 0, after: 0 },
  omitted: 0,
  unread: 0,
};

/** Takes changed files one by one, so that their texts need not be held together. */
export class TestComparison {
  readonly #found: WeakenedTest[] = [];
  readonly #sums = { cases: { before: 0, after: 0 }, assertions: { before: 0, after: 0 } };
  #omitted = 0;
  #unread = 0;

  add(file: ChangedFile): void {
    const [before, after] = [countsOf(file.before), countsOf(file.after)];
    if (before === null || after === null) this.#unread++;
    const [was, is] = [before ?? noTests, after ?? noTests];
    for (const what of ["cases", "assertions"] as const) {
      this.#sums[what].before += was[what];
      this.#sums[what].after += is[what];
    }
    for (const finding of weakenedIn(file, was, is))
      if (this.#found.length < testReportLimits.findingsMax) this.#found.push(finding);
      else this.#omitted++;
  }

  /** `omitted`: changed files that were not added. */
  report(totals: LowerTotals[], omitted: number): TestReport {
    return { files: this.#found, totals, ...this.#sums, omitted: this.#omitted, unread: this.#unread + omitted };
  }
}

/** What is there of tests; null: that is not known. */
function countsOf(side: FileSide | null): TestCounts | null {
  if (side === null) return noTests;
  return side.text === null ? null : countTests(side.path, side.text);
}

function weakenedIn({ before, after }: ChangedFile, was: TestCounts, is: TestCounts): WeakenedTest[] {
  if (before === null) return after === null ? [] : marked(after, was, is);
  // In a language whose tests stand beside the code, a file without any is none of ours.
  if (!isTestPath(before.path) && was.cases === 0) return after === null ? [] : marked(after, was, is);
  const { path } = before;
  if (after === null) return [{ kind: "deleted", path, cases: was.cases }];
  if (isTestPath(path) && !isStillTest(after, is))
    return [{ kind: "moved_away", path, to: after.path, cases: was.cases }];
  if (before.text === null || after.text === null) return [];
  const fewer = is.cases < was.cases || is.assertions < was.assertions;
  return [
    ...marked(after, was, is),
    ...(fewer ? [{ kind: "fewer" as const, path: after.path, ...difference(was, is) }] : []),
  ];
}

const isStillTest = ({ path }: FileSide, { cases }: TestCounts) =>
  isTestPath(path) || (testLanguageOf(path)?.inline === true && cases > 0);

const difference = (was: TestCounts, is: TestCounts) => ({
  cases: { before: was.cases, after: is.cases },
  assertions: { before: was.assertions, after: is.assertions },
});

function marked({ path }: FileSide, was: TestCounts, is: TestCounts): WeakenedTest[] {
  const more = Object.entries(is.marks).flatMap(([mark, count]) => {
    const added = count - (was.marks[mark] ?? 0);
    return added > 0 ? [[mark, added] as const] : [];
  });
  return more.length === 0 ? [] : [{ kind: "marked", path, marks: Object.fromEntries(more) }];
}

/** How many findings there are. */
export const weakenedCount = ({ files, totals, omitted }: TestReport): number => files.length + totals.length + omitted;

/** One line for each finding that is told; `quote` shows a path or a command's name. */
export function weakenedWords({ files, totals }: TestReport, quote: (path: string) => string): string[] {
  return [...files.map((finding) => fileWords(finding, quote)), ...totals.map((total) => totalWords(total, quote))];
}

function fileWords(finding: WeakenedTest, quote: (path: string) => string): string {
  const path = quote(finding.path);
  switch (finding.kind) {
    case "deleted":
      return `${path} was deleted (cases: ${finding.cases})`;
    case "moved_away":
      return `${path} was moved to ${quote(finding.to)}, which is no file of tests (cases: ${finding.cases})`;
    case "marked":
      return `${path} has more marks: ${Object.entries(finding.marks)
        .map(([mark, count]) => `${count} × ${mark}`)
        .join(", ")}`;
    case "fewer":
      return `${path} has less: ${countedWords(finding)}`;
    default:
      return assertNever(finding, "finding");
  }
}

export const countedWords = ({ cases, assertions }: Pick<TestReport, "cases" | "assertions">): string =>
  `cases ${cases.before} → ${cases.after}, assertions ${assertions.before} → ${assertions.after}`;

function totalWords({ name, before, after }: LowerTotals, quote: (name: string) => string): string {
  const was = `${before.ran} ran (${before.runner}) at the end of the last cycle`;
  return after === null
    ? `${quote(name)}: told of no tests any more; ${was}`
    : `${quote(name)}: ${after.ran} tests ran, ${after.skipped} were skipped; ${was}, ${before.skipped} were skipped`;
}
