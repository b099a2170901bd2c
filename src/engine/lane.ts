/**
 * The landing lane of a run: work is taken in side by side, then what has come meanwhile lands together, one group at a
 * time (`group-landing.ts`). Each landing is first a row, then a move of the branch, then the recorded fact. Keeps the order:
 * whoever lost a conflict goes first where its paths are concerned.
 */
import pLimit from "p-limit";
import type { Handoff } from "../domain/handoff.ts";
import { idText, type Commit, type RunId, type SessionId } from "../domain/ids.ts";
import { laneLimits } from "../domain/limits.ts";
import type { RunConfig } from "../domain/run-config.ts";
import type { Claim, Usage } from "../domain/session.ts";
import { recordSentBack, recordUnchanged, submit } from "./attempts.ts";
import { describeFailed } from "./check-commands.ts";
import type { Checks } from "./checks.ts";
import { ConflictLeases } from "./conflict-leases.ts";
import { GroupLanding, type LaneAnswer, type Waiting } from "./group-landing.ts";
import type { Clock, FollowAnswer, FollowHow, Landing, Trunk, Workspace } from "./ports.ts";
import type { Store } from "./store-port.ts";

/** `cut`: aborted when nobody wants the landing any more. */
export type Submission = { handoff: Handoff; usage: Usage; message: string; cycle: number; cut: AbortSignal };

export type LaneParts = {
  store: Store;
  trunk: Trunk;
  clock: Clock;
  run: RunId;
  checks: Checks;
  config: Pick<RunConfig, "checks" | "checkPolicy" | "limits">;
  /** Tells of a fault of our own; must not throw. */
  report(error: unknown): void;
};

export class Lane {
  readonly #parts: LaneParts;
  readonly #landing: GroupLanding;
  readonly #oneAtATime = pLimit(1);
  readonly #takeIn = pLimit(laneLimits.intakesAtOnce);
  readonly #leases: ConflictLeases;
  #waiting: Waiting[] = [];
  /** For those who wait for a lease to end. */
  #wakeUp: (() => void) | null = null;

  constructor(parts: LaneParts) {
    this.#parts = parts;
    const { store, trunk, run, checks, config, report } = parts;
    this.#leases = new ConflictLeases(config.limits.conflictLeaseMs);
    const gate = config.checkPolicy === "gate" && config.checks.length > 0 ? checks : null;
    const recorded = (ends: readonly (readonly [Waiting, LaneAnswer])[]) => this.#order(ends);
    this.#landing = new GroupLanding({ store, trunk, run, gate, report, recorded });
  }

  /** Rejects for faults of the environment; the trunk's history has been read back by then. */
  async land(claim: Claim, workspace: Workspace, submission: Submission): Promise<LaneAnswer> {
    const { store, trunk, run } = this.#parts;
    const { subject, session } = claim;
    if (!("task" in subject)) throw new Error(`${idText("session", session)} does not work on a task`);
    const submitted = await store.transition(run, (tx) => submit(tx, claim, submission.handoff, submission.usage));
    if (!submitted) return { kind: "ended" };
    const taken = await this.#takeIn(() => trunk.takeIn(run, workspace));
    if (taken.kind === "unchanged") return this.#sendBack(claim, { kind: "nothing_changed" });
    if (taken.kind === "refused") return this.#sendBack(claim, taken);
    const { message, cycle, cut } = submission;
    const stopped = await this.#checkFirst(claim, workspace, cut);
    return stopped ?? this.#queue(claim, { change: taken.change, cycle, task: subject.task, session, message }, cut);
  }

  /** An attempt that changed nothing and says that nothing was to do. */
  nothingToDo(claim: Claim, submission: Submission): Promise<LaneAnswer> {
    return this.#oneAtATime(async () => {
      await this.#parts.store.transition(this.#parts.run, async (tx) => {
        if (await submit(tx, claim, submission.handoff, submission.usage)) await recordUnchanged(tx, claim);
      });
      return { kind: "ended" };
    });
  }

  /** The session resolves a conflict in these files: its next try goes before others that change them. */
  resolves(session: SessionId, files: readonly string[]): void {
    this.#leases.lost(session, files, this.#parts.clock.elapsed());
  }

  /** What people have pushed, as a landing of its own. A conflict is the caller's to see to. */
  follow(theirs: Commit, how: FollowHow): Promise<FollowAnswer> {
    return this.#oneAtATime(() => this.#landing.follow(theirs, how));
  }

  /** The session is over: nobody waits for it any more. */
  left(session: SessionId): void {
    this.#leases.release(session);
    this.#wake();
  }

  /** Records what the trunk has and the store does not know of. */
  readBack(): Promise<void> {
    return this.#oneAtATime(() => this.#landing.readBack());
  }

  async #sendBack(
    claim: Claim,
    answer: Extract<LaneAnswer, { kind: "nothing_changed" | "refused" }>,
  ): Promise<LaneAnswer> {
    const held = await this.#parts.store.transition(this.#parts.run, (tx) => recordSentBack(tx, claim, answer));
    return held ? answer : { kind: "ended" };
  }

  /** Where a worker's own tree has to pass first. null: it may go on. */
  async #checkFirst(claim: Claim, workspace: Workspace, cut: AbortSignal): Promise<LaneAnswer | null> {
    const { checks, config, run, trunk } = this.#parts;
    if (config.checkPolicy !== "before" || config.checks.length === 0) return null;
    const kept = await trunk.keep(run, workspace);
    if (!kept.ok) return this.#sendBack(claim, { kind: "refused", reasons: kept.reasons });
    const trial = await checks.tryKept(kept.kept, workspace.base, cut);
    if (trial.kind === "cut") return { kind: "cut" };
    if (trial.kind === "passed") return null;
    return this.#sendBack(claim, { kind: "refused", reasons: trial.failed.map(describeFailed) });
  }

  /** What comes while a group lands is the next group. */
  #queue(claim: Claim, landing: Landing, cut: AbortSignal): Promise<LaneAnswer> {
    return new Promise((resolve, reject) => {
      const end = (tell: () => void) => {
        one.settled = true;
        tell();
      };
      const one = {
        claim,
        landing,
        cut,
        settled: false,
        settle: (answer: LaneAnswer) => end(() => resolve(answer)),
        fail: (error: unknown) => end(() => reject(error)),
      };
      this.#waiting.push(one);
      this.#wake();
    });
  }

  #wake(): void {
    if (this.#waiting.length > 0) void this.#oneAtATime(() => this.#landWaiting());
  }

  async #landWaiting(): Promise<void> {
    const group = this.#nextGroup();
    if (group.length === 0) return;
    await this.#landing.land(group);
    await this.#parts.trunk.tidy(this.#parts.run).catch(this.#parts.report);
    this.#wake();
  }

  /** Those whose turn it is; whoever waits for a lease is woken at its end. */
  #nextGroup(): Waiting[] {
    const { clock } = this.#parts;
    const now = clock.elapsed();
    const [group, later]: [Waiting[], Waiting[]] = [[], []];
    let wakeAt = Infinity;
    for (const { landing } of this.#waiting) this.#leases.renew(landing.session, now);
    for (const one of this.#waiting) {
      const until = this.#leases.waitsUntil(one.landing.session, one.landing.change.files, now);
      if (until === null && group.length < laneLimits.landingsPerGroupMax) group.push(one);
      else later.push(one);
      wakeAt = Math.min(wakeAt, until ?? Infinity);
    }
    this.#waiting = later;
    this.#wakeUp?.();
    this.#wakeUp = wakeAt < Infinity ? clock.timer(wakeAt - now, () => this.#wake()) : null;
    return group;
  }

  #order(ends: readonly (readonly [Waiting, LaneAnswer])[]): void {
    for (const [{ landing }, answer] of ends)
      if (answer.kind === "conflict") this.resolves(landing.session, answer.files);
      else this.#leases.release(landing.session);
  }
}
