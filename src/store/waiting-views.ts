/** What a run waits for: providers that rest, and sessions that were put aside until one is back. */
import type { RunId } from "../domain/ids.ts";
import type { Credential } from "../domain/rate.ts";
import { credentialOf } from "../domain/run-config.ts";
import type { Run } from "../domain/run.ts";
import type { RunView, SessionView } from "../engine/views.ts";
import { queued } from "./context.ts";
import type { Database } from "./dialect.ts";

type Db = Database["db"];

export async function readAside(db: Db, run: RunId, now: number): Promise<RunView["aside"]> {
  const row = await db
    .selectFrom("sessions")
    .select((eb) => [eb.fn.countAll<number>().as("count"), eb.fn.min("ready_at").as("next")])
    .where("run_id", "=", run)
    .where("status", "=", queued)
    .where("ready_at", ">", now)
    .where("opening", "is not", null)
    .executeTakeFirstOrThrow();
  return Number(row.count) === 0 ? null : { sessions: Number(row.count), nextAt: Number(row.next) };
}

/** Of the engine that drives it now, its last word on it. */
export async function readWaits(db: Db, { id, state }: Run): Promise<string | null> {
  if (state.status !== "running") return null;
  const row = await db
    .selectFrom("events")
    .select("data")
    .where("run_id", "=", id)
    .where("type", "in", ["engine.waits", "engine.started"])
    .orderBy("seq", "desc")
    .limit(1)
    .executeTakeFirst();
  const { detail } = JSON.parse(row?.data ?? "{}") as { detail?: unknown };
  return typeof detail === "string" ? detail : null;
}

/** Sessions are only counted when something rests, which is seldom. */
export async function readResting(
  db: Db,
  { id, config }: Run,
  now: number,
  running: readonly SessionView[],
): Promise<RunView["resting"]> {
  const rows = await db.selectFrom("credentials").selectAll().where("run_id", "=", id).orderBy("name").execute();
  const resting = rows
    .map(({ name, state }) => ({ credential: name, ...(JSON.parse(state) as Credential) }))
    .filter(({ until, troubles }) => until > now || troubles > 0);
  if (resting.length === 0) return [];
  const waiting = await db
    .selectFrom("sessions")
    .select((eb) => ["agent", eb.fn.countAll<number>().as("count")])
    .where("run_id", "=", id)
    .where("status", "=", queued)
    .groupBy("agent")
    .execute();
  const uses = (agent: string, credential: string) => {
    const known = Object.hasOwn(config.agents, agent) ? config.agents[agent] : undefined;
    return known !== undefined && credentialOf(known) === credential;
  };
  return resting.map(({ credential, until, why }) => ({
    credential,
    until,
    why: why ?? "",
    running: running.filter(({ agent }) => uses(agent, credential)).length,
    queued: waiting.reduce((sum, { agent, count }) => sum + (uses(agent, credential) ? Number(count) : 0), 0),
  }));
}
