/** Owns how an entry of an index file is written (gitformat-index, versions 2 and 3), and the file's checksum. */

/** As `lstat` tells it of a file, in big numbers. */
export type Seen = { ctimeNs: bigint; mtimeNs: bigint; dev: bigint; ino: bigint; uid: bigint; gid: bigint };

/** Of an entry's flags: more of them follow; and of those: it is not checked out. */
export const [extended, skipped] = [0x4000, 0x4000];

const secondNs = 1_000_000_000n;

/** `mode`: as in a tree: `100644`. */
type Named = { mode: string; oid: string };

/** The file is there as `seen`, and git need not read it. `path`: latin1. */
export function entryOf(path: string, { mode, oid }: Named, seen: Seen & { size: bigint }): Buffer {
  const entry = blank(path, { mode, oid }, []);
  noteSeen(entry, 0, seen);
  entry.writeUInt32BE(Number(BigInt.asUintN(32, seen.size)), 36);
  return entry;
}

/** It is not checked out; a folder's stands for all in it, and its path ends with a slash. The file is of version 3. */
export const skippedEntry = (path: string, named: Named): Buffer => blank(path, named, [skipped]);

/** Has the entry at `at` tell of that file. */
export function noteSeen(index: Buffer, at: number, { ctimeNs, mtimeNs, dev, ino, uid, gid }: Seen): void {
  const times = [ctimeNs / secondNs, ctimeNs % secondNs, mtimeNs / secondNs, mtimeNs % secondNs];
  const write = (value: bigint, n: number) => index.writeUInt32BE(Number(BigInt.asUintN(32, value)), at + n * 4);
  for (const [n, value] of [...times, dev, ino].entries()) write(value, n);
  write(uid, 7);
  write(gid, 8);
}

function blank(path: string, { mode, oid }: Named, more: readonly number[]): Buffer {
  const flags = 40 + oid.length / 2;
  const name = flags + 2 + more.length * 2;
  // Padded with one to eight zeros.
  const entry = Buffer.alloc((name + path.length + 8) & ~7);
  entry.writeUInt32BE(parseInt(mode, 8), 24);
  entry.write(oid, 40, "hex");
  entry.writeUInt16BE((more.length > 0 ? extended : 0) | Math.min(path.length, 0xfff), flags);
  for (const [n, value] of more.entries()) entry.writeUInt16BE(value, flags + 2 + n * 2);
  entry.write(path, name, "latin1");
  return entry;
}

/** Puts its checksum at the end of an index file, where there is room for it; made beside other work. `like`: any object name. */
export async function seal(index: Buffer<ArrayBuffer>, like: string): Promise<Buffer> {
  const end = index.length - like.length / 2;
  const sum = await crypto.subtle.digest(like.length === 64 ? "SHA-256" : "SHA-1", index.subarray(0, end));
  index.set(new Uint8Array(sum), end);
  return index;
}
