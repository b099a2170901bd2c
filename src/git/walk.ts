/**
 * Owns the walk through a workspace: every file's state against what the index noted of it. Invariants: those of
 * `Untracked`.
 */
import type { Stats } from "node:fs";
import { setImmediate } from "node:timers/promises";
import type { Elsewhere } from "./elsewhere.ts";
import { isAsNoted, type IndexFile, type Noted } from "./index-file.ts";
import { submoduleMode } from "./objects.ts";
import { inFolder, Untracked, type Folder, type Suspects } from "./untracked.ts";

/** `writtenAt`: when the index was written, ms since 1970; a file that changed since then may look as it was. */
type CheckedOut = {
  index: IndexFile;
  writtenAt: number;
  /** Of a sparse workspace. */
  elsewhere?: Elsewhere;
};

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
  /** Folders in whose place is something else. */
  readonly #replaced: string[] = [];
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
      await this.#noted.elsewhere?.open(`${folder.path}/`);
      if (!folder.ignored && !(await this.#addRules(folder, names))) return null;
      for (const name of names) {
        this.#meet(folder, name);
        if (untracked.isDue()) await setImmediate();
      }
      if (untracked.isTooMuch) return null;
      if (untracked.isOver) break;
    }
    if (untracked.isBounded()) await this.#noteGone();
    return untracked.suspects;
  }

  async #noteGone(): Promise<void> {
    const below = await this.#noted.elsewhere?.below(this.#replaced);
    for (const path of this.#noted.index.paths())
      if (!this.#seen.has(path) && (!this.#isElsewhere(path) || below?.has(path)))
        this.#untracked.suspects.gone.push(path);
  }

  #isElsewhere(path: string): boolean {
    return this.#noted.elsewhere?.has(path) ?? false;
  }

  /** git goes by rules of what is ignored also where they are not checked out. */
  async #addRules(folder: Folder, names: readonly string[]): Promise<boolean> {
    if (names.includes(".gitignore")) return this.#untracked.addRules(folder);
    const rules = await this.#noted.elsewhere?.rules(inFolder(folder, ".gitignore"));
    if (rules === undefined) return true;
    return rules !== null && Untracked.addRulesOf(folder, rules);
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
      if (!this.#isAsNoted(path, noted, stats)) untracked.suspects.present.push(path);
      return;
    }
    // A folder in its place: it cannot be elsewhere.
    if (noted) {
      this.#seen.add(path);
      untracked.suspects.gone.push(path);
    }
    const wasFolder = this.#folders.has(path) || this.#noted.elsewhere?.ours.isClosed(`${path}/`);
    if (wasFolder && !stats.isDirectory()) this.#replaced.push(path);
    if (stats.isDirectory() && wasFolder) {
      const ignored = folder.ignored || untracked.isIgnored(folder, path, true);
      this.#open.push({ path, rules: folder.rules, ignored });
      return;
    }
    if (!folder.ignored && untracked.judge(folder, path, name, stats))
      this.#open.push({ path, rules: folder.rules, ignored: false });
  }

  #isAsNoted(path: string, noted: Noted, stats: Stats): boolean {
    if (noted.changedAt < this.#noted.writtenAt && isAsNoted(noted, stats)) return true;
    return this.#noted.elsewhere?.isAsBrought(path, noted, stats) ?? false;
  }
}
