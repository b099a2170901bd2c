/** The head of a screen: what the run is for, what state it is in, and its counts. */
import { usd } from "../domain/budget.ts";
import type { Run } from "../domain/run.ts";
import { assertNever } from "../domain/assert.ts";
import type { TaskStatus } from "../domain/task.ts";
import type { RunView, TaskCounts } from "../engine/views.ts";
import { count, counted, duration, percent } from "./amounts.ts";
import { phrase } from "./cells.ts";
import { lineWidth, quiet, strong, toned, type Line, type Span, type Tone } from "./paint.ts";
import { label, labelWidth } from "./section.ts";

/** The goal's first line that says something. Goals may be long files; a screen shows one line. */
export function goalLine(goal: string): string {
  const start = goal.slice(0, 4_000).trim();
  return phrase(start.split(/[\r\n]/, 1)[0] ?? "") || "(no goal)";
}

export function headLines(view: RunView, width: number): Line[] {
  return [
    [strong(goalLine(view.run.goal))],
    stateLine(view),
    ...stateNotes(view),
    [],
    tasksLine(view, width),
    ...countLines(view),
  ];
}

export function stateTone({ state }: Pick<Run, "state">): Tone {
  switch (state.status) {
    case "running":
      return "busy";
    case "paused":
    case "stopping":
      return "warn";
    case "ended":
      return state.outcome === "achieved" ? "good" : "warn";
    default:
      return assertNever(state, "run state");
  }
}

function stateLine({ run, cycle, now }: RunView): Line {
  const { state } = run;
  const word = state.status === "ended" ? state.outcome : state.status;
  const until = state.status === "ended" ? state.at : now;
  return [
    `run ${run.id}   `,
    toned(stateTone(run), `● ${word}`),
    ...(cycle ? [`   cycle ${cycle.number} ${cycleWords(cycle, now)}`] : []),
    `   ${duration(until - run.createdAt)} in all`,
  ];
}

function cycleWords(cycle: NonNullable<RunView["cycle"]>, now: number): string {
  const { state, startedAt } = cycle;
  return state.status === "ended"
    ? `ended after ${duration(state.at - startedAt)}`
    : `${state.status} for ${duration(now - startedAt)}`;
}

/** Why the run is not going on, and what the operator can do about it. The command stands on its own line: it is copied. */
function stateNotes({ run, now, running }: RunView): Line[] {
  const { state } = run;
  const goOn: Line = [`  go on: ${resumeCommand(run)}`];
  switch (state.status) {
    case "paused":
      // While sessions finish, the run's own process is still at it.
      return [[toned("warn", `  ${pauseWords(state)}`)], ...(running.length > 0 ? [] : [goOn])];
    case "stopping":
      return [[toned("warn", `  ${phrase(state.reason)}`)], ...(driven(run, now) ? [] : [goOn])];
    case "ended":
      return [[toned(stateTone(run), `  ${phrase(state.reason)}`)]];
    case "running":
      return driven(run, now) ? [] : [[toned("warn", "  no process drives it")], goOn];
    default:
      return assertNever(state, "run state");
  }
}

/** The details of the operator's own pauses say who it was. */
export function pauseWords({ reason, detail }: Extract<Run["state"], { status: "paused" }>): string {
  return phrase(reason === "budget" || reason === "judge" ? `${reason}: ${detail}` : detail);
}

const driven = ({ engine }: Run, now: number) => engine !== null && engine.leaseUntil > now;

/** What makes a run go on, with the options that its pause asks for. */
export function resumeCommand({ id, state, config: { budget } }: Run): string {
  if (state.status !== "paused" || state.reason !== "budget") return `longhaul resume --run ${id}`;
  // What would come next did not fit: neither of them need be used up to the last.
  const tokens = budget.tokens !== null && (budget.microUsd === null || state.detail.startsWith("tokens"));
  return `longhaul resume --run ${id} ${tokens ? "--budget-tokens N" : "--budget-usd AMOUNT"}`;
}

/** From what is certain to what waits; each state has its own glyph, so that the bar can be read without colours. */
const bar: readonly { status: TaskStatus; glyph: string; tone: Tone | null }[] = [
  { status: "landed", glyph: "█", tone: "good" },
  { status: "failed", glyph: "×", tone: "bad" },
  { status: "cancelled", glyph: "-", tone: "quiet" },
  { status: "running", glyph: "▓", tone: "busy" },
  { status: "ready", glyph: "▒", tone: null },
  { status: "blocked", glyph: "░", tone: "quiet" },
];

/** One for each state; where there is no room for that, the numbers alone must do. */
const barCellsMin = bar.length;

function tasksLine({ tasks }: RunView, width: number): Line {
  const words = taskWords(tasks);
  const room = width - labelWidth - 2 - lineWidth(words);
  const cells = Math.min(room, width >= 120 ? 40 : width >= 96 ? 24 : 12);
  return [label("tasks"), ...(cells < barCellsMin ? [] : [...taskBar(tasks, cells), "  "]), ...words];
}

/** Ended ones only when there are any: they are the news. */
export function taskWords(tasks: TaskCounts): Span[] {
  const words: Span[] = [
    toned("good", `${tasks.landed} landed`),
    `  ${tasks.running} running  ${tasks.ready} ready  ${tasks.blocked} blocked`,
  ];
  if (tasks.failed > 0) words.push("  ", toned("bad", `${tasks.failed} failed`));
  if (tasks.cancelled > 0) words.push("  ", quiet(`${tasks.cancelled} cancelled`));
  return words;
}

/** Each state that occurs gets at least one cell; the widest ones give way. */
function taskBar(tasks: TaskCounts, cells: number): Span[] {
  const total = bar.reduce((sum, { status }) => sum + tasks[status], 0);
  if (total === 0) return [quiet("·".repeat(cells))];
  const parts = bar.map(({ status }) =>
    tasks[status] === 0 ? 0 : Math.max(1, Math.round((tasks[status] / total) * cells)),
  );
  for (let sum = parts.reduce((a, b) => a + b, 0); sum !== cells; sum += sum < cells ? 1 : -1) {
    const widest = parts.indexOf(Math.max(...parts));
    parts[widest] = (parts[widest] ?? 0) + (sum < cells ? 1 : -1);
  }
  return bar.map(({ glyph, tone }, i) => toned(tone, glyph.repeat(parts[i] ?? 0)));
}

function countLines({ run, landings, running, queued, sessions }: RunView): Line[] {
  const refused = landings.refused > 0 ? `  ${landings.refused} refused` : "";
  return [
    [label("landings"), `${landings.landed} landed  ${counted(landings.conflict, "conflict")}${refused}`],
    [label("sessions"), `${running.length} running  ${queued} queued  ${sessions} in all`],
    [label("cost"), ...costWords(run)],
  ];
}

/** Money and tokens against their budgets; from nine tenths on they warn. */
export function costWords({ spend, config: { budget } }: Run): Span[] {
  const money =
    budget.microUsd === null
      ? usd(spend.microUsd)
      : `${usd(spend.microUsd)} of ${usd(budget.microUsd)} (${percent(spend.microUsd, budget.microUsd)})`;
  const tokens =
    budget.tokens === null
      ? `${count(spend.tokens)} tokens`
      : `${count(spend.tokens)} of ${count(budget.tokens)} tokens (${percent(spend.tokens, budget.tokens)})`;
  const near = (value: number, max: number | null): Tone | null => (max !== null && value >= 0.9 * max ? "warn" : null);
  return [
    toned(near(spend.microUsd + spend.reservedMicroUsd, budget.microUsd), money),
    ...(spend.reservedMicroUsd > 0 ? [quiet(` + ${usd(spend.reservedMicroUsd)} reserved`)] : []),
    "  ",
    toned(near(spend.tokens, budget.tokens), tokens),
  ];
}
