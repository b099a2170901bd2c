/** The end of `longhaul run`: what came of it, on which evidence, where the result is, and how to go on. */
import { idText } from "../domain/ids.ts";
import type { Run } from "../domain/run.ts";
import type { AcceptanceResult } from "../domain/verdict.ts";
import { countedWords, weakenedCount, weakenedWords, type TestReport } from "../domain/weakened-tests.ts";
import type { RunView } from "../engine/views.ts";
import { counted, duration, score, took } from "./amounts.ts";
import { cellWidth, fit, phrase, wrap } from "./cells.ts";
import { costWords, goalLine, mirrorLines, pauseWords, resumeCommand, stateTone, taskWords } from "./head.ts";
import { paint, quiet, strong, toned, type Line, type Paint } from "./paint.ts";
import { landingLines } from "./landing-lines.ts";
import { label, labelWidth, more } from "./section.ts";
import { safeText } from "./safe-text.ts";

type SummaryExtra = {
  /** As published in the user's repository; null: nothing has been published. */
  branches: { trunk: string; green: string | null } | null;
  repository: string;
};

const acceptanceRowsMax = 40;
const findingRowsMax = 8;
const cycleRowsMax = 20;
const runningRowsMax = 10;
const reasonLinesMax = 4;
const summaryLinesMax = 2;
const remarkLinesMax = 3;
const nameCellsMax = 28;
const commandCellsMax = 40;
const commitCells = 12;

/** Never wider than `width`, but for the commands at its end: they are there to be copied, so they are never cut. */
export function renderSummary(view: RunView, extra: SummaryExtra, options: Paint): string {
  const { width } = options;
  const prose = [
    ...outcomeLines(view, width),
    ...evidenceLines(view, width),
    ...cycleLines(view, width),
    [],
    ...countLines(view),
    ...stillRunning(view),
    ...mirrorLines(view, width),
  ];
  const commands = [...resultLines(view.run, extra), ...goOnLines(view.run)];
  return [paint(prose, options), ...commands.map((line) => paint([line], { ...options, width: Infinity }))].join("\n");
}

function outcomeLines({ run, now, cycle }: RunView, width: number): Line[] {
  const { state } = run;
  const lasted = duration((state.status === "ended" ? state.at : now) - run.createdAt);
  const cycles = cycle ? ` in ${counted(cycle.number, "cycle")}` : "";
  const words = state.status === "ended" ? `${state.outcome}${cycles}, ${lasted}` : `${state.status} after ${lasted}`;
  const why = state.status === "running" ? "" : state.status === "paused" ? pauseWords(state) : state.reason;
  return [
    [toned(stateTone(run), `● ${words}`), `   run ${run.id}`],
    ...wrap(why, width - 2, reasonLinesMax).map((line): Line => [`  ${line}`]),
    [quiet(`  goal: ${goalLine(run.goal)}`)],
  ];
}

/** What the last verdict rests on. */
function evidenceLines({ verdicts }: RunView, width: number): Line[] {
  const last = verdicts.at(-1);
  if (!last) return [];
  const { acceptance, commit, remarks, tests } = last.evidence;
  const on = `on commit ${commit.slice(0, commitCells)}, cycle ${last.cycle}`;
  const hidden = acceptance.length - acceptanceRowsMax;
  return [
    [],
    [
      strong("acceptance".padEnd(labelWidth)),
      acceptance.length === 0 ? "no acceptance commands: the judge alone decided" : on,
    ],
    ...acceptanceRows(acceptance.slice(0, acceptanceRowsMax)),
    ...(hidden > 0 ? [more(hidden, "  ")] : []),
    ...remarks.flatMap((remark) =>
      wrap(remark, width - 2, remarkLinesMax).map((line): Line => [toned("warn", `  ${line}`)]),
    ),
    ...testLines(tests, width),
  ];
}

function testLines(report: TestReport, width: number): Line[] {
  const found = weakenedWords(report, phrase);
  if (found.length === 0) return [];
  const hidden = weakenedCount(report) - Math.min(found.length, findingRowsMax);
  return [
    [toned("warn", `  tests weakened in this cycle (${countedWords(report)}):`)],
    ...found
      .slice(0, findingRowsMax)
      .map((words): Line => [`    ${fit(phrase(words), Math.max(1, width - 4)).trimEnd()}`]),
    ...(hidden > 0 ? [more(hidden, "    ")] : []),
  ];
}

function acceptanceRows(results: readonly AcceptanceResult[]): Line[] {
  const texts = results.map((result) => ({
    result,
    name: phrase(result.name),
    // A text of the config that names no command of its own is both.
    command: result.command === result.name ? "" : phrase(result.command),
    score: result.score === null ? "" : `score ${score(result.score)}`,
    time: took(result.ms),
  }));
  const widest = (of: (text: (typeof texts)[number]) => string, max: number) =>
    Math.min(max, Math.max(0, ...texts.map((text) => cellWidth(of(text)))));
  const name = widest((text) => text.name, nameCellsMax);
  const command = widest((text) => text.command, commandCellsMax);
  const scores = widest((text) => text.score, 20);
  const time = widest((text) => text.time, 10);
  const column = (text: string, cells: number, align: "left" | "right" = "left") =>
    cells === 0 ? "" : `  ${fit(text, cells, align)}`;
  return texts.map(({ result, ...text }): Line => {
    const verdict = result.passed ? toned("good", "  ✓ passed") : toned("bad", "  ✗ failed");
    const exit = result.passed ? "" : result.exitCode === null ? "  killed" : `  exit code ${result.exitCode}`;
    return [
      verdict,
      column(text.name, name),
      column(text.score, scores),
      column(text.time, time, "right"),
      quiet(column(text.command, command)),
      toned("bad", exit),
    ];
  });
}

/** Oldest first, as it went; of very many cycles the newest. */
function cycleLines({ verdicts }: RunView, width: number): Line[] {
  if (verdicts.length === 0) return [];
  const shown = verdicts.slice(-cycleRowsMax);
  const hidden = verdicts.length - shown.length;
  const number = Math.max(...verdicts.map(({ cycle }) => String(cycle).length));
  const lead = 2 + number + 2 + "continue".length + 2;
  return [
    [],
    [strong("cycles")],
    ...(hidden > 0 ? [[quiet(`  … ${hidden} earlier`)]] : []),
    ...shown.flatMap(({ cycle, verdict, summary, evidence }) => {
      const { landed, failed, cancelled } = evidence.tasks;
      const tasks = `${landed} landed${failed > 0 ? `, ${failed} failed` : ""}${cancelled > 0 ? `, ${cancelled} cancelled` : ""}`;
      const first: Line = [
        `  ${String(cycle).padStart(number)}  `,
        toned(verdict === "achieved" ? "good" : verdict === "stop" ? "warn" : null, verdict.padEnd("continue".length)),
        `  ${tasks}`,
      ];
      return [
        first,
        ...wrap(summary, Math.max(1, width - lead), summaryLinesMax).map((line): Line => [
          quiet(`${" ".repeat(lead)}${line}`),
        ]),
      ];
    }),
  ];
}

function countLines(view: RunView): Line[] {
  const { run, tasksOfRun, sessions } = view;
  const { blocked, ready, running } = tasksOfRun;
  const open = blocked + ready + running;
  const tasks: Line =
    open > 0
      ? taskWords(tasksOfRun)
      : [
          toned("good", `${tasksOfRun.landed} landed`),
          `  ${tasksOfRun.failed} failed  ${tasksOfRun.cancelled} cancelled`,
        ];
  return [
    [label("tasks"), ...tasks],
    ...landingLines(view),
    [label("sessions"), `${sessions} in all`],
    [label("cost"), ...costWords(run), ...(run.spend.tokens > 0 ? [quiet("   longhaul costs says on what")] : [])],
  ];
}

/** A pause leaves no session behind; when one is left all the same, its id leads to its log. */
function stillRunning({ running }: RunView): Line[] {
  if (running.length === 0) return [];
  const hidden = running.length - runningRowsMax;
  const ids = running.slice(0, runningRowsMax).map(({ id }) => idText("session", id));
  return [[label("running"), toned("warn", `${ids.join(" ")}${hidden > 0 ? ` … ${hidden} more` : ""}`)]];
}

function resultLines(run: Run, { branches, repository }: SummaryExtra): Line[] {
  const where = safeText(repository);
  if (!branches) return [[], [strong("result".padEnd(labelWidth)), `nothing has been published to ${where}`]];
  const [base, trunk] = [run.base.slice(0, commitCells), shellWord(branches.trunk)];
  const commands = [
    [`git log --oneline ${base}..${trunk}`, "what landed"],
    [`git diff ${base} ${trunk}`, "all of it as one change"],
    [`git switch ${trunk}`, "try it"],
    [`git merge ${trunk}`, "take it into your branch"],
  ] as const;
  const widest = Math.max(...commands.map(([command]) => command.length));
  const branch = `branch ${safeText(branches.trunk)} in ${where}`;
  if (run.tip === run.base) return [[], [strong("result".padEnd(labelWidth)), `nothing has landed yet; ${branch}`]];
  return [
    [],
    [strong("result".padEnd(labelWidth)), branch],
    ...commands.map(([command, why]): Line => [`  ${command.padEnd(widest)}`, quiet(`   # ${why}`)]),
    ...greenLines(run, branches.green),
  ];
}

/** Without checks there is no green state, and nothing to say. */
function greenLines({ green, tip }: Run, branch: string | null): Line[] {
  if (branch === null) return [];
  const which =
    green === tip
      ? "the same state: the checks passed on it"
      : "the newest state on which the checks passed; what landed later is not proven";
  return [[label("green"), `branch ${safeText(branch)}: ${which}`]];
}

function goOnLines(run: Run): Line[] {
  const { status } = run.state;
  if (status === "ended") return [];
  return [[], [strong("go on".padEnd(labelWidth)), resumeCommand(run)]];
}

/** Quoted when a shell would read more into it than a word. */
function shellWord(word: string): string {
  const plain = safeText(word);
  return /^[\w./@:+-]+$/.test(plain) ? plain : `'${plain.replaceAll("'", `'\\''`)}'`;
}
