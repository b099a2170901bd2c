/** The fake model server of the models benchmark, in a process of its own: `models-server.ts CASE_JSON`, forked. */
import { startFakeModel } from "../test/fake-model/server.ts";
import { brainOf, key, type ModelCase } from "./models-work.ts";

/** One request as the server saw it; ms since 1970, with fractions. */
export type Exchange = { session: string; atMs: number; endedMs: number; inputTokens: number };
export type ServerSaid = { url: string } | { exchanges: Exchange[]; runningMax: number; cpuMs: number };

const now = () => performance.timeOrigin + performance.now();
const say = (said: ServerSaid) => process.send?.(said);

const model = await startFakeModel({
  brains: [brainOf(JSON.parse(process.argv[2] ?? "") as ModelCase)],
  credentials: { bench: key },
  now,
});
say({ url: model.anthropicUrl });

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  const exchanges = model.ledger
    .entries({ outcome: "answered" })
    .map(({ session, atMs, endedMs, billed: { noCache, cacheRead, cacheWrite } }) => ({
      session: session ?? "",
      atMs,
      endedMs: endedMs ?? NaN,
      inputTokens: noCache + cacheRead + cacheWrite,
    }));
  say({ exchanges, runningMax: model.traffic.counters("bench").runningMax, cpuMs: (user + system) / 1000 });
});
process.on("disconnect", () => void model.stop());
