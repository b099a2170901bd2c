/**
 * Who lost a conflict holds the paths of it for its next try: others that change them wait meanwhile, so that nobody
 * resolves the same conflict again and again. Kept in memory, for it is a matter of order alone: a lease that is forgotten
 * costs another try. Leases are ranked by their age, and nobody waits for a younger one, so that no two wait for each other.
 */
import type { SessionId } from "../domain/ids.ts";

type Lease = { rank: number; until: number; paths: Set<string> };

export class ConflictLeases {
  readonly #leaseMs: number;
  readonly #leases = new Map<SessionId, Lease>();
  #ranks = 0;

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /** A conflict was sent back. A session that loses again keeps its rank, and so gets ahead of all that came later. */
  lost(session: SessionId, paths: readonly string[], now: number): void {
    const before = this.#leases.get(session);
    const rank = before?.rank ?? this.#ranks++;
    this.#leases.set(session, {
      rank,
      until: now + this.#leaseMs,
      paths: new Set([...(before?.paths ?? []), ...paths]),
    });
  }

  /** Its next try is ready, and waits for its turn: that is no time of its own. */
  renew(session: SessionId, now: number): void {
    const lease = this.#leases.get(session);
    if (lease) lease.until = now + this.#leaseMs;
  }

  release(session: SessionId): void {
    this.#leases.delete(session);
  }

  /** Until when a change of these paths has to wait for others, if they do not release it before. null: it may land. */
  waitsUntil(session: SessionId, paths: readonly string[], now: number): number | null {
    const own = this.#leases.get(session)?.rank ?? Infinity;
    let until: number | null = null;
    for (const [holder, lease] of this.#leases) {
      if (lease.until <= now) this.#leases.delete(holder);
      else if (holder !== session && lease.rank < own && paths.some((path) => lease.paths.has(path)))
        until = Math.max(until ?? 0, lease.until);
    }
    return until;
  }
}
