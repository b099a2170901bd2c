/**
 * The seam between a workspace and how its folder comes to be: copied by git, or an overlay of what all share. Nothing
 * else of taking work in, conflicts and keeping knows which.
 */
import type { Cone } from "../domain/cone.ts";
import type { Commit, RunId } from "../domain/ids.ts";
import type { PrepareWork } from "../engine/ports.ts";
import type { ChangedPaths } from "./changed-paths.ts";
import type { Passed } from "./passed.ts";
import type { Sparse } from "./sparse.ts";
import type { WorkspacePlace } from "./workspace.ts";

/** `passed`: a later one of these commits does as well. `cone`: what of it is needed, latin1; there may be more. */
export type CheckoutHow = { passed: Passed | null; cone: Cone };

export interface Checkouts {
  /** A clean checkout of `commit` at `place.path`, with a `.git` for the worker; `place.folder` is there then. */
  open(place: WorkspacePlace, commit: Commit, how: CheckoutHow): Promise<Checkout>;
  /** As `Trunk.prepare`. */
  prepare(place: WorkspacePlace, commit: Commit, work: PrepareWork): Promise<boolean>;
  /** What one more takes of the disk, as far as is known by now. */
  bytesOfNext(run: RunId): number;
  /** Removes all that was made for the run, by whichever engine. Nobody else may work on the run. */
  clear(run: RunId): Promise<void>;
  /** Removes what this very object has made for workspaces to come; none is open any more. */
  close(): Promise<void>;
}

export interface Checkout {
  readonly commit: Commit;
  readonly changedPaths: ChangedPaths;
  /** Of a part of the commit; null: all of it is checked out. */
  readonly sparse: Sparse | null;
  /** A file of patterns: what the worker's git is to leave alone beside what the work tree says; null: nothing. */
  readonly excludeFile: string | null;
  /** Has the engine's index lie at its place, with what was checked out. Repeatable. */
  needIndex(): Promise<void>;
  /** Repeatable. */
  remove(): Promise<void>;
}
