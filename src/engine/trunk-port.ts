/** The trunk, as the engine sees it: the run's shared branch, workspaces made from it, and landings on it. */
import type { ConflictFile } from "../domain/brief.ts";
import type { Commit, EngineId, RunId, SessionId, TaskId } from "../domain/ids.ts";
import type { Maintained, StoreSize } from "../domain/maintenance.ts";
import type { PutBack } from "../domain/protected.ts";
import type { ChangedFile } from "../domain/weakened-tests.ts";

/**
 * The run's shared branch in a bare repository that the engine owns, workspaces made from it, and landings on it.
 * The engine calls `stage` and `moveTo` one at a time per run, `takeIn` at any time. Rejections are faults of the environment (disk full, a broken
 * repository); after one the ref is either old or new, and `landedSince` tells which.
 */
export interface Trunk {
  /** Creates the run's branch at `base`. Repeatable. */
  begin(run: RunId, base: Commit): Promise<void>;
  /** From now on only landings through this very object move the run's branch: an older engine's are answered `moved`. */
  takeOver(run: RunId, engine: EngineId): Promise<void>;
  tip(run: RunId): Promise<Commit>;
  /**
   * A clean checkout of `commit` in a directory of its own. `name`: unique among those that are open; `[a-z0-9-]+`.
   */
  openWorkspace(run: RunId, name: string, commit: Commit, how?: OpenHow): Promise<Workspace>;
  /**
   * Has `work` done in a clean checkout of `commit`. When it answers true, whatever it added beside the commit's own files lies in
   * all workspaces that are opened from then on, and is no change of theirs.
   */
  prepare(run: RunId, name: string, commit: Commit, work: PrepareWork): Promise<boolean>;
  /** What one more workspace takes of the disk, as far as is known by now. */
  workspaceBytes(run: RunId): number;
  /**
   * A clean checkout of `commit` in which `protect.paths` are as a checkout of `protect.at` has them: bytes, modes and links, and
   * nothing beside them. Each path is there at `protect.at`. The trunk is not changed.
   */
  openProtected(run: RunId, name: string, commit: Commit, protect: Protect): Promise<ProtectedWorkspace>;
  /**
   * Keeps the workspace's files durably with the trunk, for `openWorkspace` on any machine. Files that git ignores are
   * not kept; files that could not land are reasons to keep nothing.
   */
  keep(run: RunId, workspace: Workspace): Promise<{ ok: true; kept: string } | { ok: false; reasons: string[] }>;
  /** Removes workspaces of earlier engines, and locks that they left. Nobody else may work on the run. */
  clearLeftovers(run: RunId): Promise<void>;
  /** Takes the workspace's files as one change against its base. Never runs or parses anything that the worker wrote. */
  takeIn(run: RunId, workspace: Workspace): Promise<TakenIn>;
  /**
   * Merges the changes onto `onto`, the tip as the engine knows it, one after the other, and makes what comes of it durable.
   * A change that conflicts is left out. The branch stays where it is.
   */
  stage(run: RunId, onto: Commit, landings: readonly Landing[]): Promise<Staged>;
  /**
   * The same with `theirs`, a commit that `Remote.exchange` answered as followed: one merge commit, which lands when the
   * branch is moved to it. `how`: `resolved` takes nothing of theirs, for the trunk has it by other ways.
   */
  stageFollowed(run: RunId, onto: Commit, theirs: Commit, how: FollowHow): Promise<FollowAnswer>;
  /**
   * Lands what was staged: moves the branch from `from` to `to`, durably, before it answers. false: the branch is elsewhere,
   * or another engine took over; nothing has landed.
   */
  moveTo(run: RunId, from: Commit, to: Commit): Promise<boolean>;
  /** Keeps the trunk's store quick; answers at once when nothing is to do. The engine calls it between landings. */
  tidy(run: RunId): Promise<void>;
  /** How much the trunk's store holds, and how much the last maintenance left there. Looks at names and sizes only. */
  storeSize(run: RunId): Promise<{ size: StoreSize; last: Maintained | null }>;
  /**
   * Makes the trunk's store small: packs what has come since it was made, gives way to everything else meanwhile, and
   * removes what nothing leads to and nobody has used for long. Everything else may go on beside it, also other engines;
   * one at a time per engine. Rejects when it did not come to its end, also when `signal` cut it: nothing is lost, and the
   * next one does it.
   */
  maintain(run: RunId, order: MaintenanceOrder): Promise<void>;
  /**
   * Puts the workspace on `tip` with its own change merged in and conflict markers in place. A following `takeIn`
   * refuses files that still carry these markers, and once a resolution of which nothing is left of what the trunk's
   * side had added to a file.
   */
  placeConflict(workspace: Workspace, tip: Commit): Promise<{ base: Commit; files: ConflictFile[] }>;
  /** Landed commits after `since`, of those that changed `paths`, oldest first, from the trailers in the trunk's history. */
  landedSince(run: RunId, since: Commit, paths?: readonly string[]): Promise<Landed[]>;
  /**
   * Visits the files that changed from one commit to the other, both sides with their texts, where `wanted` takes either path.
   * Renames as git detects them; what is gone first, what is new last. Bounded by `testReportLimits`; `omitted` were not visited.
   */
  changedFiles(run: RunId, between: readonly [Commit, Commit], look: LookAtFiles): Promise<{ omitted: number }>;
  /** Publishes trunk and green as branches of the user's repository; answers their names. */
  publish(run: RunId, green: Commit | null): Promise<{ trunk: string; green: string | null }>;
}

export type LookAtFiles = { wanted(path: string): boolean; visit(file: ChangedFile): void };

/** All that these workspaces, by name, kept last; and what stands in `kept`, whoever kept it. */
export type NeededKept = { workspaces: readonly string[]; kept: readonly string[] };

export type MaintenanceOrder = {
  /** What may be needed of what `keep` has kept; asked once it is known what there is. */
  needed(): Promise<NeededKept>;
  /** No session and no landing lasts longer. */
  unusedMs: number;
  signal: AbortSignal;
};

export type OpenHow = {
  /** The work that `keep` answered is in it; it tells the commit. */
  kept?: string | null;
  /** A commit to which the branch has come since does as well: whoever opens many can have them share one. */
  orLater?: boolean;
  /** Paths and globs: where workspaces are sparse it holds no more than these need. None: all. */
  scope?: readonly string[];
};

/** `directory`: absolute. */
export type PrepareWork = (directory: string) => Promise<boolean>;

export type Workspace = {
  run: RunId;
  name: string;
  /** Absolute. */
  path: string;
  base: Commit;
  /** What it holds of the commit, as in a brief. */
  readonly sparse: readonly string[] | null;
  remove(): Promise<void>;
};

/** `paths`: none lies below another. */
export type Protect = { at: Commit; paths: readonly string[] };
export type ProtectedWorkspace = { workspace: Workspace; putBack: PutBack };

/** Work that was taken in, as its trunk knows it; it outlives its workspace. */
export interface Change {
  readonly files: readonly string[];
}

export type TakenIn =
  | { kind: "taken"; change: Change }
  /** The workspace holds no change against its base. */
  | { kind: "unchanged" }
  | { kind: "refused"; reasons: string[] };

export type Landing = {
  change: Change;
  cycle: number;
  task: TaskId;
  session: SessionId;
  /** The commit message without trailers. */
  message: string;
};

/** `answers`: one for each landing, in their order. `tip`: where the branch has to be moved to, for what is staged to land. */
export type Staged = { tip: Commit; answers: LandAnswer[] };

export type LandAnswer =
  /** With the move of the branch. */
  | { kind: "landed"; commit: Commit; files: string[] }
  /** The trunk has this very change already. */
  | { kind: "contained" }
  | { kind: "conflict"; files: string[] };

export type FollowHow = "merge" | "resolved";
export type FollowAnswer =
  /** `tip`: where the branch has to be moved to. `files`: what it changes on the trunk. */
  | { kind: "staged"; tip: Commit; files: string[] }
  /** The trunk has it already. */
  | { kind: "contained" }
  /** `kept`: what they have changed since they were merged last, as a workspace may be opened with. */
  | { kind: "conflict"; files: string[]; kept: string };

export type Landed = { commit: Commit; task: TaskId; session: SessionId };
