/**
 * Owns the reading of the engine's own index files (gitformat-index, versions 2 and 3), and the noting of other files than
 * git saw. Pure.
 */
import { createHash } from "node:crypto";
import type { Stats } from "node:fs";
import { invariant } from "../domain/assert.ts";
import { CacheTree } from "./cache-tree.ts";

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

/** As `lstat` tells it of a file, in big numbers. */
type Seen = { ctimeNs: bigint; mtimeNs: bigint; dev: bigint; ino: bigint; uid: bigint; gid: bigint };

const block = 4_096;
const secondNs = 1_000_000_000n;

/** An entry as an index has it: the file is there as `seen`, and git need not read it. `path`: latin1. */
export function entryOf(
  path: string,
  { mode, oid }: Pick<Noted, "mode" | "oid">,
  seen: Seen & { size: bigint },
): Buffer {
  const nameBytes = oid.length / 2;
  const length = 42 + nameBytes + path.length;
  // Padded with one to eight zeros.
  const entry = Buffer.alloc((length + 8) & ~7);
  const { ctimeNs, mtimeNs, dev, ino, uid, gid, size } = seen;
  const times = [ctimeNs / secondNs, ctimeNs % secondNs, mtimeNs / secondNs, mtimeNs % secondNs];
  for (const [n, value] of [...times, dev, ino, BigInt(parseInt(mode, 8)), uid, gid, size].entries())
    entry.writeUInt32BE(Number(BigInt.asUintN(32, value)), n * 4);
  entry.write(oid, 40, "hex");
  entry.writeUInt16BE(Math.min(path.length, 0xfff), 40 + nameBytes);
  entry.write(path, 42 + nameBytes, "latin1");
  return entry;
}

/** No index file, or one that is cut or of a kind that is not read here. */
export class IndexFormatError extends Error {
  override readonly name = "IndexFormatError";
}

/** Of an entry's flags: more of them follow; and of those: it is not checked out. */
const [extended, skipped] = [0x4000, 0x4000];

export class IndexFile {
  /** Where each path's entry begins, in the order of the index. */
  readonly #places = new Map<string, number>();
  #sorted: string[] | null = null;
  #cache: { trees: CacheTree | null } | null = null;
  /** Where the extensions begin. */
  readonly #entriesEnd: number;
  /** Paths of submodules. */
  readonly submodules: string[] = [];
  readonly #content: Buffer;
  readonly #nameBytes: number;

  /** `like`: any object name of the same repository. Throws `IndexFormatError`. */
  constructor(content: Buffer, like: string) {
    this.#content = content;
    this.#nameBytes = like.length / 2;
    if (content.length < 12 + this.#nameBytes || content.toString("latin1", 0, 4) !== "DIRC")
      throw new IndexFormatError("not an index file");
    const version = content.readUInt32BE(4);
    if (version !== 2 && version !== 3)
      throw new IndexFormatError(`an index file of version ${version} cannot be read`);
    const count = content.readUInt32BE(8);
    let at = 12;
    for (let n = 0; n < count; n++) at = this.#readEntry(at);
    this.#entriesEnd = at;
  }

  /** Answers where the next one begins, always further on. */
  #readEntry(at: number): number {
    const content = this.#content;
    const fixed = at + 42 + this.#nameBytes;
    const from = fixed <= content.length && content.readUInt16BE(fixed - 2) & extended ? fixed + 2 : fixed;
    const to = content.indexOf(0, from);
    if (from > content.length || to === -1) throw new IndexFormatError("the index file ends within an entry");
    const path = content.toString("latin1", from, to);
    this.#places.set(path, at);
    if (content.readUInt32BE(at + 24) === 0o160000) this.submodules.push(path);
    // Padded with one to eight zeros.
    return at + ((to - at + 8) & ~7);
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
  note(path: string, { ctimeNs, mtimeNs, dev, ino, uid, gid }: Seen): void {
    const at = this.#places.get(path);
    invariant(at !== undefined, "what is noted is in the index");
    const write = (n: number, value: bigint) =>
      void this.#content.writeUInt32BE(Number(BigInt.asUintN(32, value)), at + n * 4);
    write(0, ctimeNs / secondNs);
    write(1, ctimeNs % secondNs);
    write(2, mtimeNs / secondNs);
    write(3, mtimeNs % secondNs);
    write(4, dev);
    write(5, ino);
    write(7, uid);
    write(8, gid);
  }

  /** The whole file, for git to read. */
  sealed(): Buffer {
    const body = this.#content.subarray(0, -this.#nameBytes);
    const sum = createHash(this.#nameBytes === 20 ? "sha1" : "sha256")
      .update(body)
      .digest();
    return Buffer.concat([body, sum]);
  }

  /**
   * The index with these entries (`entryOf`) in place of those of the same paths, which are latin1; null: none is left. Zeros are at the
   * place of its checksum. Of the extensions only the cache of trees is kept, as far as it is still true.
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
    const content = this.#content;
    for (let at = this.#entriesEnd; at + 8 <= content.length - this.#nameBytes;) {
      const bytes = content.readUInt32BE(at + 4);
      if (content.toString("latin1", at, at + 4) === name) return content.subarray(at + 8, at + 8 + bytes);
      at += 8 + bytes;
    }
    return null;
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

/** Puts the checksum into what `edited` has answered; it is made beside other work. `like`: any object name. */
export async function sealAside(index: Buffer<ArrayBuffer>, like: string): Promise<void> {
  const end = index.length - like.length / 2;
  const sum = await crypto.subtle.digest(like.length === 64 ? "SHA-256" : "SHA-1", index.subarray(0, end));
  index.set(new Uint8Array(sum), end);
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
