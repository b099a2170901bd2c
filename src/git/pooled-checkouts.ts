/**
 * Workspaces that are folders of plain files. Those of ended ones wait in a pool, swept, for git writes only what differs
 * when they are used again; where the pool has none, a fresh one is begun. Invariant: what a worker wrote reaches no other: a file counts as unchanged only when the kernel's
 * own time of its last change says so.
 */
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Commit, RunId } from "../domain/ids.ts";
import { layerLimits } from "../domain/limits.ts";
import type { PrepareWork } from "../engine/ports.ts";
import { everyPath } from "./changed-paths.ts";
import type { Checkout, Checkouts } from "./checkouts.ts";
import type { Fresh, Size } from "./fresh-folders.ts";
import { prepareBest } from "./preparation.ts";
import { PreparedCopies } from "./prepared-copies.ts";
import { IndexFile } from "./index-file.ts";
import { removeTree } from "./remove-tree.ts";
import { sweep } from "./sweep.ts";
import type { TrunkRepository } from "./trunk-repository.ts";
import { indexOf, removePlace, writeWorkersGit, type WorkspacePlace } from "./workspace.ts";

export class PooledCheckouts implements Checkouts {
  readonly #trunk: TrunkRepository;
  readonly #folder: string;
  readonly #fresh: Fresh;
  readonly #prepared: PreparedCopies;
  readonly #free = new Map<RunId, WorkspacePlace[]>();
  /** Of a fresh one: the first tells. */
  readonly #bytes = new Map<RunId, number>();
  #pooled = 0;
  /** Whoever takes the run over has a pool of its own, while we remove ours. */
  readonly #own = randomUUID().slice(0, 8);

  /** `folder`: this adapter's alone. */
  constructor(trunk: TrunkRepository, folder: string, fresh: Fresh) {
    this.#trunk = trunk;
    this.#folder = folder;
    this.#fresh = fresh;
    this.#prepared = new PreparedCopies(trunk, fresh);
  }

  async open(place: WorkspacePlace, commit: Commit): Promise<Checkout> {
    const checkout = await this.#openBare(place, commit);
    try {
      await this.#prepared.copyTo(place, commit);
    } catch (error) {
      await checkout.remove();
      throw error;
    }
    return checkout;
  }

  prepare(place: WorkspacePlace, commit: Commit, work: PrepareWork): Promise<boolean> {
    return prepareBest(work, async (goOn) => {
      const wentOn = goOn && this.#prepared.canGoOn(place.run);
      const checkout = await (wentOn ? this.open(place, commit) : this.#openBare(place, commit));
      const keep = async () => {
        await this.#prepared.keep(place, this.#roomOf(place.run), wentOn);
        return true;
      };
      return { path: place.path, wentOn, keep, remove: () => checkout.remove() };
    });
  }

  async #openBare(place: WorkspacePlace, commit: Commit): Promise<Checkout> {
    await removePlace(place);
    await mkdir(dirname(place.path), { recursive: true });
    await mkdir(place.folder, { recursive: true });
    const free = this.#free.get(place.run)?.pop();
    let holds: Commit | null = null;
    if (free) {
      await moveFiles(free, place);
      await rmdir(free.folder);
    } else holds = await this.#fresh.fill(place, commit, this.#roomOf(place.run));
    const call = this.#trunk.at(place.run, { workTree: place.path, indexFile: indexOf(place) });
    if (holds !== commit) await this.#trunk.git.run(["read-tree", "--reset", "-u", commit], call);
    if (!this.#bytes.has(place.run))
      this.#bytes.set(place.run, this.#fresh.bytesOf(sizeOf(await readIndex(place, commit))));
    await writeWorkersGit(this.#trunk, place, join(place.path, ".git"), { commit, sparse: null });
    let open = true;
    return {
      commit,
      changedPaths: everyPath,
      sparse: null,
      excludeFile: null,
      needIndex: () => Promise.resolve(),
      remove: async () => {
        if (open) await this.#giveBack(place, commit);
        open = false;
      },
    };
  }

  bytesOfNext(run: RunId): number {
    const files = (this.#free.get(run) ?? []).length > 0 ? 0 : (this.#bytes.get(run) ?? 0);
    return files + this.#fresh.bytesOf(this.#prepared.sizeOf(run));
  }

  async clear(run: RunId): Promise<void> {
    this.#free.delete(run);
    this.#fresh.forget(run);
    this.#prepared.forget(run);
    await removeTree(join(this.#folder, run));
  }

  async close(): Promise<void> {
    for (const run of this.#bytes.keys()) await removeTree(this.#roomOf(run));
    this.#free.clear();
  }

  #roomOf(run: RunId): string {
    return join(this.#folder, run, this.#own);
  }

  async #giveBack(place: WorkspacePlace, commit: Commit): Promise<void> {
    if (!(await place.isOurs())) return;
    const free = this.#free.get(place.run) ?? [];
    this.#free.set(place.run, free);
    try {
      if (free.length >= layerLimits.pooledMax || !(await isSwept(place, commit))) return;
      const folder = join(this.#roomOf(place.run), String(++this.#pooled));
      await mkdir(folder, { recursive: true });
      const pooled = { ...place, path: join(folder, "files"), folder };
      await moveFiles(place, pooled);
      free.push(pooled);
    } finally {
      await removePlace(place);
    }
  }
}

/** false: the worker left something that cannot be swept, or is still at it; the whole folder goes then. */
async function isSwept(place: WorkspacePlace, like: Commit): Promise<boolean> {
  try {
    await sweep(place.path, await readIndex(place, like));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return false;
  }
}

const sizeOf = (index: IndexFile): Size => ({ files: index.count, bytes: index.bytes() });
const readIndex = async (place: WorkspacePlace, like: Commit) => new IndexFile(await readFile(indexOf(place)), like);

async function moveFiles(from: WorkspacePlace, to: WorkspacePlace): Promise<void> {
  await rename(from.path, to.path);
  await rename(indexOf(from), indexOf(to));
}
