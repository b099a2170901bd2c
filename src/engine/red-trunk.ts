/** Whose landings may have broken the trunk, and who is told. */
import type { Commit } from "../domain/ids.ts";
import type { AcceptanceResult } from "../domain/verdict.ts";
import { bisectionFits } from "../domain/bisection.ts";
import { deliver } from "./queueing.ts";
import type { LandedTask, Transition } from "./store-port.ts";

/** `bisected`: the checks were run again in between, and first failed with the one that is left; none: with no task's. */
export type Suspects = { landings: LandedTask[]; omitted: number; bisected: boolean };

/** Nobody is suspected. */
export const nobody: Suspects = { landings: [], omitted: 0, bisected: false };

/** Checks that fail, and did not when the checks ran last. */
export type NewlyRed = {
  failed: AcceptanceResult[];
  /** The last commit on which they passed; null: they never ran yet, or never passed. */
  passedOn: Commit | null;
};

/** What the trunk was on. */
export type OnTrunk = { task: LandedTask | null; commit: Commit };

/** Landings between green and red that are named; more of them make it unclear whose fault it is. */
const suspectsMax = 10;
/** Among more than these nobody searches. */
const searchedMax = 1_024;

export async function newlyRed(tx: Transition, failed: AcceptanceResult[]): Promise<NewlyRed> {
  const last = await tx.lastChecks();
  const passing = (of: AcceptanceResult, passed: boolean) =>
    last?.results.some((result) => result.name === of.name && result.passed === passed) === true;
  const fresh = failed.filter((result) => !passing(result, false));
  return { failed: fresh, passedOn: last && fresh.every((result) => passing(result, true)) ? last.commit : null };
}

/**
 * `bisect`: all that the trunk was on, oldest first, where it is worth to run the failed checks again in between. It begins
 * with where they passed: they may fail there as well by now.
 */
export async function suspectsOf(
  tx: Transition,
  red: Commit,
  { failed, passedOn }: NewlyRed,
): Promise<{ landings: Suspects; bisect: OnTrunk[] | null }> {
  const { limits } = tx.run.config;
  const { landings: all, omitted: more } = await tx.landingsBetween(passedOn, red, searchedMax);
  const tasks = all.filter((landed) => landed.task !== null);
  const landings = tasks.slice(0, suspectsMax);
  const suspects = { landings, omitted: more + tasks.length - landings.length, bisected: false };
  if (passedOn === null || more > 0 || all.length < 2) return { landings: suspects, bisect: null };
  const onTrunk = all
    .toReversed()
    .map((landed) => ({ task: landed.task === null ? null : landed, commit: landed.commit }));
  const onceMs = failed.reduce((sum, { ms }) => sum + ms, 0);
  const ordered = [{ task: null, commit: passedOn }, ...onTrunk];
  return { landings: suspects, bisect: bisectionFits(ordered.length, onceMs, limits.bisectMs) ? ordered : null };
}

/** The planners whose tasks may have broken it; the root when there are too many, or none of them is there any more. */
export async function tellOfRed(
  tx: Transition,
  red: Commit,
  { failed, passedOn }: NewlyRed,
  { landings, omitted, bisected }: Suspects,
): Promise<void> {
  const cycle = await tx.cycle();
  if (cycle?.state.status !== "working") return;
  const planners = await tx.plannersOfCycle(cycle.id);
  const suspected = new Set(landings.map(({ planner }) => planner));
  const theirs = planners.filter(({ id, status }) => suspected.has(id) && status === "active");
  const told = omitted === 0 && theirs.length > 0 ? theirs : planners.filter(({ parent }) => parent === null);
  const message = {
    kind: "trunk_red",
    red,
    green: passedOn,
    detail: failed.map((result) => `${result.name}:\n${result.output}`).join("\n\n"),
    suspects: landings.map(({ task, title, commit }) => ({ task, title, commit })),
    suspectsOmitted: omitted,
    bisected,
  } as const;
  for (const { id } of told) await deliver(tx, id, message);
}

/** What people pushed may have broken the trunk while another commit was judged, when there was nobody to tell. */
export async function tellOfUnseenRed(tx: Transition, judged: Commit): Promise<void> {
  const last = await tx.lastChecks();
  const failed = last?.results.filter(({ passed }) => !passed) ?? [];
  if (last && last.commit !== judged && failed.length > 0)
    await tellOfRed(tx, last.commit, { failed, passedOn: tx.run.green }, nobody);
}
