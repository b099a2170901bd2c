/**
 * Lands groups of work that was taken in. Keeps: a task lands at most once, and nothing lands in the name of a session that
 * lost its claim. A group is staged, tried where the run's policy asks for it, landed by one move of the branch, and recorded
 * as one fact; after a crash between the last two, the trailers in the trunk's history are read back.
 */
import type { Commit, RunId } from "../domain/ids.ts";
import type { Claim } from "../domain/session.ts";
import type { AcceptanceResult } from "../domain/verdict.ts";
import { recordLanded, recordSentBack, recordUnchanged } from "./attempts.ts";
import type { Trial } from "./checks.ts";
import { describeFailed } from "./check-commands.ts";
import type { FollowAnswer, FollowHow, LandAnswer, Landing, Staged, Trunk } from "./ports.ts";
import { heldSession } from "./session-end.ts";
import type { Store, Transition } from "./store-port.ts";

/** `ended`: the attempt is over and recorded, or is not ours any more. */
export type LaneAnswer =
  | { kind: "ended" }
  | { kind: "nothing_changed" }
  | { kind: "conflict"; tip: Commit; files: string[] }
  | { kind: "refused"; reasons: string[] }
  /** It was cut before anything was decided. */
  | { kind: "cut" };

/** Work that was taken in and waits for its turn. */
export type Waiting = {
  readonly claim: Claim;
  readonly landing: Landing;
  readonly cut: AbortSignal;
  readonly settled: boolean;
  settle(answer: LaneAnswer): void;
  fail(error: unknown): void;
};

const movesMax = 20;
const movedTooOften = `the trunk moved ${movesMax} times under one landing: does another engine write to it?`;

/** Candidates are tried before they land. */
export type Gate = { tryOn(candidate: Commit, onto: Commit, signal: AbortSignal): Promise<Trial> };

type Parts = {
  store: Store;
  trunk: Trunk;
  run: RunId;
  /** null: what merges lands. */
  gate: Gate | null;
  /** What has become of the landings of one group; called before any of them is told. */
  recorded(ends: readonly (readonly [Waiting, LaneAnswer])[]): void;
  report(error: unknown): void;
};

/** Its methods are called one at a time. */
export class GroupLanding {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Never rejects: whoever waits is told. */
  async land(group: readonly Waiting[]): Promise<void> {
    try {
      await this.#tryToLand(group);
    } catch (error) {
      const left = group.filter(({ settled }) => !settled);
      try {
        await this.readBack();
        if (left.length === 1) for (const one of left) await this.#tell(one, error);
        else {
          // A fault of one is not to be the fault of all.
          this.#parts.report(error);
          for (const one of left) await this.land([one]);
        }
      } catch (second) {
        for (const one of left) one.fail(second);
      }
    }
  }

  /** Records what the trunk has and the store does not know of. */
  async readBack(): Promise<void> {
    const { store, trunk, run } = this.#parts;
    const since = await store.transition(run, async (tx) => tx.run.tip);
    const tip = await trunk.tip(run);
    const landings = await trunk.landedSince(run, since);
    for (const landed of landings) await store.transition(run, (tx) => recordLanded(tx, landed, null));
    // What is no landing is what people pushed.
    if (tip !== since && !landings.some(({ commit }) => commit === tip))
      await store.transition(run, (tx) => recordFollowed(tx, tip));
  }

  /** A commit that is nobody's task: not tried before, for it is on its branch already. */
  async follow(theirs: Commit, how: FollowHow): Promise<FollowAnswer> {
    const { store, trunk, run } = this.#parts;
    for (let move = 0; move < movesMax; move++) {
      const onto = await store.transition(run, async (tx) => tx.run.tip);
      const answer = await trunk.stageFollowed(run, onto, theirs, how);
      if (answer.kind !== "staged") return answer;
      const { tip, files } = answer;
      if (await trunk.moveTo(run, onto, tip)) {
        await store.transition(run, async (tx) => {
          await recordFollowed(tx, tip);
          await tx.addEvent("follow.landed", {}, { commit: tip, theirs, files: files.length });
        });
        return answer;
      }
      await this.readBack();
    }
    throw new Error(movedTooOften);
  }

  async #tell({ claim, settle, fail }: Waiting, error: unknown): Promise<void> {
    const { store, run } = this.#parts;
    const held = await store.transition(run, (tx) => heldSession(tx, claim));
    if (held) fail(error);
    else settle({ kind: "ended" });
  }

  async #tryToLand(group: readonly Waiting[]): Promise<void> {
    const { trunk, run, gate } = this.#parts;
    for (let move = 0; move < movesMax; move++) {
      const { onto, held } = await this.#stillHeld(group);
      if (held.length === 0) return;
      const landings = held.map(({ landing }) => landing);
      const staged = await trunk.stage(run, onto, landings);
      const trial = gate && staged.tip !== onto ? await this.#tryOut(gate, held, staged.tip, onto) : null;
      if (trial?.kind === "cut") return held.forEach(({ settle }) => settle({ kind: "cut" }));
      if (trial?.kind === "failed") return this.#part(held, trial.failed);
      // The trial may have lasted: what lost its claim meanwhile is not to land with the others.
      if (trial && (await this.#stillHeld(held)).held.length < held.length) continue;
      if (await trunk.moveTo(run, onto, staged.tip)) return this.#record(held, staged);
      await this.readBack();
    }
    throw new Error(movedTooOften);
  }

  /** Nobody waits for the end of a trial whose sessions have all been cut. */
  async #tryOut(gate: Gate, group: readonly Waiting[], candidate: Commit, onto: Commit): Promise<Trial> {
    const abandoned = new AbortController();
    const abandon = () => {
      if (group.every(({ cut }) => cut.aborted)) abandoned.abort();
    };
    for (const { cut } of group) cut.addEventListener("abort", abandon);
    abandon();
    try {
      return await gate.tryOn(candidate, onto, abandoned.signal);
    } finally {
      for (const { cut } of group) cut.removeEventListener("abort", abandon);
    }
  }

  /** Together they fail: each half is tried again, down to those that fail alone. */
  async #part(group: readonly Waiting[], failed: AcceptanceResult[]): Promise<void> {
    const { store, run } = this.#parts;
    const [first] = group;
    if (first && group.length === 1) {
      const answer = { kind: "refused", reasons: failed.map(describeFailed) } as const;
      const held = await store.transition(run, (tx) => recordSentBack(tx, first.claim, answer));
      return first.settle(held ? answer : { kind: "ended" });
    }
    const half = Math.ceil(group.length / 2);
    await this.#tryToLand(group.slice(0, half));
    await this.#tryToLand(group.slice(half));
  }

  /** The tip as the store knows it, and who may still land; the others have ended. */
  async #stillHeld(group: readonly Waiting[]): Promise<{ onto: Commit; held: Waiting[] }> {
    const { store, run } = this.#parts;
    const { onto, lost, held } = await store.transition(run, async (tx) => {
      const [mine, others]: [Waiting[], Waiting[]] = [[], []];
      for (const one of group) ((await heldSession(tx, one.claim)) ? mine : others).push(one);
      return { onto: tx.run.tip, held: mine, lost: others };
    });
    for (const { settle } of lost) settle({ kind: "ended" });
    return { onto, held: held.filter(({ settled }) => !settled) };
  }

  /** What the trunk has done is one fact, so it is recorded as one. */
  async #record(group: readonly Waiting[], { tip, answers }: Staged): Promise<void> {
    const { store, run, recorded } = this.#parts;
    const ends = await store.transition(run, async (tx) => {
      const all: [Waiting, LaneAnswer][] = [];
      for (const [n, one] of group.entries()) {
        const answer = answers[n];
        if (!answer) throw new Error("the trunk did not answer every landing");
        all.push([one, await recordAnswer(tx, one, answer, tip)]);
      }
      return all;
    });
    recorded(ends);
    for (const [{ settle }, answer] of ends) settle(answer);
  }
}

async function recordFollowed(tx: Transition, tip: Commit): Promise<void> {
  if (!(await tx.isBehind(tip, tx.run.tip))) await tx.updateRun({ tip });
  await tx.insertFollowed(tip);
}

async function recordAnswer(
  tx: Transition,
  { claim, landing: { task, session } }: Waiting,
  answer: LandAnswer,
  tip: Commit,
): Promise<LaneAnswer> {
  switch (answer.kind) {
    case "landed":
      await recordLanded(tx, { commit: answer.commit, task, session }, answer.files);
      return { kind: "ended" };
    case "contained":
      await recordUnchanged(tx, claim);
      return { kind: "ended" };
    case "conflict":
      return (await recordSentBack(tx, claim, answer)) ? { ...answer, tip } : { kind: "ended" };
  }
}
