/** What the engine adds to a session: trivial sessions at several degrees of concurrency, on each database. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { withServers, type Server } from "./databases.ts";
import { inOwnMounts, whyNoMounts } from "../src/git/mounts.ts";
import { figure, spread, sum, table, threeFigures } from "./figures.ts";
import type { Phase } from "./meter.ts";
import type { Case, Variant } from "./overhead-job.ts";
import type { CaseFigures } from "./overhead-run.ts";

/** More tasks than slots, so that freed slots are taken again. */
const sizes = [
  { concurrency: 1, tasks: 20 },
  { concurrency: 50, tasks: 100 },
  { concurrency: 300, tasks: 340 },
];
const idle = { concurrency: 8, tasks: 8 };
const work: { variant: Variant; sizes: { concurrency: number; tasks: number }[] }[] = [
  { variant: "nothing", sizes },
  { variant: "lands", sizes },
  { variant: "sleeps", sizes: [idle] },
];
const outputBytesMax = 2 ** 28;

type Measured = { what: string[]; idle: boolean; repeats: CaseFigures[] };

/** Answers Markdown. */
export async function measureOverhead(repeats: number): Promise<string> {
  return withServers(async (servers) => {
    const measured: Measured[] = casesOf(servers).map(({ server, one }) => ({
      what: [server.name, one.variant, String(one.concurrency)],
      idle: one.variant === "sleeps",
      repeats: [],
    }));
    // Round by round, so that a busy minute of the machine falls on every case and not on one.
    for (let round = 1; round <= repeats; round++) {
      for (const [index, { one }] of casesOf(servers).entries()) {
        const figures = await runCase(one);
        measured[index]?.repeats.push(figures);
        console.error(`round ${round}: ${measured[index]?.what.join(" ")}: ${figure(figures.wallMs / 1000)} s`);
      }
    }
    const busy = measured.filter(({ idle: sleeping }) => !sleeping);
    return [
      `Values are ms as median / p95 / max over ${repeats} repeats, unless said otherwise; ranges in brackets are over the repeats.`,
      "**What a session waits for**",
      waits(busy),
      "**What its parts take**",
      parts(busy),
      "**What it costs**",
      costs(busy),
      "**Processes per session, on SQLite with 50 slots**",
      processTable(busy.filter(({ what: [database, , slots] }) => database === "SQLite" && slots === "50")),
      "**What waiting costs: eight workers that sleep for ten seconds**",
      idleCosts(measured.filter(({ idle: sleeping }) => sleeping)),
    ].join("\n\n");
  });
}

function casesOf(servers: Server[]): { server: Server; one: Case }[] {
  return servers.flatMap((server) =>
    work.flatMap(({ variant, sizes: each }) =>
      each.map((size) => ({ server, one: { ...size, variant, url: server.url } })),
    ),
  );
}

async function runCase(one: Case): Promise<CaseFigures> {
  const program = join(import.meta.dirname, "overhead-run.ts");
  const mounted = whyNoMounts(process.env["PATH"] ?? "") === null;
  const words = [process.execPath, program, JSON.stringify({ ...one, mounted } satisfies Case & { mounted: boolean })];
  // As `longhaul run` does: workspaces are overlays, where the system has them.
  const [first = "", ...rest] = mounted ? inOwnMounts(words) : words;
  const { stdout } = await promisify(execFile)(first, rest, { maxBuffer: outputBytesMax });
  return JSON.parse(stdout) as CaseFigures;
}

const head = ["database", "task", "slots"];

function waits(measured: Measured[]): string {
  return table(
    [
      ...head,
      "sessions/s",
      "slot free → started",
      "ended → slot free",
      "ended → dependents queued",
      "answered → landing began",
    ],
    measured.map(({ what, repeats }) => [
      ...what,
      spread(repeats.map(({ sessions, wallMs }) => (sessions * 1000) / wallMs)),
      threeFigures(repeats.flatMap(({ startWaits }) => startWaits)),
      threeFigures(repeats.flatMap(({ slotHeld }) => slotHeld)),
      threeFigures(repeats.flatMap(({ releaseWaits }) => releaseWaits)),
      threeFigures(of(repeats, "waited for the lane")),
    ]),
  );
}

const of = (repeats: CaseFigures[], phase: Phase): number[] => repeats.flatMap(({ phases }) => phases[phase]);

function parts(measured: Measured[]): string {
  const shown: Phase[] = [
    "workspace made",
    "spawn call",
    "program ran",
    "marked processes searched",
    "trunk.stage",
    "trunk.moveTo",
    "workspace removed",
  ];
  return table(
    [...head, ...shown],
    measured.map(({ what, repeats }) => [...what, ...shown.map((phase) => threeFigures(of(repeats, phase)))]),
  );
}

function costs(measured: Measured[]): string {
  const per = (repeats: CaseFigures[], value: (one: CaseFigures) => number) =>
    spread(repeats.map((one) => value(one) / one.sessions));
  return table(
    [
      ...head,
      "engine CPU per session",
      "children's CPU per session",
      "planner turns per session",
      "transactions per session",
      "statements per session",
      "processes per session",
      "blocked by starting them, per session",
      "in transactions per session",
      "event loop late: p99",
      "event loop late: max",
      "RSS (MB)",
    ],
    measured.map(({ what, repeats }) => [
      ...what,
      per(repeats, ({ engineCpuMs }) => engineCpuMs),
      per(repeats, ({ childCpuMs }) => childCpuMs ?? NaN),
      per(repeats, ({ turns }) => turns),
      per(repeats, ({ phases }) => phases["transaction: work"].length),
      per(repeats, ({ statements }) => statements || NaN),
      per(repeats, ({ processStarts }) => processStarts.length),
      per(repeats, ({ processStarts }) => sum(processStarts)),
      per(repeats, ({ phases }) => sum(phases["transaction: work"]) + sum(phases["transaction: commit"])),
      spread(repeats.map(({ loopDelayMs }) => loopDelayMs.p99)),
      spread(repeats.map(({ loopDelayMs }) => loopDelayMs.max)),
      spread(repeats.map(({ rssMb }) => rssMb)),
    ]),
  );
}

function idleCosts(measured: Measured[]): string {
  const rate = (repeats: CaseFigures[], value: (one: CaseFigures) => number) =>
    spread(repeats.map((one) => (value(one) * 1000) / one.wallMs));
  return table(
    ["database", "transactions/s", "engine CPU (ms/s)"],
    measured.map(({ what: [database = ""], repeats }) => [
      database,
      rate(repeats, ({ phases }) => phases["transaction: work"].length),
      rate(repeats, ({ engineCpuMs }) => engineCpuMs),
    ]),
  );
}

function processTable(measured: Measured[]): string {
  const names = new Set(measured.flatMap(({ repeats }) => repeats.flatMap(({ processes }) => Object.keys(processes))));
  return table(
    ["process", ...measured.map(({ what: [, variant = ""] }) => variant)],
    [...names].map((name) => [
      name,
      ...measured.map(({ repeats }) =>
        spread(repeats.map(({ processes, sessions }) => (processes[name] ?? 0) / sessions)),
      ),
    ]),
  );
}
