/**
 * Owns the walk through a workspace: every file's state against what the index noted of it. Invariants: those of
 * `Untracked`.
 */
import type { Stats } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { isAsNoted, type IndexFile, type Noted } from "./index-file.ts";
import { submoduleMode } from "./objects.ts";
import { inFolder, Untracked, type Folder, type Suspects } from "./untracked.ts";

/** `writtenAt`: when the index was written, ms since 1970; a file that changed since then may look as it was. */
type CheckedOut = { index: IndexFile; writtenAt: number };

/** Looks at the whole workspace. null: only git can tell what is ignored there. */
export function walk(root: string, checkedOut: CheckedOut): Promise<Suspects | null> {
  return new Walk(root, checkedOut).run();
}

class Walk {
  readonly #untracked: Untracked;
  readonly #noted: CheckedOut;
  /** Folders of what was checked out. */
  readonly #folders: Set<string>;
  readonly #seen = new Set<string>();
  #open: Folder[] = [{ path: "", rules: null, ignored: false }];

  constructor(root: string, noted: CheckedOut) {
    this.#untracked = new Untracked(root);
    this.#noted = noted;
    this.#folders = noted.index.folders();
  }

  async run(): Promise<Suspects | null> {
    const untracked = this.#untracked;
    for (let folder = this.#open.pop(); folder; folder = this.#open.pop()) {
      const names = untracked.list(folder);
      if (names.includes(".gitignore") && !folder.ignored && !(await untracked.addRules(folder))) return null;
      for (const name of names) {
        this.#meet(folder, name);
        if (untracked.isDue()) await setImmediate();
      }
      if (untracked.isTooMuch) return null;
      if (untracked.isOver) break;
    }
    if (untracked.isBounded())
      for (const path of this.#noted.index.paths()) if (!this.#seen.has(path)) untracked.suspects.gone.push(path);
    return untracked.suspects;
  }

  #meet(folder: Folder, name: string): void {
    const path = inFolder(folder, name);
    if (path === ".git") return;
    const untracked = this.#untracked;
    const stats = untracked.look(folder, path);
    if (!stats) return;
    const noted = this.#noted.index.get(path);
    // What is in a submodule is not ours.
    if (noted?.mode === submoduleMode) return void this.#seen.add(path);
    if (noted && !stats.isDirectory()) {
      this.#seen.add(path);
      if (!this.#isAsNoted(noted, stats)) untracked.suspects.present.push(path);
      return;
    }
    if (stats.isDirectory() && this.#folders.has(path)) {
      const ignored = folder.ignored || untracked.isIgnored(folder, path, true);
      this.#open.push({ path, rules: folder.rules, ignored });
      return;
    }
    if (!folder.ignored && untracked.judge(folder, path, name, stats))
      this.#open.push({ path, rules: folder.rules, ignored: false });
  }

  #isAsNoted(noted: Noted, stats: Stats): boolean {
    return noted.changedAt < this.#noted.writtenAt && isAsNoted(noted, stats);
  }
}
