/** The head of a screen: what the run is for, what state it is in, and its counts. */
import { usd, type Budget, type Spend } from "../domain/budget.ts";
import type { Run } from "../domain/run.ts";
import type { RunConfig } from "../domain/run-config.ts";
import { withoutCredentials } from "../domain/publish-config.ts";
import { assertNever } from "../domain/assert.ts";
import type { TaskStatus } from "../domain/task.ts";
import type { RunView, TaskCounts } from "../engine/views.ts";
import { count, counted, duration, percent } from "./amounts.ts";
import { phrase, wrap } from "./cells.ts";
import { lineWidth, quiet, strong, toned, type Line, type Span, type Tone } from "./paint.ts";
import { landingLines } from "./landing-lines.ts";
import { label, labelWidth, more } from "./section.ts";

const restsMax = 2;
const reasonLinesMax = 3;

/** The goal's first line that says something. Goals may be long files; a screen shows one line. */
export function goalLine(goal: string): string {
  const start = goal.slice(0, 4_000).trim();
  return phrase(start.split(/[\r\n]/, 1)[0] ?? "") || "(no goal)";
}

export function headLines(view: RunView, width: number): Line[] {
  return [
    [strong(goalLine(view.run.goal))],
    stateLine(view),
    ...confinementLines(view.run.config),
    ...stateNotes(view, width),
    ...restLines(view),
    ...mirrorLines(view, width),
    ...(view.waits === null ? [] : [[toned("warn", `  sessions wait: ${phrase(view.waits)}`)]]),
    [],
    tasksLine(view, width),
    ...countLines(view, width),
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

/** Nothing while programs are confined, as they are unless somebody said otherwise. */
export const confinementLines = ({ sandbox }: RunConfig): Line[] =>
  sandbox === "none"
    ? [[toned("warn", "  not confined: agents run programs with your own rights (--sandbox=none)")]]
    : [];

function cycleWords(cycle: NonNullable<RunView["cycle"]>, now: number): string {
  const { state, startedAt } = cycle;
  return state.status === "ended"
    ? `ended after ${duration(state.at - startedAt)}`
    : `${state.status} for ${duration(now - startedAt)}`;
}

/** Why the run is not going on, and what the operator can do about it. The command stands on its own line: it is copied. */
function stateNotes({ run, now, running }: RunView, width: number): Line[] {
  const { state } = run;
  const goOn: Line = [`  go on: ${resumeCommand(run)}`];
  const why = (text: string, tone: Tone) =>
    wrap(text, Math.max(1, width - 2), reasonLinesMax).map((line): Line => [toned(tone, `  ${line}`)]);
  switch (state.status) {
    case "paused":
      // While sessions finish, the run's own process is still at it.
      return [...why(pauseWords(state), "warn"), ...(running.length > 0 ? [] : [goOn])];
    case "stopping":
      return [...why(state.reason, "warn"), ...(driven(run, now) ? [] : [goOn])];
    case "ended":
      return why(state.reason, stateTone(run));
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
export function resumeCommand({ id, state }: Run): string {
  if (state.status !== "paused" || state.reason !== "budget") return `longhaul resume --run ${id}`;
  // What is spent does not tell: a run also pauses when its next call might pass a budget.
  const tokens = state.detail.startsWith("tokens");
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

function countLines(view: RunView, width: number): Line[] {
  const { run, cycle, running, queued, sessions } = view;
  const ofCycle = run.config.budget.cycle;
  const cycleIsBound = cycle !== null && (ofCycle.microUsd !== null || ofCycle.tokens !== null);
  return [
    ...landingLines(view),
    [label("sessions"), `${running.length} running  ${queued} queued`, ...asideWords(view), `  ${sessions} in all`],
    ...costLines("cost", run.spend, run.config.budget, width),
    ...(cycleIsBound ? costLines(`  cycle ${cycle.number}`, cycle.spend, ofCycle, width) : []),
  ];
}

/** Sessions that have begun and wait for their provider. */
function asideWords({ aside, now }: RunView): Span[] {
  return aside === null
    ? []
    : [toned("warn", ` (${aside.sessions} put aside, next in ${duration(aside.nextAt - now)})`)];
}

/** Providers that take no call for now: a run that waits must not look like one that hangs. */
function restLines({ resting: all, now }: RunView): Line[] {
  // Between two tries it stays, so that the screen does not jump; what nobody needs is not asked again.
  const resting = all.filter(({ until, running, queued }) => until > now || running + queued > 0);
  const hidden = resting.length - restsMax;
  return [
    ...resting.slice(0, restsMax).flatMap(({ credential, until, why, running, queued }): Line[] => {
      const waiting = running + queued;
      const who =
        waiting === 0 ? "no session needs it" : `${counted(waiting, "session")} ${waiting === 1 ? "waits" : "wait"}`;
      const what = until > now ? `rests for another ${duration(until - now)}` : "is asked again";
      const first = `  ${phrase(credential)} ${what}; ${who}`;
      return [[toned("warn", first)], ...(why === "" ? [] : [[quiet(`    ${phrase(why)}`)]])];
    }),
    ...(hidden > 0 ? [more(hidden, "  ", hidden === 1 ? " rests" : " rest")] : []),
  ];
}

/** The remote does not have what is here; the run goes on. */
export function mirrorLines({ run, mirror, now }: RunView, width: number): Line[] {
  if (mirror === null || run.config.publish === null) return [];
  const soon =
    mirror.nextAt !== null && mirror.nextAt > now ? `tried again in ${duration(mirror.nextAt - now)}` : "tried again";
  const again = driven(run, now) ? soon : `to try again: longhaul resume --run ${run.id}`;
  const where = phrase(withoutCredentials(run.config.publish.remote));
  const words = wrap(mirror.faults.map(phrase).join("; "), Math.max(1, width - 4), reasonLinesMax);
  return [
    [toned("warn", `  the remote ${where} is behind; ${again}`)],
    ...words.map((line): Line => [quiet(`    ${line}`)]),
  ];
}

/** Money and tokens; on one line where there is room for both. */
function costLines(title: string, spend: Spend, budget: Budget, width: number): Line[] {
  const [money, tokens] = [moneyWords(spend, budget), tokenWords(spend, budget)];
  const one = [label(title), ...money, "  ", ...tokens];
  return lineWidth(one) <= width
    ? [one]
    : [
        [label(title), ...money],
        [label(""), ...tokens],
      ];
}

/** The run's money and tokens against its budget. */
export const costWords = ({ spend, config: { budget } }: Run): Span[] => [
  ...moneyWords(spend, budget),
  "  ",
  ...tokenWords(spend, budget),
];

/** From nine tenths on they warn. */
function moneyWords({ microUsd, reservedMicroUsd }: Spend, { microUsd: most }: Budget): Span[] {
  const of = most === null ? "" : ` of ${usd(most)} (${percent(microUsd, most)})`;
  return [
    toned(near(microUsd + reservedMicroUsd, most), `${usd(microUsd)}${of}`),
    ...(reservedMicroUsd > 0 ? [quiet(` + ${usd(reservedMicroUsd)} reserved`)] : []),
  ];
}

function tokenWords({ tokens, reservedTokens }: Spend, { tokens: most }: Budget): Span[] {
  const words =
    most === null ? `${count(tokens)} tokens` : `${count(tokens)} of ${count(most)} tokens (${percent(tokens, most)})`;
  return [
    toned(near(tokens + reservedTokens, most), words),
    ...(reservedTokens > 0 ? [quiet(` + ${count(reservedTokens)} reserved`)] : []),
  ];
}

const near = (value: number, most: number | null): Tone | null =>
  most !== null && value >= 0.9 * most ? "warn" : null;
