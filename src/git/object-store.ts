/**
 * Owns what one run reads from and writes into the trunk's object store. Invariant: what `write` has answered is on
 * disk, whole; a pack is seen by git only when both of its files are there.
 */
import { randomUUID } from "node:crypto";
import { open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import pLimit from "p-limit";
import { laneLimits, maintenanceLimits } from "../domain/limits.ts";
import type { RunId } from "../domain/ids.ts";
import type { Git, GitCall } from "./git-process.ts";
import { GitService } from "./git-service.ts";
import { ObjectReader } from "./object-reader.ts";
import { makePack, type PackedObject } from "./pack.ts";
import { Trees } from "./trees.ts";

/** Called between the steps of a landing, in order: for tests, which end the process there. */
export type OnStep = (step: LandingStep) => void;
export type LandingStep = "files written" | "pack named" | "pack complete" | "pack on disk" | "branch moved";

export class ObjectStore {
  readonly reader: ObjectReader;
  readonly trees: Trees;
  readonly #git: Git;
  readonly #gitDir: string;
  readonly #folder: string;
  readonly #run: RunId;
  readonly #onStep: OnStep;
  readonly #reads: GitService;
  /** Since the last tidying; null: not counted yet. */
  #packs: number | null = null;
  readonly #repacking = pLimit(1);

  constructor(git: Git, gitDir: string, run: RunId, onStep: OnStep) {
    this.#reads = new GitService(git, ["cat-file", "--batch-command"], { gitDir, run });
    this.reader = new ObjectReader(this.#reads);
    this.trees = new Trees(this.reader);
    this.#git = git;
    this.#gitDir = gitDir;
    this.#folder = join(gitDir, "objects", "pack");
    this.#run = run;
    this.#onStep = onStep;
  }

  /** Durable before it answers. */
  async write(objects: Iterable<PackedObject>): Promise<void> {
    const once = [...new Map([...objects].map((object) => [object.oid, object])).values()];
    let from = 0;
    for (let to = 0, bytes = 0; to < once.length; to++) {
      bytes += once[to]?.packed.length ?? 0;
      if (bytes < laneLimits.packBytesMax && to < once.length - 1) continue;
      await this.#writePack(once.slice(from, to + 1));
      [from, bytes] = [to + 1, 0];
    }
  }

  /**
   * Makes one pack of many small ones, when there are too many: every look for an object goes through them. Each pack is
   * at least twice as large as the next smaller one then, so that an object is copied a few times in its life.
   */
  async tidy(): Promise<void> {
    // A maintenance does more.
    if (this.#repacking.activeCount > 0) return;
    this.#packs ??= await this.#count();
    if (this.#packs <= laneLimits.packsMax) return;
    // No search for what resembles each other: that would hold up landings.
    await this.repack(["--geometric=2", "--window=0"]);
  }

  /** One at a time: packs are removed while others are read, which git bears, but not another repacking. */
  async repack(how: readonly string[], call: Pick<GitCall, "timeoutMs" | "background" | "signal"> = {}): Promise<void> {
    await this.#repacking(async () => {
      const own = ["pack.threads=1", `pack.windowMemory=${maintenanceLimits.windowBytesMax}`, "core.fsync=all"];
      const args = [
        ...own.flatMap((setting) => ["-c", setting]),
        "repack",
        "-d",
        "-n",
        "--quiet",
        "--no-write-bitmap-index",
        ...how,
      ];
      try {
        await this.wholeOrNothing(() => this.#git.run(args, { gitDir: this.#gitDir, run: this.#run, ...call }));
      } finally {
        this.#packs = 0;
      }
      // It would hold on to packs that are gone.
      this.#reads.rest();
    });
  }

  /**
   * For what has git write a pack: git leaves it where it stopped, and on a full disk that would be the last room of all
   * others. Who else writes one at the time may lose it by that; that fails, and is made again.
   */
  async wholeOrNothing<T>(work: () => Promise<T>): Promise<T> {
    const before = new Set(await readdir(this.#folder));
    try {
      return await work();
    } catch (error) {
      for (const name of await readdir(this.#folder))
        if (unfinishedByGit.test(name) && !before.has(name)) await rm(join(this.#folder, name), { force: true });
      throw error;
    }
  }

  /** Packs that may be made one; those that the store was made with stay as they are. */
  async #count(): Promise<number> {
    const names = await readdir(this.#folder);
    const count = (ending: string) => names.filter((name) => name.endsWith(ending)).length;
    return count(".idx") - count(".keep");
  }

  async #writePack(objects: PackedObject[]): Promise<void> {
    const { name, pack, index } = makePack(objects);
    // Not by their endings: git would read them at once.
    const [packPrefix, indexPrefix] = buildingPrefixes(this.#run);
    const [packFile, indexFile] = [
      join(this.#folder, packPrefix + randomUUID()),
      join(this.#folder, indexPrefix + randomUUID()),
    ];
    try {
      await Promise.all([writeDurably(packFile, pack), writeDurably(indexFile, index)]);
      this.#onStep("files written");
      // git finds packs by their index, so that comes last.
      await rename(packFile, join(this.#folder, `pack-${name}.pack`));
      this.#onStep("pack named");
      await rename(indexFile, join(this.#folder, `pack-${name}.idx`));
    } catch (error) {
      await Promise.all([packFile, indexFile].map((file) => rm(file, { force: true })));
      throw error;
    }
    if (this.#packs !== null) this.#packs++;
    this.#onStep("pack complete");
    await syncFolder(this.#folder);
    this.#onStep("pack on disk");
  }
}

/** Names that git gives; ours are longer. */
const unfinishedByGit = /^tmp_(?:pack|idx|rev|mtimes)_\w{6}$/;

/** What a killed engine leaves of a run's packs begins so; `git prune` removes it as well. */
export const buildingPrefixes = (run: RunId): [string, string] => [`tmp_pack_${run}_`, `tmp_idx_${run}_`];

async function writeDurably(path: string, content: Buffer): Promise<void> {
  const file = await open(path, "wx", 0o444);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
