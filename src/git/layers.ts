/**
 * Owns what the overlays of one run stand on. A base is a checkout of some commit; a tip, small, is what makes another
 * commit of it: files that differ, marks for what is gone, and the worker's `.git`. Invariants: a layer that is answered is
 * never written again; one that somebody stands on is there.
 */
import { copyFile, mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pLimit from "p-limit";
import { invariant } from "../domain/assert.ts";
import type { Commit, RunId } from "../domain/ids.ts";
import { layerLimits } from "../domain/limits.ts";
import { seal } from "./index-entry.ts";
import { IndexFile } from "./index-file.ts";
import type { Mounts } from "./mounts.ts";
import type { Passed } from "./passed.ts";
import { Prepared } from "./prepared.ts";
import { removeTree } from "./remove-tree.ts";
import type { TrunkRepository } from "./trunk-repository.ts";
import { hidesAdded, listAdded, moveAdded, notIn } from "./added-files.ts";
import { asPatterns, askIgnored, putBackRules } from "./ask-ignored.ts";
import { writeGitFolder } from "./worker-git.ts";
import { holdFolders, readDifference, writeDifference } from "./write-difference.ts";

/** `index`: as git wrote it; null: too long for this process. */
type Base = { name: string; commit: Commit; tips: number; index: IndexFile | null };
/**
 * `bare`: as an overlay's option, relative to the folder of the layers; below it, what was `prepared`: whatever the commit has
 * hides it. `indexFile`: git's, of all files of the commit. `excludeFile`: what of the prepared git is to leave alone.
 */
export type Tip = {
  name: string;
  commit: Commit;
  bare: string;
  prepared: Prepared | null;
  indexFile: string;
  excludeFile: string;
};
/** `merged`: where its programs saw it; absolute, as `upper`. */
type PreparedOverlay = { upper: string; merged: string; unmount(): Promise<void> };
type Known = { users: number; making: Promise<Tip>; base: Base | null; prepared: Prepared | null };

/**
 * Of every overlay: none of the kernel's newer ways to note a change, which our reading of upper folders does not know. Volatile:
 * layers and what a worker writes are worth nothing after a crash of the machine, so nothing waits for the disk.
 */
export const overlayOptions = "userxattr,redirect_dir=nofollow,metacopy=off,index=off,volatile";

export class Layers {
  readonly folder: string;
  readonly #trunk: TrunkRepository;
  readonly #mounts: Mounts;
  readonly #run: RunId;
  /** By name. */
  readonly #known = new Map<string, Known>();
  /** Those that are still given out, by their names; the one asked for last comes last. */
  readonly #tips = new Map<Commit, string>();
  /** The name of the tip that is made next, of the commit that is the newest by then. */
  #next: string | null = null;
  #prepared: Prepared | null = null;
  /** The newest comes last. */
  readonly #bases: Base[] = [];
  #makesNewer = false;
  /** Whatever makes, takes or gives up layers. */
  readonly #oneAtATime = pLimit(1);
  #made = 0;

  constructor(trunk: TrunkRepository, mounts: Mounts, folder: string, run: RunId) {
    this.#trunk = trunk;
    this.#mounts = mounts;
    this.folder = folder;
    this.#run = run;
  }

  /**
   * What an overlay with the files of `commit` stands on, until `leave`. `passed`: or with those of a later one; whoever
   * comes while a tip is made shares the next.
   */
  async stand(commit: Commit, passed: Passed | null): Promise<Tip> {
    const known = this.#known.get(this.#give(commit, passed));
    invariant(known, "a tip that is given out is known");
    known.users++;
    return known.making;
  }

  #give(commit: Commit, passed: Passed | null): string {
    const given = passed?.latestOf(this.#tips.keys(), commit) ?? commit;
    const name = this.#tips.get(given);
    if (name !== undefined) {
      this.#tips.delete(given);
      this.#tips.set(given, name);
      return name;
    }
    if (passed?.has(commit)) return (this.#next ??= this.#beginNext(passed, commit));
    const own = this.#begin(() => commit);
    this.#tips.set(commit, own);
    return own;
  }

  async leave({ name }: Tip): Promise<void> {
    const known = this.#known.get(name);
    invariant(known && known.users > 0, "who leaves a layer has stood on it");
    known.users--;
    await this.#removeUnused();
  }

  /**
   * Everything that was written in an overlay and is no file of the tip's commit lies below all that is opened from now on, with what it stood on
   * itself. Nobody writes there any more. false, and nothing was done: it would show what was removed from `below`.
   */
  async adopt(
    { upper, merged, unmount }: PreparedOverlay,
    { commit, indexFile }: Tip,
    below: Prepared | null,
  ): Promise<boolean> {
    const { trees } = this.#trunk.objects(this.#run);
    const tree = await trees.rootOf(commit);
    if (below && (await hidesAdded(trees, tree, { upper, merged }, this.#foldersOf(below)))) return false;
    const { added, rules } = await listAdded(trees, tree, upper);
    const call = this.#trunk.at(this.#run, { workTree: merged, indexFile });
    await putBackRules(this.#trunk.git, call, rules);
    const ignored = await askIgnored(this.#trunk.git, call, added);
    await unmount();
    const unused = await this.#oneAtATime(async () => {
      const name = `p${++this.#made}`;
      const before = this.#prepared;
      await moveAdded(added, upper, join(this.folder, name));
      this.#prepared = new Prepared(
        name,
        added.filter((path) => !ignored.has(path)),
        below,
      );
      this.#tips.clear();
      return before?.release() ?? [];
    });
    for (const layer of unused) await removeTree(join(this.folder, layer));
    await this.#removeUnused();
    return true;
  }

  async #removeUnused(): Promise<void> {
    const unused = await this.#oneAtATime(() => this.#giveUp());
    for (const path of unused) await removeTree(join(this.folder, path));
  }

  #beginNext(passed: Passed, commit: Commit): string {
    const name = this.#begin(() => {
      const newest = passed.newest ?? commit;
      this.#tips.set(newest, name);
      this.#next = null;
      return newest;
    });
    return name;
  }

  /** `commitNow`: asked when its turn has come. */
  #begin(commitNow: () => Commit): string {
    const name = `t${++this.#made}`;
    const known: Known = {
      users: 0,
      base: null,
      prepared: null,
      making: this.#oneAtATime(() => this.#makeTip(commitNow(), name)).catch(async (error: unknown) => {
        this.#known.delete(name);
        for (const [commit, own] of this.#tips) if (own === name) this.#tips.delete(commit);
        for (const path of partsOf(name)) await removeTree(join(this.folder, path));
        throw error;
      }),
    };
    this.#known.set(name, known);
    return name;
  }

  async #makeTip(commit: Commit, name: string): Promise<Tip> {
    const base = await this.#baseFor(commit);
    const prepared = this.#prepared;
    const folder = join(this.folder, name);
    const building = `${folder}.index`;
    await mkdir(folder);
    if (commit === base.commit) await copyFile(this.#indexOf(base), building);
    else await this.#moveOn(base, commit, name, building);
    const files = { HEAD: `${commit}\n`, "info/exclude": prepared ? await this.#excludes(prepared, commit) : "" };
    await writeGitFolder(this.#trunk, join(folder, ".git"), files, { bare: false, sha256: commit.length === 64 });
    const [indexFile, excludeFile] = [join(folder, ".git", "index"), join(folder, ".git", "info/exclude")];
    await rename(building, indexFile);
    const known = this.#known.get(name);
    invariant(known, "a tip in the making is known");
    Object.assign(known, { base, prepared });
    base.tips++;
    prepared?.hold();
    return { name, commit, bare: `${name}:${base.name}`, prepared, indexFile, excludeFile };
  }

  /** As patterns of git's. */
  async #excludes(prepared: Prepared, commit: Commit): Promise<Buffer> {
    const { trees } = this.#trunk.objects(this.#run);
    const paths = await notIn(trees, await trees.rootOf(commit), prepared.notIgnored, this.#foldersOf(prepared));
    return asPatterns(paths);
  }

  /** Through an overlay: the kernel writes the marks, and the index knows files as they will be seen. */
  async #moveOn(base: Base, commit: Commit, name: string, indexFile: string): Promise<void> {
    const [merged, work] = [`${name}.merged`, `${name}.work`];
    for (const folder of [merged, work]) await mkdir(join(this.folder, folder));
    const options = `lowerdir=${base.name},upperdir=${name},workdir=${work},${overlayOptions}`;
    await this.#mounts.mount(this.folder, options, merged);
    try {
      await this.#write(base, commit, join(this.folder, merged), indexFile);
    } finally {
      await this.#mounts.unmount(this.folder, merged);
    }
    for (const folder of [merged, work]) await removeTree(join(this.folder, folder));
  }

  async #write(base: Base, commit: Commit, workTree: string, indexFile: string): Promise<void> {
    const store = this.#trunk.objects(this.#run);
    const [from, to] = [await store.trees.rootOf(base.commit), await store.trees.rootOf(commit)];
    const difference = base.index && (await readDifference(store, from, to));
    if (base.index && difference) {
      const index = base.index.edited(await writeDifference(workTree, difference));
      await writeFile(indexFile, await seal(index, commit));
      return;
    }
    await copyFile(this.#indexOf(base), indexFile);
    const call = this.#trunk.at(this.#run, { workTree, indexFile });
    const free = await holdFolders(workTree, store.trees, [from, to]);
    await this.#trunk.git.run(["read-tree", "-m", "-u", base.commit, commit], call);
    await free();
  }

  #foldersOf({ layers }: Prepared): string[] {
    return layers.map((name) => join(this.folder, name));
  }

  #indexOf({ name }: Base): string {
    return `${join(this.folder, name)}.index`;
  }

  async #baseFor(commit: Commit): Promise<Base> {
    const newest = this.#bases.at(-1) ?? (await this.#makeBase(commit));
    const { trees } = this.#trunk.objects(this.#run);
    const apart = await trees.difference(await trees.rootOf(newest.commit), await trees.rootOf(commit));
    // Each takes as much room as all files do: better a large tip than one base more.
    if (this.#bases.length >= layerLimits.basesMax) return newest;
    if (apart.size > layerLimits.pathsApartMax) return this.#makeBase(commit);
    if (apart.size > layerLimits.pathsApartWell) this.#makeNewer(commit);
    return newest;
  }

  /** Beside everything else: until it is there, the one before does. */
  #makeNewer(commit: Commit): void {
    if (this.#makesNewer) return;
    this.#makesNewer = true;
    // Whoever needs a base that cannot be made is told so by its own try.
    const done = () => void (this.#makesNewer = false);
    this.#makeBase(commit).then(done, done);
  }

  async #makeBase(commit: Commit): Promise<Base> {
    const name = `b${++this.#made}`;
    const folder = join(this.folder, name);
    const indexFile = `${folder}.index`;
    await mkdir(folder, { recursive: true });
    try {
      const call = this.#trunk.at(this.#run, { workTree: folder, indexFile });
      await this.#trunk.git.run(["read-tree", "-m", "-u", commit], call);
      const { size } = await stat(indexFile);
      const index = size > layerLimits.indexBytesMax ? null : new IndexFile(await readFile(indexFile), commit);
      // What changes need of it is read now, and not while the first session on a new tip waits.
      index?.edited(new Map());
      const base: Base = { name, commit, tips: 0, index };
      this.#bases.push(base);
      return base;
    } catch (error) {
      for (const path of [folder, indexFile]) await removeTree(path);
      throw error;
    }
  }

  /** Forgets all that nobody stands on but what may be asked for next; answers what lies in the way then. */
  async #giveUp(): Promise<string[]> {
    const unused: string[] = [];
    const last = [...this.#tips].at(-1)?.[1];
    for (const [name, known] of this.#known) {
      if (known.users > 0 || name === last) continue;
      this.#known.delete(name);
      if (known.base) known.base.tips--;
      unused.push(name, ...(known.prepared?.release() ?? []));
    }
    for (const [commit, name] of this.#tips) if (!this.#known.has(name)) this.#tips.delete(commit);
    for (const base of this.#bases.slice(0, -1)) {
      if (base.tips > 0) continue;
      this.#bases.splice(this.#bases.indexOf(base), 1);
      unused.push(base.name, `${base.name}.index`);
    }
    return unused;
  }
}

/** All that lies there while a tip is made; of one that is done only the first. */
const partsOf = (tip: string) => [tip, `${tip}.index`, `${tip}.merged`, `${tip}.work`];
