/**
 * The landing lane of a run: work is taken in side by side, then what has come meanwhile lands together, one group at a
 * time. Keeps: a task lands at most once, and nothing lands in the name of a session that lost its claim. Each landing
 * is first a row, then a move of the branch (one for the group), then the recorded fact; after a crash between the last
 * two, the trailers in the trunk's history are read back.
 */
import pLimit from "p-limit";
import type { Handoff } from "../domain/handoff.ts";
import { idText, type Commit, type RunId } from "../domain/ids.ts";
import { laneLimits } from "../domain/limits.ts";
import type { Claim, Usage } from "../domain/session.ts";
import { recordLanded, recordSentBack, recordUnchanged, submit } from "./attempts.ts";
import type { GroupAnswer, LandAnswer, Landing, TakenIn, Trunk, Workspace } from "./ports.ts";
import { heldSession } from "./session-end.ts";
import type { Store, Transition } from "./store-port.ts";

export type Submission = { handoff: Handoff; usage: Usage; message: string; cycle: number };

/** `ended`: the attempt is over and recorded, or is not ours any more. */
export type LaneAnswer =
  | { kind: "ended" }
  | { kind: "nothing_changed" }
  | { kind: "conflict"; tip: Commit; files: string[] }
  | { kind: "refused"; reasons: string[] };

const movesMax = 20;

/** Work that was taken in and waits for its turn. */
type Waiting = {
  claim: Claim;
  landing: Landing;
  settle(answer: LaneAnswer): void;
  fail(error: unknown): void;
};

export class Lane {
  readonly #store: Store;
  readonly #trunk: Trunk;
  readonly #run: RunId;
  readonly #report: (error: unknown) => void;
  readonly #oneAtATime = pLimit(1);
  readonly #takeIn = pLimit(laneLimits.intakesAtOnce);
  readonly #waiting: Waiting[] = [];

  constructor(store: Store, trunk: Trunk, run: RunId, report: (error: unknown) => void) {
    this.#store = store;
    this.#trunk = trunk;
    this.#run = run;
    this.#report = report;
  }

  /** Rejects for faults of the environment; the trunk's history has been read back by then. */
  async land(claim: Claim, workspace: Workspace, submission: Submission): Promise<LaneAnswer> {
    const { subject, session } = claim;
    if (subject.kind !== "attempt") throw new Error(`${idText("session", session)} is not a task attempt`);
    const submitted = await this.#store.transition(this.#run, (tx) =>
      submit(tx, claim, submission.handoff, submission.usage),
    );
    if (!submitted) return { kind: "ended" };
    const taken = await this.#takeIn(() => this.#trunk.takeIn(this.#run, workspace));
    if (taken.kind !== "taken") return this.#recordNotTaken(claim, taken);
    const { message, cycle } = submission;
    return this.#queue(claim, { change: taken.change, cycle, task: subject.task, session, message });
  }

  /** An attempt that changed nothing and says that nothing was to do. */
  nothingToDo(claim: Claim, submission: Submission): Promise<LaneAnswer> {
    return this.#oneAtATime(async () => {
      await this.#store.transition(this.#run, async (tx) => {
        if (await submit(tx, claim, submission.handoff, submission.usage)) await recordUnchanged(tx, claim);
      });
      return { kind: "ended" };
    });
  }

  /** Records what the trunk has and the store does not know of. */
  readBack(): Promise<void> {
    return this.#oneAtATime(() => this.#readBack());
  }

  async #recordNotTaken(claim: Claim, taken: Exclude<TakenIn, { kind: "taken" }>): Promise<LaneAnswer> {
    if (taken.kind === "unchanged") {
      await this.#store.transition(this.#run, (tx) => tx.settleLanding(claim.session, { status: "unchanged" }));
      return { kind: "nothing_changed" };
    }
    const held = await this.#store.transition(this.#run, (tx) => recordSentBack(tx, claim, taken));
    return held ? taken : { kind: "ended" };
  }

  /** What comes while a group lands is the next group. */
  #queue(claim: Claim, landing: Landing): Promise<LaneAnswer> {
    return new Promise((settle, fail) => {
      this.#waiting.push({ claim, landing, settle, fail });
      void this.#oneAtATime(() => this.#landWaiting());
    });
  }

  async #landWaiting(): Promise<void> {
    const group = this.#waiting.splice(0, laneLimits.landingsPerGroupMax);
    if (group.length === 0) return;
    await this.#land(group);
    await this.#trunk.tidy(this.#run).catch(this.#report);
  }

  /** Never rejects: whoever waits is told. */
  async #land(group: Waiting[]): Promise<void> {
    try {
      await this.#tryToLand(group);
    } catch (error) {
      try {
        await this.#readBack();
        if (group.length === 1) for (const one of group) await this.#tell(one, error);
        else {
          // A fault of one is not to be the fault of all.
          this.#report(error);
          for (const one of group) await this.#land([one]);
        }
      } catch (second) {
        for (const one of group) one.fail(second);
      }
    }
  }

  async #tell({ claim, settle, fail }: Waiting, error: unknown): Promise<void> {
    const held = await this.#store.transition(this.#run, (tx) => heldSession(tx, claim));
    if (held) fail(error);
    else settle({ kind: "ended" });
  }

  async #tryToLand(group: Waiting[]): Promise<void> {
    for (let move = 0; move < movesMax; move++) {
      const { onto, held } = await this.#stillHeld(group);
      if (held.length === 0) return;
      const landings = held.map(({ landing }) => landing);
      const answer = await this.#trunk.land(this.#run, onto, landings);
      if (answer.kind === "settled") return this.#record(held, answer);
      await this.#readBack();
    }
    throw new Error(`the trunk moved ${movesMax} times under one landing: does another engine write to it?`);
  }

  /** The tip as the store knows it, and who may still land; the others have ended. */
  async #stillHeld(group: Waiting[]): Promise<{ onto: Commit; held: Waiting[] }> {
    const { onto, lost, held } = await this.#store.transition(this.#run, async (tx) => {
      const [mine, others]: [Waiting[], Waiting[]] = [[], []];
      for (const one of group) ((await heldSession(tx, one.claim)) ? mine : others).push(one);
      return { onto: tx.run.tip, held: mine, lost: others };
    });
    for (const { settle } of lost) settle({ kind: "ended" });
    return { onto, held };
  }

  /** What the trunk has done is one fact, so it is recorded as one. */
  async #record(group: Waiting[], { tip, answers }: Extract<GroupAnswer, { kind: "settled" }>): Promise<void> {
    const ends = await this.#store.transition(this.#run, async (tx) => {
      const recorded: [Waiting, LaneAnswer][] = [];
      for (const [n, one] of group.entries()) {
        const answer = answers[n];
        if (!answer) throw new Error("the trunk did not answer every landing");
        recorded.push([one, await recordAnswer(tx, one, answer, tip)]);
      }
      return recorded;
    });
    for (const [{ settle }, answer] of ends) settle(answer);
  }

  async #readBack(): Promise<void> {
    const since = await this.#store.transition(this.#run, async (tx) => tx.run.tip);
    const landings = await this.#trunk.landedSince(this.#run, since);
    for (const landed of landings) await this.#store.transition(this.#run, (tx) => recordLanded(tx, landed, null));
    const tip = await this.#trunk.tip(this.#run);
    if (tip !== (landings.at(-1)?.commit ?? since))
      await this.#store.transition(this.#run, (tx) => tx.updateRun({ tip }));
  }
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
