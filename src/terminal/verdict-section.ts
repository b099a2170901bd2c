/** What the judge said, cycle by cycle, and the scores: a table in which a plateau can be seen. */
import type { VerdictKind } from "../domain/verdict.ts";
import { weakenedCount } from "../domain/weakened-tests.ts";
import type { RunView } from "../engine/views.ts";
import { counted, score } from "./amounts.ts";
import { cellWidth, fit, phrase } from "./cells.ts";
import { quiet, strong, toned, type Line, type Span, type Tone } from "./paint.ts";
import { label, listSection, type Section } from "./section.ts";

type VerdictView = RunView["verdicts"][number];

const verdictTone: { [V in VerdictKind]: Tone | null } = { achieved: "good", continue: null, stop: "warn" };
const verdictCells = "continue".length;
const nameCellsMax = 24;

/** Newest first. */
export function verdictSection(verdicts: readonly VerdictView[], rowsMax: number): Section | null {
  const last = verdicts.at(-1);
  if (!last) return null;
  const newest = verdicts.toReversed();
  const cycleCells = String(last.cycle).length;
  return {
    least: 1,
    wanted: Math.min(newest.length, rowsMax),
    lines(rows) {
      const hidden = Math.max(0, newest.length - rows);
      return newest.slice(0, rows).map((verdict, i): Line => {
        // The count of what is hidden stands in the label column: here a row of its own would cost a verdict.
        const before = i === 0 ? "verdicts" : i === rows - 1 && hidden > 0 ? `… ${hidden} more` : "";
        return [label(before), ...verdictSpans(verdict, cycleCells)];
      });
    },
  };
}

function verdictSpans({ cycle, verdict, summary, evidence }: VerdictView, cycleCells: number): Span[] {
  const { acceptance, tests } = evidence;
  const weakened = weakenedCount(tests);
  const passed = acceptance.filter((result) => result.passed).length;
  return [
    `cycle ${String(cycle).padStart(cycleCells)}  `,
    toned(verdictTone[verdict], verdict.padEnd(verdictCells)),
    ...(acceptance.length > 0 ? [`  ${passed}/${acceptance.length} pass`] : []),
    ...(weakened > 0 ? [toned("warn", `  ${counted(weakened, "finding")} of weakened tests`)] : []),
    quiet(`  ${phrase(summary)}`),
  ];
}

/** Scores by acceptance command, oldest cycle first; `null` where a cycle has none. */
type ScoreRow = { name: string; scores: (number | null)[] };

function scoreRows(verdicts: readonly VerdictView[]): ScoreRow[] {
  const names = new Set<string>();
  const byCycle = verdicts.map(({ evidence }) => {
    const scores = new Map<string, number>();
    for (const result of evidence.acceptance) {
      if (result.score === null) continue;
      names.add(result.name);
      scores.set(result.name, result.score);
    }
    return scores;
  });
  return [...names].map((name) => ({ name, scores: byCycle.map((scores) => scores.get(name) ?? null) }));
}

/** For how many cycles, up to the last one, a score has not become better than it ever was. */
export function cyclesWithoutGain(scores: readonly (number | null)[]): number {
  let [best, bestAt, last] = [-Infinity, 0, 0];
  for (const [i, value] of scores.entries()) {
    if (value === null) continue;
    last = i;
    if (value > best) [best, bestAt] = [value, i];
  }
  return last - bestAt;
}

export function scoreSection(verdicts: readonly VerdictView[], width: number, rowsMax: number): Section | null {
  const rows = scoreRows(verdicts);
  if (rows.length === 0) return null;
  const name = Math.min(
    nameCellsMax,
    Math.floor(width / 3),
    Math.max(...rows.map((row) => cellWidth(phrase(row.name)))),
  );
  const texts = rows.map(({ scores }) => scores.map((value) => (value === null ? "·" : score(value))));
  const cell = Math.max(
    ...verdicts.map(({ cycle }) => String(cycle).length),
    ...texts.flat().map((text) => text.length),
  );
  const note = Math.max(...rows.map((row) => plateau(row).length));
  const left = Math.max("scores  cycle".length, name + 2);
  const fitting = (cells: number) => Math.max(1, Math.floor((width - cells - note) / (cell + 2)));
  const earlier = (hidden: number) => (hidden > 0 ? `  … ${hidden} earlier` : "");
  const all = verdicts.length <= fitting(left);
  const from = all ? 0 : Math.max(0, verdicts.length - fitting(left + earlier(verdicts.length).length));
  const columns = (values: string[]) =>
    values
      .slice(from)
      .map((value) => `  ${value.padStart(cell)}`)
      .join("");
  const head: Line = [
    strong("scores"),
    quiet("cycle".padStart(left - "scores".length)),
    quiet(earlier(from) + columns(verdicts.map(({ cycle }) => String(cycle)))),
  ];
  const items = rows.map((row, i) => ({ row, text: texts[i] ?? [] }));
  return listSection(head, items, rowsMax, ({ row, text }) => [
    `  ${fit(phrase(row.name), left - 2)}${" ".repeat(earlier(from).length)}`,
    columns(text),
    toned(cyclesWithoutGain(row.scores) > 1 ? "warn" : "quiet", plateau(row)),
  ]);
}

function plateau({ scores }: ScoreRow): string {
  const cycles = cyclesWithoutGain(scores);
  return cycles > 0 ? `  no gain for ${counted(cycles, "cycle")}` : "";
}
