/**
 * Brings what people push to the branch that a run follows onto its trunk: a landing of its own. What conflicts with the
 * trunk becomes a task that begins with the conflict, as an arbitration does; when that has landed, theirs counts as merged.
 */
import { handoffOf } from "../domain/handoff.ts";
import type { Commit, RunId } from "../domain/ids.ts";
import type { Limits } from "../domain/limits.ts";
import { openStatuses } from "../domain/task.ts";
import type { Lane } from "./lane.ts";
import type { Clock, FollowAnswer } from "./ports.ts";
import { queueAttempt } from "./queueing.ts";
import type { Store, Transition } from "./store-port.ts";

export type FollowingParts = {
  store: Store;
  lane: Pick<Lane, "follow">;
  clock: Clock;
  run: RunId;
  limits: Limits;
  /** Tells of a fault of our own; must not throw. */
  report(error: unknown): void;
};

export class Following {
  readonly #parts: FollowingParts;
  /** Nothing is to be done for it any more. */
  #done: Commit | null = null;
  #lookAt = -Infinity;
  #working: Promise<void> | null = null;

  constructor(parts: FollowingParts) {
    this.#parts = parts;
  }

  /** Where the followed branch stands; null: not known. Cheap. */
  look(theirs: Commit | null): void {
    const { clock, limits, report } = this.#parts;
    if (theirs === null || theirs === this.#done || this.#working !== null || clock.elapsed() < this.#lookAt) return;
    this.#lookAt = clock.elapsed() + limits.pollMs;
    this.#working = this.#bring(theirs)
      .catch((error: unknown) => {
        // It will hardly be mended in a second, and each try is told.
        this.#lookAt = clock.elapsed() + limits.mirrorMs;
        report(error);
      })
      .finally(() => (this.#working = null));
  }

  /** Waits for what is under way. */
  async settled(): Promise<void> {
    await this.#working;
  }

  async #bring(theirs: Commit): Promise<void> {
    const { store, lane, run } = this.#parts;
    const { last, cycle } = await store.transition(run, async (tx) => ({
      last: await tx.lastFollowed(),
      cycle: await tx.cycle(),
    }));
    if (last && openStatuses.includes(last.status)) return;
    // With its cycle, most likely: the next one gets it anew.
    const cancelled = last?.status === "cancelled" && last.theirs === theirs;
    if (cancelled && last.cycle === cycle?.id) return;
    if (last?.status === "landed") await lane.follow(last.theirs, "resolved");
    const answer = last?.theirs === theirs && !cancelled ? null : await lane.follow(theirs, "merge");
    // What was given up is for people to mend, by what they push next.
    if (answer?.kind !== "conflict") this.#done = theirs;
    else await store.transition(run, (tx) => handOver(tx, theirs, answer));
  }
}

/** Where no planner could have it now, it is tried again. */
async function handOver(
  tx: Transition,
  theirs: Commit,
  { kept, files }: Extract<FollowAnswer, { kind: "conflict" }>,
): Promise<void> {
  const cycle = await tx.cycle();
  const root = cycle && (await tx.plannersOfCycle(cycle.id)).find(({ parent }) => parent === null);
  if (!root || cycle?.state.status !== "working" || tx.run.state.status !== "running") return;
  const title = `Merge what people pushed (${theirs.slice(0, 10)})`;
  // They may go back to what conflicted before.
  const spec = {
    name: `pushed-${theirs.slice(0, 12)}-${tx.now}`,
    title,
    instructions,
    paths: [],
    acceptance: "",
    agent: null,
  };
  const about = { cycle: cycle.id, planner: root.id };
  const ready = { status: "ready" } as const;
  const task = await tx.insertTask({ ...about, spec: { ...spec, priority: 0 }, dependsOn: [], state: ready });
  const contested = { kept, files, tries: 1, handoff: handoffOf(words), message: title, follows: theirs };
  await tx.setTask(task, { state: ready, contested });
  await tx.addEvent("task.created", { task, planner: root.id }, { name: spec.name, title });
  await queueAttempt(tx, { ...spec, ...about, priority: 0, id: task, contested }, tx.now);
}

const instructions =
  "People pushed commits to the branch that this run follows, and they conflict with what has landed. Bring both together: what people wrote is meant, and so is what the run has done. Nobody else can be asked.";
const words =
  "These are commits that people pushed beside the run. Their messages are in the history of the followed branch; what they changed is the side called `yours`.";
