/**
 * Owns what is told of files that are not in a sparse workspace. What is gone and what is only not checked out the worker's own
 * git knows best: it may have brought more, sent some away, or removed what it never had here. Where its index tells nothing,
 * what the engine checked out counts. What its git has checked out and not seen changed since
 * need not be read. Invariant: what it says decides only about files that the engine has not checked out itself, or that are not there.
 */
import type { Stats } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { gitLimits } from "../domain/limits.ts";
import { showPath } from "./entry-rules.ts";
import { isAsNoted, type Noted } from "./index-file.ts";
import { toText } from "./latin1.ts";
import { linkMode } from "./objects.ts";
import type { ObjectStore } from "./object-store.ts";
import type { SparseIndex } from "./sparse-index.ts";
import type { TrunkRepository } from "./trunk-repository.ts";
import { readWorkersIndex, type WorkersIndex } from "./workers-index.ts";
import type { GitWorkspace } from "./workspace.ts";

export class Elsewhere {
  readonly ours: SparseIndex;
  /** null: it tells nothing. */
  readonly theirs: SparseIndex | null;
  readonly #writtenAt: number;
  readonly #store: ObjectStore;
  readonly #checkedOut: string;

  private constructor(ours: SparseIndex, theirs: WorkersIndex | null, store: ObjectStore, checkedOut: string) {
    this.ours = ours;
    this.theirs = theirs?.index ?? null;
    this.#writtenAt = theirs?.writtenAt ?? 0;
    this.#store = store;
    this.#checkedOut = checkedOut;
  }

  /** `root`: of the workspace, absolute, links resolved, latin1. `ours`: the engine's index; what is closed there is opened as needed. */
  static async look(
    trunk: TrunkRepository,
    { base, run, checkedOut }: GitWorkspace,
    root: string,
    ours: SparseIndex,
  ): Promise<Elsewhere> {
    const store = trunk.objects(run);
    const theirs = await readWorkersIndex(root, base);
    const elsewhere = new Elsewhere(ours, theirs, store, checkedOut ?? (await store.trees.rootOf(base)));
    await elsewhere.#openAsTheirs();
    return elsewhere;
  }

  /** Is it no change when nothing is there? Latin1. */
  has(path: string): boolean {
    return (this.theirs ?? this.ours).isSkipped(path);
  }

  /** Is what is there what the worker's git has checked out, and the same as the engine would have? */
  isAsBrought(path: string, ours: Noted, stats: Stats): boolean {
    if (!this.theirs || !this.ours.isSkipped(path)) return false;
    const theirs = this.theirs.get(path);
    if (!theirs || theirs.oid !== ours.oid || theirs.mode !== ours.mode) return false;
    return theirs.changedAt < this.#writtenAt && isAsNoted(theirs, stats);
  }

  /** Has the engine's index tell one by one what is in this folder. */
  async open(folder: string): Promise<void> {
    const noted = this.ours.isClosed(folder) ? this.ours.get(folder) : undefined;
    if (noted) this.ours.open(folder, (await this.#store.trees.read(noted.oid)).entries);
  }

  /** What a `.gitignore` says that is elsewhere; null: too much; undefined: there is none. */
  async rules(path: string): Promise<Buffer | null | undefined> {
    const noted = this.ours.get(path);
    if (!noted || noted.mode === linkMode || !this.has(path)) return undefined;
    return this.#store.reader.readUpTo(noted.oid, gitLimits.ignoreBytesMax);
  }

  /** The engine's files below these paths, at which no folder is any more: they cannot be elsewhere. */
  async below(paths: Iterable<string>): Promise<Set<string>> {
    const replaced = new Set([...paths].map((path) => `${path}/`));
    const isBelow = (path: string) => {
      for (let end = path.indexOf("/"); end !== -1; end = path.indexOf("/", end + 1))
        if (replaced.has(path.slice(0, end + 1))) return true;
      return false;
    };
    if (replaced.size === 0) return new Set();
    await this.#openAll(isBelow);
    return new Set([...this.ours.paths()].filter(isBelow));
  }

  /** Wherever the worker's git has something checked out, or removed. */
  async #openAsTheirs(): Promise<void> {
    if (this.theirs) await this.#openAll((folder) => !this.has(folder));
  }

  async #openAll(which: (folder: string) => boolean): Promise<void> {
    const next = () => this.ours.closedFolders().filter(which);
    for (let folders = next(); folders.length > 0; folders = next())
      for (const folder of folders) await this.open(folder);
  }

  /**
   * What the worker's git has changed without checking it out (a cherry-pick, another commit): only files are taken, so it
   * would be lost unsaid. `isThere`: a file counts for itself.
   */
  async reasons(isThere: (path: string) => boolean): Promise<string[]> {
    const reasons: string[] = [];
    let steps = 0;
    for (const path of this.theirs?.paths() ?? []) {
      if (++steps % gitLimits.stepsAtOnce === 0) await setImmediate();
      if (!this.theirs?.isSkipped(path) || (await this.#isTheSame(path))) continue;
      if (!this.theirs.isClosed(path) && isThere(path)) continue;
      reasons.push(`${showPath(toText(path))}: ${changedElsewhere}`);
      if (reasons.length > gitLimits.reasonsMax) break;
    }
    return reasons;
  }

  async #isTheSame(path: string): Promise<boolean> {
    const theirs = this.theirs?.get(path);
    const ours = this.ours.get(path) ?? (await this.#store.trees.find(this.#checkedOut, path.replace(/\/$/, "")));
    return theirs?.oid === ours?.oid && theirs?.mode === ours?.mode;
  }
}

const changedElsewhere =
  "your git has another version of it than you began with, but it is not checked out, and only files land: git sparse-checkout add puts its folder in place";
