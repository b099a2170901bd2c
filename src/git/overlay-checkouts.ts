/**
 * Workspaces as overlays: the files of the trunk's tip lie once in read-only layers, and each workspace has a folder of its
 * own for what is written. To open one costs a mount, whatever the size of the tree.
 */
import { randomUUID } from "node:crypto";
import { copyFile, mkdir } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Commit, RunId } from "../domain/ids.ts";
import { layerLimits } from "../domain/limits.ts";
import type { PrepareWork } from "../engine/ports.ts";
import type { Checkout, CheckoutHow, Checkouts } from "./checkouts.ts";
import { Layers, overlayOptions, type Tip } from "./layers.ts";
import type { Mounts } from "./mounts.ts";
import { exists, removeTree } from "./remove-tree.ts";
import type { Passed } from "./passed.ts";
import { prepareBest } from "./preparation.ts";
import type { Prepared } from "./prepared.ts";
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
    return this.#mount(place, commit, passed, (tip) => tip.prepared);
  }

  prepare(place: WorkspacePlace, commit: Commit, work: PrepareWork): Promise<boolean> {
    return prepareBest(work, async (goOn) => {
      const overlay = await this.#mount(place, commit, null, (tip) => (goOn ? goOnFrom(tip) : null));
      const wentOn = overlay.below !== null;
      return { path: place.path, wentOn, keep: () => overlay.adopt(), remove: () => overlay.remove() };
    });
  }

  async #mount(
    place: WorkspacePlace,
    commit: Commit,
    passed: Passed | null,
    belowOf: (tip: Tip) => Prepared | null,
  ): Promise<Overlay> {
    await this.#open.get(place.path)?.remove();
    await removePlace(place);
    const layers = this.#layersOf(place.run);
    const tip = await layers.stand(commit, passed);
    try {
      const below = belowOf(tip);
      const upper = join(place.folder, "upper");
      for (const folder of [place.path, upper, join(place.folder, "work")]) await mkdir(folder, { recursive: true });
      // Relative names are short, and have none of the signs that mean something in an option.
      const own = relative(layers.folder, place.folder);
      const lowers = [tip.bare, ...(below?.layers ?? [])].join(":");
      const options = `lowerdir=${lowers},upperdir=${own}/upper,workdir=${own}/work,${overlayOptions}`;
      await this.#mounts.mount(layers.folder, options, relative(layers.folder, place.path));
      const overlay = new Overlay({ place, tip, below, mounts: this.#mounts, layers }, () =>
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

/** What a preparation on this tip begins with. */
function goOnFrom({ prepared }: Tip): Prepared | null {
  return prepared && prepared.depth < layerLimits.preparedDepthMax ? prepared : null;
}

/** `below`: what it stands on beside the commit's files. */
type Parts = { place: WorkspacePlace; tip: Tip; below: Prepared | null; mounts: Mounts; layers: Layers };

class Overlay implements Checkout {
  readonly commit: Commit;
  readonly changedPaths: Checkout["changedPaths"];
  readonly sparse = null;
  readonly excludeFile: string;
  readonly place: WorkspacePlace;
  readonly below: Prepared | null;
  readonly #tip: Tip;
  readonly #mounts: Mounts;
  readonly #layers: Layers;
  readonly #upper: string;
  readonly #removed: () => void;
  #isMounted = true;
  #isRemoved = false;

  constructor({ place, tip, below, mounts, layers }: Parts, removed: () => void) {
    this.place = place;
    this.commit = tip.commit;
    this.below = below;
    this.excludeFile = tip.excludeFile;
    this.#tip = tip;
    this.#mounts = mounts;
    this.#layers = layers;
    this.#upper = join(place.folder, "upper");
    this.#removed = removed;
    this.changedPaths = upperPaths(this.#upper, { commit: tip.commit, more: below !== null });
  }

  /** Makes what was added in it the ground of workspaces to come; nothing is done in it any more. false: it cannot be on what was below. */
  adopt(): Promise<boolean> {
    const overlay = { upper: this.#upper, merged: this.place.path, unmount: () => this.#unmount() };
    return this.#layers.adopt(overlay, this.#tip, this.below);
  }

  /** Few need it: it is as long as the tree is large. */
  async needIndex(): Promise<void> {
    const index = indexOf(this.place);
    if (!(await exists(index))) await copyFile(this.#tip.indexFile, index);
  }

  async #unmount(): Promise<void> {
    if (!this.#isMounted) return;
    this.#isMounted = false;
    await this.#mounts.unmount(this.#layers.folder, relative(this.#layers.folder, this.place.path));
  }

  async remove(): Promise<void> {
    if (this.#isRemoved) return;
    this.#isRemoved = true;
    this.#removed();
    try {
      await this.#unmount();
      await removePlace(this.place);
    } finally {
      await this.#layers.leave(this.#tip);
    }
  }
}
