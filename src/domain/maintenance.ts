/** When the trunk's store is to be maintained, and what of it may go. Pure. Times in ms. */
import { maintenanceLimits } from "./limits.ts";

/** What the store holds besides what it was made with. `bytes`: of packs. */
export type StoreSize = { packs: number; looseObjects: number; bytes: number };

/** The last maintenance that succeeded. `bytes`: what it left. */
export type Maintained = { startedAt: number; bytes: number };

/**
 * Costs grow with all that is there, so it is due when there is half as much again, or many loose objects, and once a
 * day while anything comes.
 */
export function isMaintenanceDue(size: StoreSize, last: Maintained | null, now: number): boolean {
  const { restMs, everyMs, growthShare, growthBytesMin, looseObjectsMax } = maintenanceLimits;
  if (last !== null && now - last.startedAt < restMs) return false;
  const before = last?.bytes ?? 0;
  if (size.looseObjects > looseObjectsMax) return true;
  if (size.bytes - before > Math.max(growthBytesMin, before * growthShare)) return true;
  return last !== null && now - last.startedAt >= everyMs && size.bytes !== before;
}

/**
 * Objects that nothing leads to and that were written before this time may go; null: none yet. They were set aside by the
 * maintenance that began at `setAsideAt`. Whoever has used one since has written it anew, and whoever used it just before
 * has ended or put it on a branch: `unusedMs` is longer than any landing or session.
 */
export function expiresBefore(setAsideAt: number | null, now: number, unusedMs: number): number | null {
  return setAsideAt !== null && now - setAsideAt >= unusedMs ? setAsideAt : null;
}
