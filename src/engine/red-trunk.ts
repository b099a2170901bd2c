/** Whose landings may have broken the trunk, and who is told. */
import type { Commit } from "../domain/ids.ts";
import type { AcceptanceResult } from "../domain/verdict.ts";
import { bisectionFits } from "../domain/bisection.ts";
import { deliver } from "./queueing.ts";
import type { LandedTask, Transition } from "./store-port.ts";

/** `bisected`: the checks were run again in between, and first failed with the one that is left. */
export type Suspects = { landings: LandedTask[]; omitted: number; bisected: boolean };

/** Landings between green and red that are named; more of them make it unclear whose fault it is. */
const suspectsMax = 10;
/** Among more than these nobody searches. */
const searchedMax = 1_024;

/** `bisect`: all that it can be, oldest first, where it is worth to run the failed checks again in between. */
export async function suspectsOf(
  tx: Transition,
  red: Commit,
  failed: AcceptanceResult[],
): Promise<{ landings: Suspects; bisect: LandedTask[] | null }> {
  const { green, config } = tx.run;
  const { landings: all, omitted: more } = await tx.landingsBetween(green, red, searchedMax);
  const landings = all.slice(0, suspectsMax);
  const omitted = more + all.length - landings.length;
  const onceMs = failed.reduce((sum, { ms }) => sum + ms, 0);
  const searchable = green !== null && more === 0 && (await tx.redSince()) === null;
  const bisect = searchable && bisectionFits(all.length, onceMs, config.limits.bisectMs) ? all.toReversed() : null;
  return { landings: { landings, omitted, bisected: false }, bisect };
}

/** The planners whose tasks may have broken it; the root when there are too many, or none of them is there any more. */
export async function tellOfRed(
  tx: Transition,
  red: Commit,
  failed: AcceptanceResult[],
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
    green: tx.run.green,
    detail: failed.map((result) => `${result.name}:\n${result.output}`).join("\n\n"),
    suspects: landings.map(({ task, title, commit }) => ({ task, title, commit })),
    suspectsOmitted: omitted,
    bisected,
  } as const;
  for (const { id } of told) await deliver(tx, id, message);
}
