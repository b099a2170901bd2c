/** From the figures of the models benchmark to its tables. */
import { figure, median, quantile, spread, sum, table, threeFigures } from "./figures.ts";
import type { Phase } from "./meter.ts";
import type { Measured, Run } from "./models.ts";
import type { EngineFigures } from "./models-engine.ts";
import type { Gauged, Stretch } from "./models-gauge.ts";

const head = ["database", "model answers after (s)", "sessions"];
const headOf = ({ what: { database, thinkMs, sessions } }: Measured) => [
  database,
  figure(thinkMs / 1000),
  String(sessions),
];

/** Of a run with or without an engine. */
type Both = { [column: string]: (run: Run<Gauged>, sessions: number) => number };
type OfEngine = { [column: string]: (run: Run<EngineFigures>) => number };

export function modelTables(measured: Measured[]): string {
  return [
    "A cell is `with the engine / with the SDK alone (ratio)`, medians of the repeats; times are ms.",
    "**A step, once every session has its place at the provider**",
    sideBySide(measured, ofSteps),
    "**Memory (MB)**",
    sideBySide(measured, ofMemory),
    "**Where the time of a step with the engine goes** (median / p95 / max)",
    splitTable(measured),
    "**What a step with the engine costs**",
    costTable(measured),
    "**While the credential's window opens**",
    sideBySide(measured, ofWarmUp),
    "**Both programs and the server beside them**",
    sideBySide(measured, ofServer),
  ].join("\n\n");
}

const stepsPerSecond = ({ steps, beganAt, endedAt }: Stretch) => (steps * 1000) / (endedAt - beganAt);

const ofSteps: Both = {
  "steps/s": ({ figures: { open } }) => stepsPerSecond(open),
  "CPU per step": ({ figures: { open } }) => open.cpuMs / open.steps,
  "answer → next request: p50": ({ seen }) => quantile(seen.gapsMs, 0.5),
  p99: ({ seen }) => quantile(seen.gapsMs, 0.99),
  "event loop late: p99": ({ figures: { open } }) => open.loopDelayMs.p99,
  max: ({ figures: { open } }) => open.loopDelayMs.max,
};

const ofMemory: Both = {
  idle: ({ figures: { memory } }) => memory.idleMb,
  "sessions open": ({ figures: { memory } }) => memory.readyMb,
  peak: ({ figures: { memory } }) => memory.peakMb,
  "peak − idle, per session": ({ figures: { memory } }, sessions) => (memory.peakMb - memory.idleMb) / sessions,
  "heap in use, per session": ({ figures: { memory } }, sessions) => (memory.heapBusyMb - memory.heapIdleMb) / sessions,
};

const ofWarmUp: Both = {
  steps: ({ figures: { warmUp } }) => warmUp.steps,
  seconds: ({ figures: { warmUp } }) => (warmUp.endedAt - warmUp.beganAt) / 1000,
  "steps/s": ({ figures: { warmUp } }) => stepsPerSecond(warmUp),
  "answer → next request: p50": ({ seen }) => quantile(seen.warmGapsMs, 0.5),
  p99: ({ seen }) => quantile(seen.warmGapsMs, 0.99),
};

const ofServer: Both = {
  "calls at once, at most": ({ seen }) => seen.runningMax,
  "prompt (tokens), mean": ({ seen }) => seen.inputTokens,
  "answer in the server: p50": ({ seen }) => quantile(seen.answerMs, 0.5),
  "server's CPU per step": ({ seen }) => seen.cpuMs,
  "calls failed": ({ figures }) => figures.failed,
  "load average before": ({ load }) => load,
};

function sideBySide(measured: Measured[], columns: Both): string {
  return table(
    [...head, ...Object.keys(columns)],
    measured.map((one) => [
      ...headOf(one),
      ...Object.values(columns).map((value) => {
        const of = (runs: Run<Gauged>[]) => median(runs.map((run) => value(run, one.what.sessions)));
        const [engine, sdk] = [of(one.engine), of(one.sdk)];
        return `${figure(engine)} / ${figure(sdk)} (×${figure(engine / sdk)})`;
      }),
    ]),
  );
}

const split: Phase[] = [
  "request estimated",
  "call permitted",
  "call made",
  "call settled",
  "tools run",
  "step recorded",
  "workspace kept",
  "transaction: wait",
  "transaction: work",
  "transaction: commit",
];

function splitTable(measured: Measured[]): string {
  return table(
    [...head, ...split],
    measured.map((one) => [
      ...headOf(one),
      ...split.map((phase) => threeFigures(one.engine.flatMap(({ figures }) => figures.phases[phase]))),
    ]),
  );
}

const perStep = (value: (figures: EngineFigures) => number) => (run: Run<EngineFigures>) =>
  value(run.figures) / run.figures.open.steps;

const ofEngine: OfEngine = {
  transactions: perStep(({ phases }) => phases["transaction: work"].length),
  "in transactions (ms)": perStep(
    ({ phases }) => sum(phases["transaction: work"]) + sum(phases["transaction: commit"]),
  ),
  statements: perStep(({ statements }) => statements || NaN),
  processes: perStep(({ processes }) => processes),
  "blocked by starting them (ms)": perStep(({ processStartMs }) => processStartMs),
  "children's CPU (ms)": perStep((figures) => figures.childCpuMs),
  "database (KB)": perStep(({ databaseBytes }) => databaseBytes / 1024),
  "window at the end": ({ figures }) => figures.window,
};

function costTable(measured: Measured[]): string {
  return table(
    [...head, ...Object.keys(ofEngine).map((name) => (name.startsWith("window") ? name : `${name} per step`))],
    measured.map((one) => [...headOf(one), ...Object.values(ofEngine).map((value) => spread(one.engine.map(value)))]),
  );
}
