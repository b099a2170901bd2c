/**
 * Owns what is kept of a stream of file names, however many there are: on each level of folders the first files by
 * name, and how many files each folder holds.
 */
import { toolLimits } from "../../domain/limits.ts";
import { counted } from "./answer.ts";

type Level = { count: number; files: string[]; folders: number };

export class FolderCounts {
  readonly #filesMax: number;
  /** 0: files right in the listed folder. The last one holds everything deeper, too. */
  readonly #levels: Level[] = [];
  readonly #folders = new Map<string, number>();
  /** Folders that there was no room to count. */
  #uncounted = false;
  total = 0;

  constructor(filesMax: number = toolLimits.entriesMax) {
    this.#filesMax = filesMax;
  }

  /** `name`: below the listed folder. */
  add(name: string): void {
    this.total++;
    let depth = 0;
    for (let at = name.indexOf("/"); at !== -1; at = name.indexOf("/", at + 1)) {
      if (depth < toolLimits.folderDepthMax) this.#count(name.slice(0, at + 1), depth);
      depth++;
    }
    const level = this.#level(Math.min(depth, toolLimits.folderDepthMax));
    level.count++;
    level.files.push(name);
    if (level.files.length >= 4 * this.#filesMax) level.files = this.#first(level.files);
  }

  /** The first of all by name. */
  files(): string[] {
    return this.#first(this.#levels.flatMap((level) => level.files));
  }

  /** `depth` levels: files, and of the last level's folders how many files they hold. The first by name. */
  tree(depth: number): { entries: string[]; total: number } {
    const files = this.#levels.slice(0, depth).flatMap((level) => level.files);
    const folders = [...this.#folders].filter(([folder]) => depthOf(folder) === depth);
    const entries = [...files, ...folders.map(([folder, count]) => `${folder} (${counted(count, "file")})`)];
    return { entries: this.#first(entries), total: this.#size(depth) };
  }

  /** As many levels as have at most `entriesMax` entries; at least one. */
  depthFor(entriesMax: number): number {
    let depth = this.#uncounted ? 1 : this.#levels.length;
    while (depth > 1 && this.#size(depth) > entriesMax) depth--;
    return depth;
  }

  #size(depth: number): number {
    const files = this.#levels.slice(0, depth).reduce((sum, level) => sum + level.count, 0);
    return files + (this.#levels[depth - 1]?.folders ?? 0);
  }

  #count(folder: string, depth: number): void {
    const count = this.#folders.get(folder);
    if (count !== undefined) this.#folders.set(folder, count + 1);
    else if (this.#folders.size >= toolLimits.foldersCountedMax) this.#uncounted = true;
    else {
      this.#folders.set(folder, 1);
      this.#level(depth).folders++;
    }
  }

  #level(depth: number): Level {
    while (this.#levels.length <= depth) this.#levels.push({ count: 0, files: [], folders: 0 });
    return this.#levels[depth]!;
  }

  #first(names: string[]): string[] {
    return names.toSorted().slice(0, this.#filesMax);
  }
}

/** `a/` has depth 1, `a/b/` 2. */
const depthOf = (folder: string): number => folder.split("/").length - 1;
