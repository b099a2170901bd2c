/**
 * Owns the walk through a workspace: every file's state against what the index noted of it. Invariants: opens no file
 * but `.gitignore`, follows no link. Names are kept byte for byte (latin1), so that no encoding hides one.
 */
import { lstatSync, readdirSync, type Stats } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { gitLimits } from "../domain/limits.ts";
import type { Suspects } from "./changed-paths.ts";
import { isGitName, showPath } from "./entry-rules.ts";
import { isIgnored, parseIgnore, workOf, type Rules } from "./ignore-rules.ts";
import type { IndexFile, Noted } from "./index-file.ts";
import { asPath, toText } from "./latin1.ts";
import { submoduleMode } from "./objects.ts";
import { readSafely } from "./safe-read.ts";

/** `writtenAt`: when the index was written, ms since 1970; a file that changed since then may look as it was. */
type CheckedOut = { index: IndexFile; writtenAt: number };

/** Looks at the whole workspace. null: only git can tell what is ignored there. */
export function walk(root: string, checkedOut: CheckedOut): Promise<Suspects | null> {
  return new Walk(root, checkedOut).run();
}

/** `ignored`: of what is in it, only what was checked out counts. */
type Folder = { path: string; rules: Rules | null; ignored: boolean };

const readByGit = new Set([".gitignore", ".gitattributes", ".gitmodules"]);

class Walk {
  readonly #root: string;
  readonly #noted: CheckedOut;
  /** Folders of what was checked out. */
  readonly #folders = new Set<string>();
  readonly #seen = new Set<string>();
  readonly #suspects: Suspects = { present: [], gone: [], reasons: [] };
  #steps = 0;
  #work = 0;
  #workDue = 0;
  #open: Folder[] = [{ path: "", rules: null, ignored: false }];

  constructor(root: string, noted: CheckedOut) {
    this.#root = root;
    this.#noted = noted;
    for (const path of noted.index.paths()) {
      for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
        const folder = path.slice(0, end);
        if (this.#folders.has(folder)) break;
        this.#folders.add(folder);
      }
    }
  }

  async run(): Promise<Suspects | null> {
    const { present, gone, reasons } = this.#suspects;
    for (let folder = this.#open.pop(); folder; folder = this.#open.pop()) {
      const names = this.#list(folder);
      if (names.includes(".gitignore") && !folder.ignored && !(await this.#addRules(folder))) return null;
      for (const name of names) {
        this.#meet(folder, name);
        if (this.#isDue()) await setImmediate();
      }
      if (this.#work > gitLimits.ignoreWorkMax) return null;
      if (present.length + reasons.length > gitLimits.changedPathsMax || this.#steps > gitLimits.walkedMax) break;
    }
    if (this.#steps > gitLimits.walkedMax) reasons.push(`more than ${gitLimits.walkedMax} files and folders`);
    else if (present.length > gitLimits.changedPathsMax) reasons.push(tooMany);
    else for (const path of this.#noted.index.paths()) if (!this.#seen.has(path)) gone.push(path);
    return { present, gone, reasons };
  }

  /** Is it time for everything else? */
  #isDue(): boolean {
    const byWork = this.#work >= this.#workDue;
    if (byWork) this.#workDue = this.#work + gitLimits.ignoreWorkAtOnce;
    return ++this.#steps % gitLimits.stepsAtOnce === 0 || byWork;
  }

  #isIgnored(folder: Folder, path: string, isFolder: boolean): boolean {
    this.#work += workOf(folder.rules);
    return isIgnored(folder.rules, path, isFolder);
  }

  #list(folder: Folder): string[] {
    try {
      const path = folder.path === "" ? this.#root : `${this.#root}/${folder.path}`;
      // A link here would be followed; what is in it counts only after `readSafely` has seen where it lies.
      return readdirSync(asPath(path), "latin1");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Gone or replaced since it was listed: the worker is still busy.
      if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return [];
      if (!folder.ignored) this.#refuse(folder.path || ".", whyNot(error));
      return [];
    }
  }

  /** false: only git can tell what is ignored. */
  async #addRules(folder: Folder): Promise<boolean> {
    const path = inFolder(folder, ".gitignore");
    const file = await readSafely(this.#root, path);
    // What is wrong with it is said when it is met; git does not read a link.
    if (file.kind !== "read" || file.mode === "120000") return true;
    const patterns = parseIgnore(file.body.toString("latin1"));
    if (patterns === null) return false;
    folder.rules = { patterns, folder: folder.path, above: folder.rules };
    return true;
  }

  #meet(folder: Folder, name: string): void {
    const path = inFolder(folder, name);
    if (path === ".git") return;
    const stats = this.#look(folder, path);
    if (!stats) return;
    const noted = this.#noted.index.get(path);
    // What is in a submodule is not ours.
    if (noted?.mode === submoduleMode) return void this.#seen.add(path);
    if (noted && !stats.isDirectory()) {
      this.#seen.add(path);
      if (!this.#isAsNoted(noted, stats)) this.#suspects.present.push(path);
      return;
    }
    if (stats.isDirectory() && this.#folders.has(path)) {
      this.#open.push({ path, rules: folder.rules, ignored: folder.ignored || this.#isIgnored(folder, path, true) });
      return;
    }
    if (!folder.ignored) this.#judge(folder, path, name, stats);
  }

  #look(folder: Folder, path: string): Stats | null {
    try {
      return lstatSync(asPath(`${this.#root}/${path}`), { throwIfNoEntry: false }) ?? null;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ELOOP") return null;
      if (!folder.ignored) this.#refuse(path, whyNot(error));
      return null;
    }
  }

  /** Something that was not checked out. */
  #judge(folder: Folder, path: string, name: string, stats: Stats): void {
    const ignored = () => this.#isIgnored(folder, path, stats.isDirectory());
    if (isGitName(toText(name))) {
      // Ignoring its name does not make it harmless; ignoring the folder that it lies in does.
      if (folder.path !== "" || !ignored()) this.#refuse(path, gitNameReason(name));
    } else if (stats.isDirectory()) {
      if (!ignored()) this.#open.push({ path, rules: folder.rules, ignored: false });
    } else if (stats.isFile() || stats.isSymbolicLink()) {
      if (!ignored()) this.#suspects.present.push(path);
    } else if (readByGit.has(name) || !ignored()) {
      this.#refuse(path, "neither a file nor a folder nor a symbolic link");
    }
  }

  #isAsNoted(noted: Noted, stats: Stats): boolean {
    const sameTime = (one: number, other: number) => Math.abs(one - other) < 0.001;
    return (
      noted.changedAt < this.#noted.writtenAt &&
      sameTime(noted.changedAt, stats.ctimeMs) &&
      sameTime(noted.modifiedAt, stats.mtimeMs) &&
      noted.inode === stats.ino % 2 ** 32 &&
      noted.bytes === stats.size % 2 ** 32
    );
  }

  #refuse(path: string, reason: string): void {
    this.#suspects.reasons.push(`${showPath(toText(path))}: ${reason}`);
  }
}

const inFolder = (folder: Folder, name: string) => (folder.path === "" ? name : `${folder.path}/${name}`);

/** Throws what is no fault of the worker's. */
function whyNot(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENAMETOOLONG") return "its path is too long";
  if (code !== "EACCES" && code !== "EPERM") throw error;
  return "it cannot be read";
}

const tooMany = `more than ${gitLimits.changedPathsMax} files are new or changed: have .gitignore ignore what is generated`;

export const gitNameReason = (name: string) =>
  name === ".git"
    ? "a git repository inside the tree cannot land: remove its .git, or have .gitignore ignore its folder"
    : "no part of a path may be named .git, in any spelling";
