/** Owns the reading of index files (gitformat-index, versions 2 and 3), and what changes in one when files do. Pure. */
import type { Stats } from "node:fs";
import { invariant } from "../domain/assert.ts";
import { CacheTree } from "./cache-tree.ts";
import { extensionOf, IndexEntries } from "./index-entries.ts";
import { extended, noteSeen, skipped, type Seen } from "./index-entry.ts";

/** What git noted of a file when it wrote it. Numbers as the index keeps them: 32 bits each. */
export type Noted = {
  oid: string;
  /** As in a tree: `100644`. */
  mode: string;
  /** In ms since 1970, with fractions. */
  changedAt: number;
  modifiedAt: number;
  inode: number;
  bytes: number;
};

/** Is it the file that was noted, unchanged? Never of one that somebody changed later, but in the same tick of the kernel's clock. */
export function isAsNoted(noted: Noted, stats: Pick<Stats, "ctimeMs" | "mtimeMs" | "ino" | "size">): boolean {
  const sameTime = (one: number, other: number) => Math.abs(one - other) < 0.001;
  return (
    sameTime(noted.changedAt, stats.ctimeMs) &&
    sameTime(noted.modifiedAt, stats.mtimeMs) &&
    noted.inode === stats.ino % 2 ** 32 &&
    noted.bytes === stats.size % 2 ** 32
  );
}

const block = 4_096;

export class IndexFile {
  /** Where each path's entry begins, in the order of the index. */
  readonly #places = new Map<string, number>();
  #sorted: string[] | null = null;
  #cache: { trees: CacheTree | null } | null = null;
  /** Where the extensions begin. */
  readonly #entriesEnd: number;
  /** Paths of submodules. */
  readonly submodules: string[] = [];
  readonly #content: Buffer<ArrayBuffer>;
  readonly #like: string;

  /** `like`: any object name of the same repository. Throws `IndexFormatError`. */
  constructor(content: Buffer<ArrayBuffer>, like: string) {
    this.#content = content;
    this.#like = like;
    const entry = new IndexEntries(content, like);
    for (; entry.isThere; entry.next()) {
      const { path } = entry;
      this.#places.set(path, entry.at);
      if (entry.isSubmodule) this.submodules.push(path);
    }
    this.#entriesEnd = entry.at;
  }

  /** Latin1. */
  paths(): Iterable<string> {
    return this.#places.keys();
  }

  has(path: string): boolean {
    return this.#places.has(path);
  }

  /** Is it noted, but not checked out? */
  isSkipped(path: string): boolean {
    const at = this.#places.get(path);
    if (at === undefined) return false;
    const flags = at + 40 + this.#nameBytes;
    return Boolean(this.#content.readUInt16BE(flags) & extended && this.#content.readUInt16BE(flags + 2) & skipped);
  }

  /** Most of its entries are in another file. */
  get isSplit(): boolean {
    return this.#extension("link") !== null;
  }

  get count(): number {
    return this.#places.size;
  }

  /** Has the entry tell of another file with the same content and mode. The entry is there. */
  note(path: string, seen: Seen): void {
    const at = this.#places.get(path);
    invariant(at !== undefined, "what is noted is in the index");
    noteSeen(this.#content, at, seen);
  }

  /** With all that was noted; its checksum is of before. */
  get content(): Buffer<ArrayBuffer> {
    return this.#content;
  }

  /**
   * The index with these entries (`entryOf`) in place of those of the same paths, which are latin1; null: none is left. Zeros are at the
   * place of its checksum (`seal`). Of the extensions only the cache of trees is kept, as far as it is still true.
   */
  edited(entries: ReadonlyMap<string, Buffer | null>): Buffer<ArrayBuffer> {
    const head = Buffer.from(this.#content.subarray(0, 12));
    const parts: Buffer[] = [head];
    const [paths, end] = [this.#inOrder(), this.#entriesEnd];
    let [from, count] = [12, paths.length];
    for (const [path, entry] of [...entries].toSorted(([one], [other]) => (one < other ? -1 : 1))) {
      const n = placeIn(paths, path);
      const startOf = (k: number) => this.#places.get(paths[k] ?? "") ?? end;
      parts.push(this.#content.subarray(from, startOf(n)));
      from = startOf(paths[n] === path ? n + 1 : n);
      count += (entry ? 1 : 0) - (paths[n] === path ? 1 : 0);
      if (entry) parts.push(entry);
    }
    head.writeUInt32BE(count, 8);
    if (!this.#cache) {
      const content = this.#extension("TREE");
      this.#cache = { trees: content && new CacheTree(content, this.#nameBytes) };
    }
    parts.push(this.#content.subarray(from, end));
    const trees = this.#cache.trees?.without(foldersOf(entries.keys()));
    if (trees) {
      const name = Buffer.from("TREE\0\0\0\0", "latin1");
      name.writeUInt32BE(trees.length, 4);
      parts.push(name, trees);
    }
    return Buffer.concat([...parts, Buffer.alloc(this.#nameBytes)]);
  }

  #inOrder(): string[] {
    return (this.#sorted ??= [...this.#places.keys()]);
  }

  /** null: there is none. */
  #extension(name: string): Buffer | null {
    return extensionOf(this.#content, this.#entriesEnd, name, this.#like);
  }

  get #nameBytes(): number {
    return this.#like.length / 2;
  }

  /** All folders of paths that `counts`. */
  folders(counts: (path: string) => boolean = () => true): Set<string> {
    const folders = new Set<string>();
    for (const path of this.paths()) {
      if (!counts(path)) continue;
      for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
        const folder = path.slice(0, end);
        if (folders.has(folder)) break;
        folders.add(folder);
      }
    }
    return folders;
  }

  /** Of all files together, each in whole blocks of the disk. */
  bytes(): number {
    let sum = 0;
    for (const at of this.#places.values()) sum += Math.ceil(this.#content.readUInt32BE(at + 36) / block) * block;
    return sum;
  }

  get(path: string): Noted | undefined {
    const at = this.#places.get(path);
    if (at === undefined) return undefined;
    const number = (n: number) => this.#content.readUInt32BE(at + n * 4);
    return {
      changedAt: number(0) * 1000 + number(1) / 1e6,
      modifiedAt: number(2) * 1000 + number(3) / 1e6,
      inode: number(5),
      mode: number(6).toString(8),
      bytes: number(9),
      oid: this.#content.toString("hex", at + 40, at + 40 + this.#nameBytes),
    };
  }
}

/** Where `path` is, or would be. */
function placeIn(paths: readonly string[], path: string): number {
  let [low, high] = [0, paths.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((paths[middle] ?? "") < path) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** All folders above; "" is the top. */
function foldersOf(paths: Iterable<string>): Set<string> {
  const folders = new Set([""]);
  for (const path of paths)
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1))
      folders.add(path.slice(0, end));
  return folders;
}
