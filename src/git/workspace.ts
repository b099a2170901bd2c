/**
 * Owns a session's workspace: its folder, the engine's index for it outside of that folder, and the private `.git`
 * that the worker gets. Invariants: the engine's git never uses anything inside the workspace as a git folder; what
 * this file writes into a workspace that a worker has had, it renames into place and never writes through a link.
 */
import { lstatSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { invariant } from "../domain/assert.ts";
import type { Commit, RunId } from "../domain/ids.ts";
import type { Workspace } from "../engine/ports.ts";
import type { GitChange } from "./change.ts";
import type { Checkout } from "./checkouts.ts";
import type { GitCall } from "./git-process.ts";
import { moveFolder } from "./move-folder.ts";
import { asPath, toLatin1, toText } from "./latin1.ts";
import type { OtherSide } from "./other-side.ts";
import { removeTree } from "./remove-tree.ts";
import { conePatterns, type Sparse } from "./sparse.ts";
import type { TrunkRepository } from "./trunk-repository.ts";
import { writeGitFolder } from "./worker-git.ts";

/** A file that was conflicted, and the lines in it that only a conflict put there; none: it was the conflict that put the file there. */
export type Marked = { path: string; markers: string[] };

/**
 * What the index of the worker's git told last, `seen` (`seeIndex`): paths that it has and the engine's has not, and the other way round. Latin1.
 */
export type Told = { seen: string | null; added: readonly string[]; dropped: readonly string[] };

/** As `seen`: of none. */
export const unknown = "";

export class GitWorkspace implements Workspace {
  readonly run: RunId;
  readonly name: string;
  readonly path: string;
  /** `path` with links resolved, latin1, as it was when this was first asked; null: not yet. */
  root: string | null = null;
  /** Moves on when a conflict is placed. */
  base: Commit;
  /** Outside of the workspace: index, intake, conflict versions. */
  readonly folder: string;
  /** The tree that the index holds: what was put into the folder; null: the base's. */
  checkedOut: string | null = null;
  /** The work as it was taken in last. */
  taken: GitChange | null = null;
  /** Objects that `keep` has put into the trunk's store. */
  readonly kept = new Set<string>();
  /** Trees to which `keep` has made refs, oldest first. */
  readonly pinned: string[] = [];
  conflicts = 0;
  marked: Marked[] = [];
  /** Of the last conflict, until the worker was told that its resolution drops something of it. */
  otherSides: OtherSide[] = [];
  readonly checkout: Checkout;
  told: Told;
  readonly #removed: () => void;

  constructor(place: WorkspacePlace, checkout: Checkout, removed: () => void) {
    this.run = place.run;
    this.name = place.name;
    this.path = place.path;
    this.folder = place.folder;
    this.base = checkout.commit;
    this.checkout = checkout;
    this.told = { seen: seeIndex(place.path), added: [], dropped: [] };
    this.#removed = removed;
  }

  /** git's, in our hands; there once `checkout.needIndex` has answered. */
  get indexFile(): string {
    return indexOf(this);
  }

  get sparse(): readonly string[] | null {
    return this.checkout.sparse?.cone?.map(toText) ?? null;
  }

  async remove(): Promise<void> {
    await this.checkout.remove();
    this.#removed();
  }
}

/** `isOurs`: false where another engine has taken the run over, and may have a workspace of this name itself. */
export type WorkspacePlace = { run: RunId; name: string; path: string; folder: string; isOurs(): Promise<boolean> };

export const indexOf = ({ folder }: Pick<WorkspacePlace, "folder">) => join(folder, "index");

/** How git sees the workspace through the engine's own eyes. */
export async function through(trunk: TrunkRepository, workspace: GitWorkspace, more: GitCall = {}): Promise<GitCall> {
  await workspace.checkout.needIndex();
  const { path, indexFile, checkout } = workspace;
  return trunk.at(workspace.run, { workTree: path, indexFile, ...checkout.sparse?.call, ...more });
}

/** Which very file the index of the worker's git is. `path`: of the workspace. null: there is none to look at. */
export function seeIndex(path: string): string | null {
  try {
    const stats = lstatSync(asPath(`${toLatin1(path)}/.git/index`), { throwIfNoEntry: false });
    return stats ? [stats.ino, stats.ctimeMs, stats.mtimeMs, stats.size].join(" ") : null;
  } catch (error) {
    // A link that leads in a circle, a folder that denies it.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return null;
  }
}

/** Removes what this adapter keeps of the workspace, unless it is another engine's by now. */
export async function removePlace(place: Pick<WorkspacePlace, "path" | "folder" | "isOurs">): Promise<void> {
  if (!(await place.isOurs())) return;
  await removeTree(place.folder);
  await removeTree(place.path);
}

/**
 * Gives the worker a `.git` of its own, in which status is clean and log, diff and commit work, and which keeps its
 * git from finding the user's repository above. Replaces one that is there, whatever the worker made of it.
 */
export async function givePrivateGit(trunk: TrunkRepository, workspace: GitWorkspace): Promise<void> {
  invariant(workspace.path !== "" && workspace.folder !== "", "a workspace has folders");
  const building = join(workspace.folder, "worker.git");
  await removeTree(building);
  const { sparse, excludeFile } = workspace.checkout;
  await writeWorkersGit(trunk, workspace, building, { commit: workspace.base, sparse });
  if (excludeFile !== null) await copyFile(excludeFile, join(building, "info", "exclude"));
  await removeTree(join(workspace.path, ".git"));
  await moveFolder(building, workspace.path, ".git");
  workspace.told = { seen: seeIndex(workspace.path), added: [], dropped: [] };
}

/** At `folder`, where nothing is yet, with a copy of the engine's index. */
export async function writeWorkersGit(
  trunk: TrunkRepository,
  place: Pick<WorkspacePlace, "folder">,
  folder: string,
  { commit, sparse }: { commit: Commit; sparse: Sparse | null },
): Promise<void> {
  const shape = { bare: false, sha256: commit.length === 64, patterns: sparse && conePatterns(sparse.cone) };
  await writeGitFolder(trunk, folder, { HEAD: `${commit}\n` }, shape);
  await copyFile(indexOf(place), join(folder, "index"));
}
