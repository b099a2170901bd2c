/** Owns the memory of where a run's branch has been: whoever may start from a later commit is given one that others have. */
import type { Commit } from "../domain/ids.ts";
import { layerLimits } from "../domain/limits.ts";

export class Passed {
  /** By commit: the higher the later. */
  readonly #order = new Map<Commit, number>();
  #count = 0;
  #newest: Commit | null = null;

  /** Where the branch is; null: it was not moved yet. */
  get newest(): Commit | null {
    return this.#newest;
  }

  moved(from: Commit, to: Commit): void {
    // Somebody else has moved the branch: of what lies before nothing is known.
    if (this.#newest !== from) this.#order.clear();
    for (const commit of [from, to]) if (!this.#order.has(commit)) this.#order.set(commit, ++this.#count);
    this.#newest = to;
    const [oldest] = this.#order.keys();
    if (this.#order.size > layerLimits.passedMax && oldest !== undefined) this.#order.delete(oldest);
  }

  has(commit: Commit): boolean {
    return this.#order.has(commit);
  }

  /** The latest of `commits` that is `commit` or later; null: none is known to be. */
  latestOf(commits: Iterable<Commit>, commit: Commit): Commit | null {
    const from = this.#order.get(commit);
    if (from === undefined) return null;
    let latest: { commit: Commit; at: number } | null = null;
    for (const each of commits) {
      const at = this.#order.get(each) ?? 0;
      if (at >= (latest?.at ?? from)) latest = { commit: each, at };
    }
    return latest?.commit ?? null;
  }
}
