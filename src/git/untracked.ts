/**
 * Owns the judgement of what lies in a workspace and was not checked out: whether git ignores it, and whether it may be
 * there. Invariants: opens no file but `.gitignore`, follows no link. Names are kept byte for byte (latin1), so that no
 * encoding hides one.
 */
import { lstatSync, readdirSync, type Stats } from "node:fs";
import { gitLimits } from "../domain/limits.ts";
import { isGitName, showPath, tooLong } from "./entry-rules.ts";
import { isIgnored, parseIgnore, workOf, type Rules } from "./ignore-rules.ts";
import { asPath, toText } from "./latin1.ts";
import { readSafely } from "./safe-read.ts";

/** Paths are latin1, relative, and none of them is ignored. */
export type Suspects = {
  /** Files and links that may have changed, or are new. */
  present: string[];
  /** Files that were checked out and are not there any more. */
  gone: string[];
  /** What may not be there, as sentences: nothing of the workspace may land. */
  reasons: string[];
};

/** `path` "": the workspace itself. `ignored`: of what is in it, only what was checked out counts. */
export type Folder = { path: string; rules: Rules | null; ignored: boolean };

const readByGit = new Set([".gitignore", ".gitattributes", ".gitmodules"]);

export class Untracked {
  readonly suspects: Suspects = { present: [], gone: [], reasons: [] };
  readonly #root: string;
  #steps = 0;
  #work = 0;
  #workDue = 0;

  /** `root`: absolute, links resolved. */
  constructor(root: string) {
    this.#root = root;
  }

  /** Only git can tell in bearable time what is ignored. */
  get isTooMuch(): boolean {
    return this.#work > gitLimits.ignoreWorkMax;
  }

  /** What was found is enough to refuse the whole; the reason is noted once. */
  get isOver(): boolean {
    return this.#steps > gitLimits.walkedMax || this.#found > gitLimits.changedPathsMax;
  }

  get #found(): number {
    return this.suspects.present.length + this.suspects.reasons.length;
  }

  /** Answers false, and says why, when there was more than a change may have. */
  isBounded(): boolean {
    const { present, reasons } = this.suspects;
    if (this.#steps > gitLimits.walkedMax) reasons.push(`more than ${gitLimits.walkedMax} files and folders`);
    else if (present.length > gitLimits.changedPathsMax) reasons.push(tooMany);
    else return true;
    return false;
  }

  /** After each step: is it time for everything else? */
  isDue(): boolean {
    const byWork = this.#work >= this.#workDue;
    if (byWork) this.#workDue = this.#work + gitLimits.ignoreWorkAtOnce;
    return ++this.#steps % gitLimits.stepsAtOnce === 0 || byWork;
  }

  isIgnored(folder: Folder, path: string, isFolder: boolean): boolean {
    this.#work += workOf(folder.rules);
    return isIgnored(folder.rules, path, isFolder);
  }

  /** The names in a folder below `top`. */
  list(folder: Folder, top = this.#root): string[] {
    try {
      const path = folder.path === "" ? top : `${top}/${folder.path}`;
      // A link here would be followed; what is in it counts only after `readSafely` has seen where it lies.
      return readdirSync(asPath(path), "latin1");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Gone or replaced since it was listed: the worker is still busy.
      if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return [];
      if (!folder.ignored) this.refuse(folder.path || ".", whyNot(error));
      return [];
    }
  }

  look(folder: Folder, path: string, top = this.#root): Stats | null {
    try {
      return lstatSync(asPath(`${top}/${path}`), { throwIfNoEntry: false }) ?? null;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ELOOP" || code === "ENOTDIR") return null;
      if (!folder.ignored) this.refuse(path, whyNot(error));
      return null;
    }
  }

  /** Has the folder's own `.gitignore` count from here on. false: only git can tell what is ignored. */
  async addRules(folder: Folder): Promise<boolean> {
    const file = await readSafely(this.#root, inFolder(folder, ".gitignore"));
    // What is wrong with it is said when it is met; git does not read a link.
    if (file.kind !== "read" || file.mode === "120000") return true;
    return Untracked.addRulesOf(folder, file.body);
  }

  /** The same with what a `.gitignore` of the folder says. */
  static addRulesOf(folder: Folder, body: Buffer): boolean {
    const patterns = parseIgnore(body.toString("latin1"));
    if (patterns === null) return false;
    folder.rules = { patterns, folder: folder.path, above: folder.rules };
    return true;
  }

  /** Notes something that was not checked out; answers whether it is a folder to look into. */
  judge(folder: Folder, path: string, name: string, stats: Stats): boolean {
    const ignored = () => this.isIgnored(folder, path, stats.isDirectory());
    if (isGitName(toText(name))) {
      // Ignoring its name does not make it harmless; ignoring the folder that it lies in does.
      if (folder.path !== "" || !ignored()) this.refuse(path, gitNameReason(name));
    } else if (stats.isDirectory()) {
      return !ignored();
    } else if (stats.isFile() || stats.isSymbolicLink()) {
      if (!ignored()) this.suspects.present.push(path);
    } else if (readByGit.has(name) || !ignored()) {
      this.refuse(path, "neither a file nor a folder nor a symbolic link");
    }
    return false;
  }

  refuse(path: string, reason: string): void {
    this.suspects.reasons.push(`${showPath(toText(path))}: ${reason}`);
  }
}

export const inFolder = (folder: Folder, name: string) => (folder.path === "" ? name : `${folder.path}/${name}`);

/** Throws what is no fault of the worker's. */
function whyNot(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENAMETOOLONG") return tooLong;
  if (code !== "EACCES" && code !== "EPERM") throw error;
  return "it cannot be read";
}

export const tooMany = `more than ${gitLimits.changedPathsMax} files are new or changed: have .gitignore ignore what is generated`;

export const gitNameReason = (name: string) =>
  name === ".git"
    ? "a git repository inside the tree cannot land: remove its .git, or have .gitignore ignore its folder"
    : "no part of a path may be named .git, in any spelling";

export const submoduleReason = "a submodule must stay as it is, an empty folder";
