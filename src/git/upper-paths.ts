/**
 * Which paths of an overlay may differ: those of its upper folder, where the kernel puts whatever is written, and a mark for
 * what is gone. Its cost follows the worker's changes, not the size of the tree. Invariants: those of `Untracked`.
 *
 * A folder of the upper may hide the one below it; that is noted in an attribute, which Node cannot read. So where it
 * may, names that were checked out are looked for in the folder as the worker sees it. That list is dear.
 */
import { readdirSync, type Stats } from "node:fs";
import { setImmediate } from "node:timers/promises";
import type { Commit } from "../domain/ids.ts";
import { gitLimits } from "../domain/limits.ts";
import type { ChangedPaths } from "./changed-paths.ts";
import { asPath, toLatin1 } from "./latin1.ts";
import { listedByGit } from "./listed-by-git.ts";
import { isFolder, submoduleMode, type Entry, type Tree } from "./objects.ts";
import type { Trees } from "./trees.ts";
import { inFolder, submoduleReason, Untracked, type Folder, type Suspects } from "./untracked.ts";
import type { TrunkRepository } from "./trunk-repository.ts";
import { through, type GitWorkspace } from "./workspace.ts";

/** What an overlay stands on: the files of a commit, and `more`: maybe others beside them. */
export type Below = { commit: Commit; more: boolean };

/** `upper`: absolute. */
export function upperPaths(upper: string, below: Below): ChangedPaths {
  const top = toLatin1(upper);
  return async (trunk, workspace, root) => {
    const { trees } = trunk.objects(workspace.run);
    const checkedOut = workspace.checkedOut ?? (await trees.rootOf(workspace.base));
    const walk = new UpperWalk(root, top, trees, { tree: await trees.rootOf(below.commit), more: below.more });
    return (await walk.run(checkedOut)) ?? listInUpper(trunk, workspace, root, top);
  };
}

/** What the layers have and nobody checked out is new to git as well: only what lies in the upper is the worker's. */
async function listInUpper(
  trunk: TrunkRepository,
  workspace: GitWorkspace,
  root: string,
  top: string,
): Promise<Suspects> {
  const call = await through(trunk, workspace, { timeoutMs: gitLimits.intakeMs });
  const isIn = (folder: string, path: string) => new Untracked(folder).look(nowhere, path) !== null;
  const listed = await listedByGit(trunk.git, call, workspace.path, (path) => isIn(top, path));
  return { ...listed, present: listed.present.filter((path) => isIn(top, path) || !isIn(root, path)) };
}

/** Faults met there are nobody's. */
const nowhere: Folder = { path: "", rules: null, ignored: true };

/** `tree`: what was checked out there; null: no such folder. `marked`: all that is gone from it has a mark. */
type Place = Folder & { tree: string | null; marked: boolean };

class UpperWalk {
  readonly #untracked: Untracked;
  readonly #root: string;
  readonly #upper: string;
  readonly #trees: Trees;
  readonly #below: { tree: string; more: boolean };
  #isBelow = false;
  readonly #open: Place[] = [];

  constructor(root: string, upper: string, trees: Trees, below: { tree: string; more: boolean }) {
    this.#untracked = new Untracked(root);
    this.#root = root;
    this.#upper = upper;
    this.#trees = trees;
    this.#below = below;
  }

  /** null: only git can tell what is ignored there. */
  async run(checkedOut: string): Promise<Suspects | null> {
    const untracked = this.#untracked;
    this.#isBelow = checkedOut === this.#below.tree;
    this.#open.push({ path: "", rules: null, ignored: false, tree: checkedOut, marked: this.#isBelow });
    for (let folder = this.#open.pop(); folder; folder = this.#open.pop()) {
      const tree = folder.tree === null ? null : await this.#trees.read(folder.tree);
      const names = untracked.list(folder, this.#upper);
      if (!folder.ignored && this.#mayHaveRules(folder, tree, names) && !(await untracked.addRules(folder)))
        return null;
      if (tree && !folder.marked) await this.#findGone(folder, tree);
      for (const name of names) {
        await this.#meet(folder, tree?.find(name), name);
        if (untracked.isDue()) await setImmediate();
      }
      if (untracked.isTooMuch) return null;
      if (untracked.isOver) break;
    }
    untracked.isBounded();
    return untracked.suspects;
  }

  /** Tells without a look at the file, where nothing hides what lies below. */
  #mayHaveRules(folder: Place, tree: Tree | null, names: readonly string[]): boolean {
    if (this.#below.more || !folder.marked) return true;
    return tree?.find(rulesName) !== undefined || names.includes(rulesName);
  }

  async #findGone(folder: Place, tree: Tree): Promise<void> {
    const shown = new Set(this.#untracked.list(folder));
    for (const entry of tree.entries) if (!shown.has(entry.name)) await this.#gone(inFolder(folder, entry.name), entry);
  }

  async #meet(folder: Place, was: Entry | undefined, name: string): Promise<void> {
    const path = inFolder(folder, name);
    if (path === ".git") return;
    const untracked = this.#untracked;
    const stats = untracked.look(folder, path, this.#upper);
    if (!stats) return;
    if (isMark(stats)) {
      if (was && folder.marked) await this.#gone(path, was);
      return;
    }
    if (was?.mode === submoduleMode) {
      if (!this.#isEmptyFolder(path, stats)) untracked.refuse(path, submoduleReason);
      return;
    }
    if (was && !isFolder(was) && !stats.isDirectory()) {
      untracked.suspects.present.push(path);
      return;
    }
    if (isFolder(was) && stats.isDirectory()) {
      const ignored = folder.ignored || untracked.isIgnored(folder, path, true);
      const marked = this.#isBelow && isMerged(stats, this.#untracked.look(folder, path));
      this.#open.push({ path, rules: folder.rules, ignored, tree: was.oid, marked });
      return;
    }
    // A file in place of a folder, or a folder in place of a file.
    if (was) await this.#gone(path, was);
    if (!folder.ignored && untracked.judge(folder, path, name, stats))
      this.#open.push({ path, rules: folder.rules, ignored: false, tree: null, marked: false });
  }

  /** All that was checked out at `path`. */
  async #gone(path: string, was: Entry): Promise<void> {
    if (was.mode === submoduleMode) this.#untracked.refuse(path, submoduleReason);
    else if (!isFolder(was)) this.#untracked.suspects.gone.push(path);
    else
      for (const entry of (await this.#trees.read(was.oid)).entries) await this.#gone(`${path}/${entry.name}`, entry);
  }

  #isEmptyFolder(path: string, stats: Stats): boolean {
    return stats.isDirectory() && readdirSync(asPath(`${this.#root}/${path}`)).length === 0;
  }
}

/**
 * Does a folder show what lies below it? The kernel tells one link for such a folder, and what the upper's has for all
 * others. Where that is one as well (btrfs), or the kernel told otherwise, the answer is no.
 */
export function isMerged(inUpper: Stats, shown: Stats | null): boolean {
  return inUpper.nlink !== 1 && shown?.nlink === 1;
}

const rulesName = ".gitignore";

/** That what lies below is gone. The kernel lets nobody make one through the overlay. */
const isMark = (stats: Stats) => stats.isCharacterDevice() && stats.rdev === 0;
