/**
 * Folders of workspaces as clones: where the file system can let two files share their blocks until one is written, a
 * fresh folder is a clone of one checkout that nobody works in, and costs neither the reading nor the writing of what is in
 * the files. Invariants: nobody clones a checkout while git writes it; the index of a clone tells the numbers and times of
 * its own files.
 */
import { lstatSync } from "node:fs";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import pLimit from "p-limit";
import type { Commit, RunId } from "../domain/ids.ts";
import { gitLimits, layerLimits } from "../domain/limits.ts";
import { cloning, copyFiles } from "./copy-files.ts";
import type { Environment } from "./git-process.ts";
import { seal } from "./index-entry.ts";
import { IndexFile } from "./index-file.ts";
import { asPath, toLatin1 } from "./latin1.ts";
import type { Fresh, Size } from "./fresh-folders.ts";
import { removeTree } from "./remove-tree.ts";
import type { TrunkRepository } from "./trunk-repository.ts";
import { indexOf, type WorkspacePlace } from "./workspace.ts";

/** `users`: who clones it now. */
type Base = { commit: Commit; files: string; indexFile: string; users: number };

export class Clones implements Fresh {
  readonly #trunk: TrunkRepository;
  readonly #environment: Environment;
  readonly #bases = new Map<RunId, Base>();
  /** Whatever takes or writes a base. */
  readonly #oneAtATime = pLimit(1);

  /** `environment`: this process's own; `cp` sees of it only PATH. */
  constructor(trunk: TrunkRepository, environment: Environment) {
    this.#trunk = trunk;
    this.#environment = environment;
  }

  async fill(place: WorkspacePlace, commit: Commit, room: string): Promise<Commit> {
    const base = await this.#oneAtATime(() => this.#baseFor(place.run, commit, join(room, "base")));
    try {
      await copyFiles(cloning, [base.files], place.path, this.#environment, place.run);
      await writeFile(indexOf(place), await indexOfClone(base, place.path));
      return base.commit;
    } finally {
      base.users--;
    }
  }

  bytesOf({ files }: Size): number {
    return files * layerLimits.cloneBytes;
  }

  copy(run: RunId, from: readonly string[], to: string): Promise<void> {
    return copyFiles(cloning, from, to, this.#environment, run);
  }

  forget(run: RunId): void {
    this.#bases.delete(run);
  }

  /** One that is far from `commit` is moved there first, unless somebody is at it: git writes the rest into the clone. */
  async #baseFor(run: RunId, commit: Commit, folder: string): Promise<Base> {
    const known = this.#bases.get(run);
    const base = known ?? { commit, files: join(folder, "files"), indexFile: join(folder, "index"), users: 0 };
    if (!known) {
      await removeTree(folder);
      await mkdir(base.files, { recursive: true });
    }
    if (!known || (known.users === 0 && (await this.#isFar(run, known.commit, commit)))) {
      // Until git has written all of it.
      this.#bases.delete(run);
      const call = this.#trunk.at(run, { workTree: base.files, indexFile: base.indexFile });
      await this.#trunk.git.run(["read-tree", "--reset", "-u", commit], call);
      base.commit = commit;
      this.#bases.set(run, base);
    }
    base.users++;
    return base;
  }

  async #isFar(run: RunId, from: Commit, to: Commit): Promise<boolean> {
    const { trees } = this.#trunk.objects(run);
    const apart = await trees.difference(await trees.rootOf(from), await trees.rootOf(to));
    return apart.size > layerLimits.pathsApartWell;
  }
}

/** What is in the files is known to be the same, so nothing is read but their numbers and times. */
async function indexOfClone(base: Base, path: string): Promise<Buffer> {
  const index = new IndexFile(await readFile(base.indexFile), base.commit);
  const root = toLatin1(path);
  let steps = 0;
  for (const name of index.paths()) {
    index.note(name, lstatSync(asPath(`${root}/${name}`), { bigint: true }));
    if (++steps % gitLimits.stepsAtOnce === 0) await setImmediate();
  }
  return seal(index.content, base.commit);
}

/** Why files below `folder` cannot be cloned; null: they can. It is asked by doing it; `folder` is made if it is not there. */
export async function whyNoClones(environment: Environment, folder: string): Promise<string | null> {
  let probe: string | null = null;
  try {
    await mkdir(folder, { recursive: true });
    probe = await mkdtemp(join(folder, ".probe-"));
    const [from, to] = [join(probe, "from"), join(probe, "to")];
    await mkdir(from);
    // Small files may lie where their names do, and share nothing.
    const content = Buffer.alloc(layerLimits.probeBytes, "clone\n");
    await writeFile(join(from, "file"), content);
    await copyFiles(cloning, [from], to, environment);
    return content.equals(await readFile(join(to, "file"))) ? null : "a clone is not what was cloned";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    if (probe !== null) await removeTree(probe);
  }
}
