/**
 * Owns what `prepare` commands made where workspaces are folders of files: each gets a copy of what git ignores of it. Invariant:
 * nothing of it lies where the commit has something, or where it is not ignored; it would look like a part of the worker's change.
 */
import { chmod, lstat, mkdir, readdir } from "node:fs/promises";
import { join, posix } from "node:path";
import type { Commit, RunId } from "../domain/ids.ts";
import { gitLimits, layerLimits } from "../domain/limits.ts";
import { asPath, toLatin1, toText } from "./latin1.ts";
import { isFolder } from "./objects.ts";
import { askIgnored } from "./ask-ignored.ts";
import type { Fresh, Size } from "./fresh-folders.ts";
import { moveAdded, notIn } from "./added-files.ts";
import { removeTree } from "./remove-tree.ts";
import type { Trees } from "./trees.ts";
import type { TrunkRepository } from "./trunk-repository.ts";
import { indexOf, type WorkspacePlace } from "./workspace.ts";

/** `paths`: the topmost, latin1. `users`: who copies it now. `depth`: preparations since one from nothing. */
type Kept = { folder: string; paths: string[]; size: Size; depth: number; users: number };

export class PreparedCopies {
  readonly #trunk: TrunkRepository;
  readonly #fresh: Fresh;
  readonly #kept = new Map<RunId, Kept>();
  #made = 0;

  constructor(trunk: TrunkRepository, fresh: Fresh) {
    this.#trunk = trunk;
    this.#fresh = fresh;
  }

  sizeOf(run: RunId): Size {
    return this.#kept.get(run)?.size ?? { files: 0, bytes: 0 };
  }

  /** May the next preparation go on from what is kept? */
  canGoOn(run: RunId): boolean {
    const kept = this.#kept.get(run);
    return kept !== undefined && kept.depth < layerLimits.preparedDepthMax;
  }

  /** In place of what was kept before. `room`: a folder of ours in the same file system. Nobody is at work in the place any more. */
  async keep(place: WorkspacePlace, room: string, wentOn: boolean): Promise<void> {
    const folder = join(room, `prepared-${++this.#made}`);
    await mkdir(room, { recursive: true });
    const { paths, size } = await this.#take(place, folder).catch(async (error: unknown) => {
      await removeTree(folder);
      throw error;
    });
    const before = this.#kept.get(place.run);
    const depth = wentOn ? 1 + (before?.depth ?? 0) : 1;
    this.#kept.set(place.run, { folder, paths, size, depth, users: 0 });
    if (before?.users === 0) await removeTree(before.folder);
  }

  async #take(place: WorkspacePlace, folder: string): Promise<Pick<Kept, "paths" | "size">> {
    const paths = await this.#ignoredIn(place);
    await moveAdded(paths, place.path, folder);
    return { paths, size: await openUp(toLatin1(folder)) };
  }

  async copyTo(place: WorkspacePlace, commit: Commit): Promise<void> {
    const kept = this.#kept.get(place.run);
    if (!kept) return;
    kept.users++;
    try {
      const fitting = await this.#fitting(kept, place, commit);
      // By these others are ignored, and mostly they themselves.
      const rules = fitting.filter(isRules);
      await this.#copy(kept, place, rules);
      const ignored = await this.#ignoredOf(kept, place, rules);
      for (const path of rules) if (!ignored.has(path)) await removeTree(join(place.path, toText(path)));
      const others = fitting.filter((path) => !isRules(path));
      await this.#copy(kept, place, await this.#ignoredOf(kept, place, others));
    } finally {
      kept.users--;
      if (kept.users === 0 && this.#kept.get(place.run) !== kept) await removeTree(kept.folder);
    }
  }

  async #copy({ folder }: Kept, place: WorkspacePlace, paths: Iterable<string>): Promise<void> {
    for (const [above, names] of Map.groupBy(paths, (path) => posix.dirname(path))) {
      const to = join(place.path, toText(above));
      await mkdir(to, { recursive: true });
      for (let n = 0; n < names.length; n += layerLimits.copiedAtOnce) {
        const from = names.slice(n, n + layerLimits.copiedAtOnce).map((path) => join(folder, toText(path)));
        await this.#fresh.copy(place.run, from, to);
      }
    }
  }

  forget(run: RunId): void {
    this.#kept.delete(run);
  }

  async #ignoredIn(place: WorkspacePlace): Promise<string[]> {
    const call = this.#trunk.at(place.run, { workTree: place.path, indexFile: indexOf(place) });
    const how = ["--others", "--ignored", "--exclude-standard", "--directory", "-z"];
    const listed = await this.#trunk.git.run(["ls-files", ...how], { ...call, timeoutMs: gitLimits.intakeMs });
    // With a slash at its end, a folder would be ignored by rules in itself, which are not there yet where it is copied to.
    const paths = listed.stdout
      .toString("latin1")
      .split("\0")
      .slice(0, -1)
      .map((path) => path.replace(/\/$/, ""));
    // git tells folders of which it ignores but what is in them, and that as well.
    const topmost: string[] = [];
    for (const path of await askIgnored(this.#trunk.git, call, paths)) {
      const last = topmost.at(-1);
      if (last === undefined || !path.startsWith(`${last}/`)) topmost.push(path);
    }
    return topmost;
  }

  /** What has a place in a checkout of the commit. */
  async #fitting({ folder, paths }: Kept, place: WorkspacePlace, commit: Commit): Promise<string[]> {
    const { trees } = this.#trunk.objects(place.run);
    const root = await trees.rootOf(commit);
    const free: string[] = [];
    for (const path of await notIn(trees, root, paths, [folder]))
      // A program is told names as text.
      if (toLatin1(toText(path)) === path && (await hasPlace(trees, root, path))) free.push(path);
    return free;
  }

  /** Without a slash at the end: macOS's cp would copy what is in a folder. */
  async #ignoredOf({ folder }: Kept, place: WorkspacePlace, paths: readonly string[]): Promise<Set<string>> {
    const asked: string[] = [];
    for (const path of paths) {
      const stats = await lstat(asPath(`${toLatin1(folder)}/${path}`));
      asked.push(stats.isDirectory() ? `${path}/` : path);
    }
    const call = this.#trunk.at(place.run, { workTree: place.path, indexFile: indexOf(place) });
    const ignored = await askIgnored(this.#trunk.git, call, asked);
    return new Set([...ignored].map((path) => path.replace(/\/$/, "")));
  }
}

/** Is what the tree has on the way to the path nothing but folders? */
async function hasPlace(trees: Trees, root: string, path: string): Promise<boolean> {
  for (let above = posix.dirname(path); above !== "."; above = posix.dirname(above)) {
    const there = await trees.find(root, above);
    if (there) return isFolder(there);
  }
  return true;
}

/** All that lies in the folder, latin1: also while others work. From then on all of it can be read, for it is to be copied. */
async function openUp(top: string): Promise<Size> {
  const size = { files: 0, bytes: 0 };
  const open = [top];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const name of await readdir(asPath(folder), "latin1")) {
      const stats = await lstat(asPath(`${folder}/${name}`));
      size.files++;
      size.bytes += stats.blocks * blockBytes;
      const needed = stats.isDirectory() ? 0o700 : stats.isFile() ? 0o400 : 0;
      if ((stats.mode & needed) !== needed) await chmod(asPath(`${folder}/${name}`), stats.mode | needed);
      if (stats.isDirectory()) open.push(`${folder}/${name}`);
    }
  }
  return size;
}

const isRules = (path: string) => posix.basename(path) === ".gitignore";

/** As `lstat` counts. */
const blockBytes = 512;
