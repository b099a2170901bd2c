/**
 * Has the trunk's store maintained while the run goes, when it is due, and once when the run has ended. In the background:
 * nothing of the run waits for it; when the engine leaves, it is cut off.
 */
import { idText, type RunId } from "../domain/ids.ts";
import { maintenanceLimits, type Limits } from "../domain/limits.ts";
import { isMaintenanceDue } from "../domain/maintenance.ts";
import type { Clock, NeededKept, Trunk } from "./ports.ts";
import type { Store, Transition } from "./store-port.ts";

export type MaintenanceParts = {
  store: Store;
  trunk: Trunk;
  clock: Clock;
  run: RunId;
  limits: Limits;
  /** Tells of a fault of our own; must not throw. */
  report(error: unknown): void;
};

export class Maintenance {
  readonly #parts: MaintenanceParts;
  readonly #cut = new AbortController();
  #lookAt = -Infinity;
  #working: Promise<void> | null = null;

  constructor(parts: MaintenanceParts) {
    this.#parts = parts;
  }

  /** Cheap; now and then it looks whether something is to be done, and begins it. */
  look(): void {
    const now = this.#parts.clock.elapsed();
    if (this.#working !== null || now < this.#lookAt) return;
    this.#lookAt = now + maintenanceLimits.lookMs;
    this.#working = this.#maintain("when due").finally(() => (this.#working = null));
  }

  /** The run has ended: nothing of it is needed any more but its branches. Never rejects. */
  async finish(): Promise<void> {
    await this.#working;
    await this.#maintain("now");
  }

  /** Cuts off what is under way. Repeatable. */
  async stop(): Promise<void> {
    this.#cut.abort();
    await this.#working;
  }

  async #maintain(when: "now" | "when due"): Promise<void> {
    const { store, trunk, clock, run, limits, report } = this.#parts;
    const { signal } = this.#cut;
    try {
      const { size, last } = await trunk.storeSize(run);
      if (when === "when due" && !isMaintenanceDue(size, last, clock.now())) return;
      const unusedMs = Math.max(maintenanceLimits.unusedMs, 2 * limits.hardDeadlineMs);
      await trunk.maintain(run, { needed: () => store.transition(run, neededKept), unusedMs, signal });
    } catch (error) {
      if (signal.aborted) return;
      // A full disk, most likely: it will not have changed in a minute.
      this.#lookAt = clock.elapsed() + maintenanceLimits.restMs;
      report(error);
    }
  }
}

/** Of sessions that may go on, which are in the newest cycle, and of work that waits for an arbiter. */
async function neededKept(tx: Transition): Promise<NeededKept> {
  const cycle = await tx.cycle();
  const sessions = [...(await tx.runningSessions()), ...(cycle ? await tx.queuedSessions(cycle.id) : [])];
  const contested = sessions.flatMap(({ subject }) => (subject.kind === "arbitration" ? [subject.task] : []));
  const kept = (await tx.tasks(contested)).flatMap((task) => (task.contested ? [task.contested.kept] : []));
  return { workspaces: sessions.map(({ id }) => idText("session", id)), kept };
}
