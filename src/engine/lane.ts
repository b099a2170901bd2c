/**
 * The landing lane: one landing at a time per run, in the order of submission. Keeps: a task lands at most once, and
 * nothing lands in the name of a session that lost its claim. Each landing is first a row, then a move of the branch,
 * then the recorded fact; after a crash between the last two, the trailers in the trunk's history are read back.
 */
import pLimit from "p-limit";
import type { Handoff } from "../domain/handoff.ts";
import { idText, type Commit, type RunId } from "../domain/ids.ts";
import type { Claim, Usage } from "../domain/session.ts";
import { recordLanded, recordSentBack, recordUnchanged, submit } from "./attempts.ts";
import type { LandAnswer, Trunk, Workspace } from "./ports.ts";
import { heldSession } from "./session-end.ts";
import type { Store } from "./store-port.ts";

export type Submission = { handoff: Handoff; usage: Usage; message: string; cycle: number };

/** `ended`: the attempt is over and recorded, or is not ours any more. */
export type LaneAnswer =
  | { kind: "ended" }
  | { kind: "nothing_changed" }
  | { kind: "conflict"; tip: Commit; files: string[] }
  | { kind: "refused"; reasons: string[] };

const movesMax = 20;

export class Lane {
  readonly #store: Store;
  readonly #trunk: Trunk;
  readonly #run: RunId;
  readonly #oneAtATime = pLimit(1);

  constructor(store: Store, trunk: Trunk, run: RunId) {
    this.#store = store;
    this.#trunk = trunk;
    this.#run = run;
  }

  /** Rejects for faults of the environment; the trunk's history has been read back by then. */
  land(claim: Claim, workspace: Workspace, submission: Submission): Promise<LaneAnswer> {
    return this.#oneAtATime(async () => {
      const submitted = await this.#store.transition(this.#run, (tx) =>
        submit(tx, claim, submission.handoff, submission.usage),
      );
      if (!submitted) return { kind: "ended" };
      try {
        return await this.#tryToLand(claim, workspace, submission);
      } catch (error) {
        await this.#readBack();
        if (await this.#stillHeld(claim)) throw error;
        return { kind: "ended" };
      }
    });
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

  async #tryToLand(claim: Claim, workspace: Workspace, { message, cycle }: Submission): Promise<LaneAnswer> {
    for (let move = 0; move < movesMax; move++) {
      const onto = await this.#store.transition(this.#run, async (tx) =>
        (await heldSession(tx, claim)) ? tx.run.tip : null,
      );
      if (onto === null) return { kind: "ended" };
      const task = claim.subject.kind === "attempt" ? claim.subject.task : null;
      if (task === null) throw new Error(`${idText("session", claim.session)} is not a task attempt`);
      const answer = await this.#trunk.land(this.#run, workspace, {
        cycle,
        task,
        session: claim.session,
        message,
        onto,
      });
      if (answer.kind !== "moved") return this.#record(claim, onto, answer);
      await this.#readBack();
    }
    throw new Error(`the trunk moved ${movesMax} times under one landing: does another engine write to it?`);
  }

  async #record(claim: Claim, onto: Commit, answer: Exclude<LandAnswer, { kind: "moved" }>): Promise<LaneAnswer> {
    const { session, subject } = claim;
    switch (answer.kind) {
      case "landed":
        await this.#store.transition(this.#run, async (tx) => {
          if (subject.kind === "attempt")
            await recordLanded(tx, { commit: answer.commit, task: subject.task, session }, answer.files);
        });
        return { kind: "ended" };
      case "unchanged":
        await this.#store.transition(this.#run, (tx) => tx.settleLanding(session, { status: "unchanged" }));
        return { kind: "nothing_changed" };
      case "contained":
        await this.#store.transition(this.#run, (tx) => recordUnchanged(tx, claim));
        return { kind: "ended" };
      case "conflict":
      case "refused": {
        const held = await this.#store.transition(this.#run, (tx) => recordSentBack(tx, claim, answer));
        if (!held) return { kind: "ended" };
        return answer.kind === "conflict" ? { kind: "conflict", tip: onto, files: answer.files } : answer;
      }
    }
  }

  async #readBack(): Promise<void> {
    const since = await this.#store.transition(this.#run, async (tx) => tx.run.tip);
    const landings = await this.#trunk.landedSince(this.#run, since);
    for (const landed of landings) await this.#store.transition(this.#run, (tx) => recordLanded(tx, landed, null));
    const tip = await this.#trunk.tip(this.#run);
    if (tip !== (landings.at(-1)?.commit ?? since))
      await this.#store.transition(this.#run, (tx) => tx.updateRun({ tip }));
  }

  #stillHeld(claim: Claim): Promise<boolean> {
    return this.#store.transition(this.#run, async (tx) => (await heldSession(tx, claim)) !== null);
  }
}
