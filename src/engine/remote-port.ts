/** What the engine needs of the remote that a run is published to. */
import type { Commit, RunId } from "../domain/ids.ts";

/** The remote, with the branches that the run's configuration names there. */
export interface Remote {
  /**
   * One batch: pushes the trunk as it is now and `green`, and fetches the branch that is followed. Never rejects for what
   * the remote does, or when it cannot be reached: those are `faults`. Rejects for faults of our own repository.
   */
  exchange(run: RunId, green: Commit | null): Promise<Exchange>;
}

export type Exchange = {
  /** Branches that this batch has moved. */
  pushed: { branch: string; commit: Commit }[];
  /** What did not succeed and why, one sentence each, without secrets. */
  faults: string[];
  /** Where the followed branch stands, now in the trunk's repository for `Trunk.stageFollowed`; null: none, or unknown. */
  followed: Commit | null;
};
