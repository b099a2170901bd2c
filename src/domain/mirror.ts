/** When a run's branches are pushed to its remote the next time. Pure. */
import type { Limits } from "./limits.ts";

/** `startedAt`: of the last batch; null: there was none. `failures`: batches in a row that did not succeed. */
export type MirrorState = { startedAt: number | null; failures: number };

/** When the next batch may begin: pushes in between go with it, and each failure doubles the wait. */
export function nextBatchAt(
  { startedAt, failures }: MirrorState,
  limits: Pick<Limits, "mirrorMs" | "mirrorMsMax">,
): number {
  if (startedAt === null) return -Infinity;
  const ms = limits.mirrorMs * 2 ** Math.min(failures, 30);
  return startedAt + Math.max(limits.mirrorMs, Math.min(ms, limits.mirrorMsMax));
}
