/**
 * Workspaces as overlays: the files of the trunk's tip lie once in read-only layers, and each workspace has a folder of its
 * own for what is written. To open one costs a mount, whatever the size of the tree.
 */
import { randomUUID } from "node:crypto";
import { copyFile, mkdir } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Commit, RunId } from "../domain/ids.ts";
import { layerLimits } from "../domain/limits.ts";
import type { PrepareEnd, PrepareWork } from "../engine/ports.ts";
import type { Checkout, CheckoutHow, Checkouts } from "./checkouts.ts";
import { Layers, overlayOptions, type Tip } from "./layers.ts";
import type { Mounts } from "./mounts.ts";
import { exists, removeTree } from "./remove-tree.ts";
import type { Passed } from "./passed.ts";
import type { TrunkRepository } from "./trunk-repository.ts";
import { upperPaths } from "./upper-paths.ts";
import { indexOf, removePlace, type WorkspacePlace } from "./workspace.ts";

export class OverlayCheckouts implements Checkouts {
  readonly #trunk: TrunkRepository;
  readonly #mounts: Mounts;
  readonly #folder: string;
  readonly #layers = new Map<RunId, Layers>();
  readonly #open = new Map<string, Overlay>();

  /** `folder`: this adapter's alone, in the file system of the workspaces. */
  constructor(trunk: TrunkRepository, mounts: Mounts, folder: string) {
    this.#trunk = trunk;
    this.#mounts = mounts;
    this.#folder = folder;
  }

  open(place: WorkspacePlace, commit: Commit, { passed }: CheckoutHow): Promise<Checkout> {
    return this.#mount(place, commit, "lowers", passed);
  }

  async prepare(place: WorkspacePlace, commit: Commit, work: PrepareWork): Promise<PrepareEnd> {
    const overlay = await this.#mount(place, commit, "bare");
    try {
      if (!(await work(place.path))) return "failed";
      await overlay.unmount();
      await this.#layersOf(place.run).adopt(join(place.folder, "upper"), commit);
      return "prepared";
    } finally {
      await overlay.remove();
    }
  }

  async #mount(
    place: WorkspacePlace,
    commit: Commit,
    on: "lowers" | "bare",
    passed: Passed | null = null,
  ): Promise<Overlay> {
    await this.#open.get(place.path)?.remove();
    await removePlace(place);
    const layers = this.#layersOf(place.run);
    const tip = await layers.stand(commit, passed);
    try {
      const upper = join(place.folder, "upper");
      for (const folder of [place.path, upper, join(place.folder, "work")]) await mkdir(folder, { recursive: true });
      // Relative names are short, and have none of the signs that mean something in an option.
      const own = relative(layers.folder, place.folder);
      const options = `lowerdir=${tip[on]},upperdir=${own}/upper,workdir=${own}/work,${overlayOptions}`;
      await this.#mounts.mount(layers.folder, options, relative(layers.folder, place.path));
      const below = { commit: tip.commit, more: tip[on] !== tip.bare };
      const overlay = new Overlay(place, tip, this.#mounts, layers, upperPaths(upper, below), () =>
        this.#open.delete(place.path),
      );
      this.#open.set(place.path, overlay);
      return overlay;
    } catch (error) {
      await layers.leave(tip);
      throw error;
    }
  }

  bytesOfNext(): number {
    return layerLimits.overlayBytes;
  }

  async clear(run: RunId): Promise<void> {
    for (const overlay of this.#open.values()) if (overlay.place.run === run) await overlay.remove();
    this.#layers.delete(run);
    await removeTree(join(this.#folder, run));
  }

  async close(): Promise<void> {
    for (const { folder } of this.#layers.values()) await removeTree(folder);
    this.#layers.clear();
  }

  #layersOf(run: RunId): Layers {
    const known = this.#layers.get(run);
    if (known) return known;
    // A name of its own: whoever takes the run over makes others, while we remove ours.
    const folder = join(this.#folder, run, randomUUID().slice(0, 8));
    const layers = new Layers(this.#trunk, this.#mounts, folder, run);
    this.#layers.set(run, layers);
    return layers;
  }
}

class Overlay implements Checkout {
  readonly place: WorkspacePlace;
  readonly commit: Commit;
  readonly changedPaths: Checkout["changedPaths"];
  readonly sparse = null;
  readonly #tip: Tip;
  readonly #mounts: Mounts;
  readonly #layers: Layers;
  readonly #removed: () => void;
  #isMounted = true;
  #isRemoved = false;

  constructor(
    place: WorkspacePlace,
    tip: Tip,
    mounts: Mounts,
    layers: Layers,
    changedPaths: Checkout["changedPaths"],
    removed: () => void,
  ) {
    this.place = place;
    this.changedPaths = changedPaths;
    this.commit = tip.commit;
    this.#tip = tip;
    this.#mounts = mounts;
    this.#layers = layers;
    this.#removed = removed;
  }

  /** Few need it: it is as long as the tree is large. */
  async needIndex(): Promise<void> {
    const index = indexOf(this.place);
    if (!(await exists(index))) await copyFile(this.#tip.indexFile, index);
  }

  async unmount(): Promise<void> {
    if (!this.#isMounted) return;
    this.#isMounted = false;
    await this.#mounts.unmount(this.#layers.folder, relative(this.#layers.folder, this.place.path));
  }

  async remove(): Promise<void> {
    if (this.#isRemoved) return;
    this.#isRemoved = true;
    this.#removed();
    await this.unmount();
    await removePlace(this.place);
    await this.#layers.leave(this.#tip);
  }
}
