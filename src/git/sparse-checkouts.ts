/**
 * Workspaces that hold the part of a commit that is asked for, as a folder of its own that git fills: it costs what the part
 * costs, whatever lies outside. Whoever asks for all gets a workspace of another kind.
 */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Commit, RunId } from "../domain/ids.ts";
import type { PrepareWork } from "../engine/ports.ts";
import { everyPath } from "./changed-paths.ts";
import type { Checkout, CheckoutHow, Checkouts } from "./checkouts.ts";
import { IndexFile } from "./index-file.ts";
import { Sparse } from "./sparse.ts";
import type { TrunkRepository } from "./trunk-repository.ts";
import { indexOf, removePlace, writeWorkersGit, type WorkspacePlace } from "./workspace.ts";

export class SparseCheckouts implements Checkouts {
  readonly #trunk: TrunkRepository;
  readonly #whole: Checkouts;
  /** Of the largest part so far. */
  readonly #bytes = new Map<RunId, number>();

  constructor(trunk: TrunkRepository, whole: Checkouts) {
    this.#trunk = trunk;
    this.#whole = whole;
  }

  async open(place: WorkspacePlace, commit: Commit, how: CheckoutHow): Promise<Checkout> {
    if (how.cone === null) return this.#whole.open(place, commit, how);
    await removePlace(place);
    await mkdir(place.path, { recursive: true });
    await mkdir(place.folder, { recursive: true });
    const sparse = await Sparse.begin(this.#trunk, place, commit, how.cone);
    const call = this.#trunk.at(place.run, { workTree: place.path, indexFile: indexOf(place), ...sparse.call });
    await this.#trunk.git.run(["read-tree", "--reset", "-u", commit], call);
    await writeWorkersGit(this.#trunk, place, join(place.path, ".git"), { commit, sparse });
    const bytes = new IndexFile(await readFile(indexOf(place)), commit).bytes();
    this.#bytes.set(place.run, Math.max(bytes, this.#bytes.get(place.run) ?? 0));
    let open = true;
    return {
      commit,
      changedPaths: everyPath,
      sparse,
      excludeFile: null,
      needIndex: () => Promise.resolve(),
      remove: async () => {
        if (open) await removePlace(place);
        open = false;
      },
    };
  }

  /** Of what is whole. */
  prepare(place: WorkspacePlace, commit: Commit, work: PrepareWork): Promise<boolean> {
    return this.#whole.prepare(place, commit, work);
  }

  /** Of the most that it may be: nobody knows yet whose turn is next. */
  bytesOfNext(run: RunId): number {
    return Math.max(this.#whole.bytesOfNext(run), this.#bytes.get(run) ?? 0);
  }

  async clear(run: RunId): Promise<void> {
    this.#bytes.delete(run);
    await this.#whole.clear(run);
  }

  close(): Promise<void> {
    return this.#whole.close();
  }
}
