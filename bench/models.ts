/** What the engine adds to a step of a model session, beside the same conversations with the AI SDK alone. */
import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { loadavg } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { withServers, type Server } from "./databases.ts";
import { figure } from "./figures.ts";
import type { EngineFigures } from "./models-engine.ts";
import type { Gauged, Stretch } from "./models-gauge.ts";
import type { Exchange, ServerSaid } from "./models-server.ts";
import { modelTables } from "./models-tables.ts";
import type { ModelCase } from "./models-work.ts";

/** As the server saw it: `gapsMs` from an answer's end to the session's next request, in the phase that counts. */
export type Seen = {
  gapsMs: number[];
  warmGapsMs: number[];
  answerMs: number[];
  inputTokens: number;
  runningMax: number;
  cpuMs: number;
};
export type Run<F extends Gauged> = { figures: F; seen: Seen; load: number };
export type Measured = {
  what: { database: string; sessions: number; thinkMs: number };
  engine: Run<EngineFigures>[];
  sdk: Run<Gauged>[];
};

/** With fewer steps where there are many sessions or the model is slow: each still has all kinds of steps. */
const work = [
  { sessions: 1, steps: 20, thinkMs: 0 },
  { sessions: 50, steps: 20, thinkMs: 0 },
  { sessions: 300, steps: 11, thinkMs: 0 },
  { sessions: 50, steps: 11, thinkMs: 2_000 },
  { sessions: 300, steps: 11, thinkMs: 2_000 },
];
/** On PostgreSQL the others would take most of the time and say nothing new. */
const postgresSessionsMax = 50;
const outputBytesMax = 2 ** 28;

/** Answers Markdown. */
export async function measureModels(repeats: number): Promise<string> {
  return withServers(async (servers) => {
    const measured: Measured[] = servers.flatMap((server) =>
      casesOf(server).map(({ sessions, thinkMs: ms }) => ({
        what: { database: server.name, sessions, thinkMs: ms },
        engine: [],
        sdk: [],
      })),
    );
    for (let round = 1; round <= repeats; round++) {
      for (const [index, one] of servers.flatMap(casesOf).entries()) {
        const into = measured[index];
        if (!into) continue;
        // One after the other, so that a busy minute of the machine falls on both.
        into.sdk.push(await runCase<Gauged>("models-sdk.ts", one));
        into.engine.push(await runCase<EngineFigures>("models-engine.ts", one));
        const { database, sessions, thinkMs: ms } = into.what;
        console.error(`round ${round}: ${database}, ${sessions} sessions, answers after ${ms} ms, load ${load()}`);
      }
    }
    return modelTables(measured);
  });
}

const casesOf = ({ url }: Server): ModelCase[] =>
  work
    .filter(({ sessions, thinkMs }) => url === null || (sessions <= postgresSessionsMax && thinkMs === 0))
    .map((each) => ({ ...each, url }));

async function runCase<F extends Gauged>(program: string, one: ModelCase): Promise<Run<F>> {
  const server = fork(join(import.meta.dirname, "models-server.ts"), [JSON.stringify(one)]);
  const heard = async () => ((await once(server, "message")) as [ServerSaid])[0];
  try {
    const said = await heard();
    if (!("url" in said)) throw new Error("the model server did not say where it listens");
    const order = JSON.stringify({ ...one, modelUrl: said.url });
    const before = load();
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ["--expose-gc", join(import.meta.dirname, program), order],
      { maxBuffer: outputBytesMax },
    );
    if (stderr !== "") console.error(stderr);
    const figures = JSON.parse(stdout) as F;
    server.send("exchanges");
    const all = await heard();
    if (!("exchanges" in all)) throw new Error("the model server did not say what it saw");
    return { figures, seen: seenOf(all, figures), load: before };
  } finally {
    if (server.connected) server.disconnect();
  }
}

const load = () => Number(figure(loadavg()[0] ?? NaN));

function seenOf(said: Extract<ServerSaid, { exchanges: unknown }>, { warmUp, open }: Gauged): Seen {
  const { exchanges, runningMax, cpuMs } = said;
  const inside = exchanges.filter(({ atMs }) => atMs >= open.beganAt && atMs <= open.endedAt);
  return {
    gapsMs: gapsIn(exchanges, open),
    warmGapsMs: gapsIn(exchanges, warmUp),
    answerMs: inside.map(({ atMs, endedMs }) => endedMs - atMs),
    inputTokens: exchanges.reduce((sum, { inputTokens }) => sum + inputTokens, 0) / exchanges.length,
    runningMax,
    cpuMs: cpuMs / exchanges.length,
  };
}

function gapsIn(exchanges: readonly Exchange[], { beganAt, endedAt }: Stretch): number[] {
  const last = new Map<string, number>();
  return exchanges.flatMap(({ session, atMs, endedMs }) => {
    const before = last.get(session);
    last.set(session, endedMs);
    return before === undefined || before < beganAt || atMs > endedAt ? [] : [atMs - before];
  });
}
