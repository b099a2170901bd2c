/**
 * Owns the reading of a single path that a worker may change at the same moment. Invariant: what is read is a file
 * or link that lies in the workspace at this path; no link is followed, no pipe waited for, no size trusted.
 *
 * Calls of the file system block here but for large files: each takes microseconds, its promise would take ten times
 * as long, and a landing makes many.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  read,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
} from "node:fs";
import { posix } from "node:path";
import { promisify } from "node:util";
import { gitLimits } from "../domain/limits.ts";
import { refuseLink, refusePath, tooLong } from "./entry-rules.ts";
import { asPath, toText } from "./latin1.ts";
import { linkMode } from "./objects.ts";

/** `body`: the bytes that git would keep if it converts nothing. `link`: where a link leads that may not enter. */
export type ReadOutcome =
  | { kind: "read"; mode: string; body: Buffer<ArrayBuffer> }
  | { kind: "gone" }
  | { kind: "refused"; reason: string; link: Buffer | null };

const refused = (reason: string, link: Buffer | null = null): ReadOutcome => ({ kind: "refused", reason, link });
const changedUnderUs = refused("it changed while it was read");
const unreadable = refused("it cannot be read");
const tooBig = refused(`larger than ${gitLimits.fileBytesMax / 1_048_576} MB`);
const readPiece = promisify(read);

/** Reads `path` below `root` (absolute, links resolved); both latin1. Rejects only for faults of ours. */
export async function readSafely(root: string, path: string): Promise<ReadOutcome> {
  const reason = path.endsWith("/") ? "a git repository inside the tree cannot land" : refusePath(toText(path));
  if (reason !== null) return refused(reason);
  const source = `${root}/${path}`;
  try {
    const stats = look(source);
    // A folder in place of a file: the file is gone, and what is in the folder is listed by itself.
    if (stats === null || stats.isDirectory()) return { kind: "gone" };
    if (stats.isFile()) return await readFile(source);
    return stats.isSymbolicLink() ? readLink(path, source) : refused("neither a file nor a folder nor a symbolic link");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (["EACCES", "EPERM"].includes(code)) return unreadable;
    if (code === "ENAMETOOLONG") return refused(tooLong);
    if (["ENOENT", "ENOTDIR", "ELOOP", "ENXIO", "EINVAL"].includes(code)) return changedUnderUs;
    throw error;
  }
}

/** null: nothing of the tree is there. */
function look(source: string): Stats | null {
  try {
    // Behind a link that replaced a folder there is nothing of the tree any more.
    return isReal(posix.dirname(source)) ? lstatSync(asPath(source)) : null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return null;
    throw error;
  }
}

/** Is something of the tree at `path` below `root`? Both as in `readSafely`. */
export function isThere(root: string, path: string): boolean {
  try {
    return look(`${root}/${path}`) !== null;
  } catch (error) {
    // What cannot be looked at is said when it is read.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return true;
  }
}

const isReal = (path: string) => realpathSync.native(asPath(path), "latin1") === path;

function readLink(path: string, source: string): ReadOutcome {
  const target = readlinkSync(asPath(source), "latin1");
  if (!isReal(posix.dirname(source))) return changedUnderUs;
  const reason = refuseLink(toText(path), toText(target));
  const body = Buffer.from(target, "latin1");
  return reason === null ? { kind: "read", mode: linkMode, body } : refused(reason, body);
}

async function readFile(source: string): Promise<ReadOutcome> {
  // O_NONBLOCK: a pipe swapped in at the last moment must not hold us.
  const file = openSync(asPath(source), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile() || whereIs(file, stats, source) !== source) return changedUnderUs;
    if (stats.size > gitLimits.fileBytesMax) return tooBig;
    const body = await readAll(file, stats.size);
    return body ? { kind: "read", mode: stats.mode & 0o100 ? "100755" : "100644", body } : tooBig;
  } finally {
    closeSync(file);
  }
}

/** null: it has grown past the limit. */
async function readAll(file: number, size: number): Promise<Buffer<ArrayBuffer> | null> {
  const pieces: Buffer<ArrayBuffer>[] = [];
  let total = 0;
  for (;;) {
    // One byte more than there should be, to see its end at once.
    const piece = Buffer.allocUnsafe(Math.min(gitLimits.readBytes, Math.max(1, size - total + 1)));
    const count =
      size <= gitLimits.readAtOnceBytesMax
        ? readSync(file, piece, 0, piece.length, total)
        : (await readPiece(file, piece, 0, piece.length, total)).bytesRead;
    total += count;
    if (total > gitLimits.fileBytesMax) return null;
    pieces.push(piece.subarray(0, count));
    // Less than was asked for is its end, but not on every file system before the size that it had.
    if (count === 0 || (count < piece.length && total >= size))
      return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
  }
}

/** Where the open file really lies, as latin1: a folder above it may have been swapped for a link. */
function whereIs(file: number, opened: Stats, source: string): string {
  if (process.platform === "linux") return readlinkSync(`/proc/self/fd/${file}`, "latin1");
  const real = realpathSync.native(asPath(source), "latin1");
  const there = lstatSync(asPath(real));
  return there.ino === opened.ino && there.dev === opened.dev ? real : "";
}
