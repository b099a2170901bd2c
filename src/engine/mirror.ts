/**
 * Keeps the run's branches on its remote where they are here: in batches while the run goes, once more when it ends or
 * pauses. Nothing of the run waits for it or stops for it but that end; what fails is an event, and tried again later.
 */
import type { Commit, RunId } from "../domain/ids.ts";
import type { Limits } from "../domain/limits.ts";
import { nextBatchAt, type MirrorState } from "../domain/mirror.ts";
import type { Clock, Exchange, Remote } from "./ports.ts";
import type { Store } from "./store-port.ts";

export type MirrorParts = {
  store: Store;
  /** null: the run is not published to one, and nothing happens here. */
  remote: Remote | null;
  clock: Clock;
  run: RunId;
  limits: Limits;
  /** Does the remote have a branch that is followed? Then there is always something to look for. */
  follows: boolean;
  /** Tells of a fault of our own; must not throw. */
  report(error: unknown): void;
};

type Heads = { tip: Commit; green: Commit | null };

export class Mirror {
  readonly #parts: MirrorParts;
  #state: MirrorState = { startedAt: null, failures: 0 };
  /** What the remote had after the last batch that succeeded. */
  #there: Heads | null = null;
  #working: Promise<void> | null = null;
  /** Where the followed branch stood at the last look; null: none, or not seen yet. */
  followed: Commit | null = null;

  constructor(parts: MirrorParts) {
    this.#parts = parts;
  }

  /** Cheap; begins a batch when there is something for it and its time has come. */
  look(heads: Heads): void {
    const { remote, clock, limits, follows } = this.#parts;
    if (remote === null || this.#working !== null || clock.elapsed() < nextBatchAt(this.#state, limits)) return;
    if (!follows && this.#has(heads)) return;
    this.#working = this.#exchange(remote, heads).finally(() => (this.#working = null));
  }

  /** What is there now, whatever the last batch's time; after it nothing is under way. Never rejects. */
  async finish(): Promise<void> {
    const { remote, store, run, report } = this.#parts;
    await this.#working;
    if (remote === null) return;
    try {
      const heads = await store.transition(run, async (tx) => ({ tip: tx.run.tip, green: tx.run.green }));
      if (!this.#has(heads)) await this.#exchange(remote, heads, true);
    } catch (error) {
      report(error);
    }
  }

  /** Waits for what is under way. */
  async settled(): Promise<void> {
    await this.#working;
  }

  #has({ tip, green }: Heads): boolean {
    return this.#there?.tip === tip && this.#there.green === green;
  }

  /** `isLast`: this engine tries no other time. */
  async #exchange(remote: Remote, heads: Heads, isLast = false): Promise<void> {
    const { run, clock, report } = this.#parts;
    this.#state = { ...this.#state, startedAt: clock.elapsed() };
    try {
      const exchange = await remote.exchange(run, heads.green);
      const failed = exchange.faults.length > 0;
      this.followed = exchange.followed ?? this.followed;
      if (!failed) this.#there = heads;
      const failures = failed ? this.#state.failures + 1 : 0;
      await this.#tell(exchange, isLast);
      this.#state = { ...this.#state, failures };
    } catch (error) {
      this.#state = { ...this.#state, failures: this.#state.failures + 1 };
      report(error);
    }
  }

  async #tell({ pushed, faults }: Exchange, isLast: boolean): Promise<void> {
    const { store, run, limits } = this.#parts;
    const hadFailed = this.#state.failures > 0;
    const failures = this.#state.failures + 1;
    await store.transition(run, async (tx) => {
      if (pushed.length > 0 || (hadFailed && faults.length === 0)) await tx.addEvent("mirror.pushed", {}, { pushed });
      if (faults.length === 0) return;
      const nextAt = isLast ? null : nextBatchAt({ startedAt: tx.now, failures }, limits);
      await tx.addEvent("mirror.failed", {}, { faults, nextAt });
    });
  }
}
