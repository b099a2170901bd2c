/**
 * Owns the reading of a single path that a worker may change at the same moment. Invariant: what is copied is a file
 * or link that lies in the workspace at this path; no link is followed, no pipe waited for, no size trusted.
 */
import { constants, type Stats } from "node:fs";
import { lstat, mkdir, open, readlink, realpath, symlink, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gitLimits } from "../domain/limits.ts";
import { refuseLink, refusePath } from "./entry-rules.ts";

export type CopyOutcome = "copied" | "gone" | { refused: string };

const changedUnderUs: CopyOutcome = { refused: "it changed while it was read" };
const unreadable: CopyOutcome = { refused: "it cannot be read" };
const tooBig: CopyOutcome = { refused: `larger than ${gitLimits.fileBytesMax / 1_048_576} MB` };

/** Copies `path` of `root` (links resolved) below `to`. Rejects only for faults of ours, such as a full disk. */
export async function copySafely(root: string, to: string, path: string): Promise<CopyOutcome> {
  const reason = path.endsWith("/") ? "a git repository inside the tree cannot land" : refusePath(path);
  if (reason !== null) return { refused: reason };
  const source = join(root, path);
  const stats = await look(source);
  if (stats === null) return "gone";
  if (stats === "denied") return unreadable;
  // A folder in place of a file: the file is gone, and what is in the folder is listed by itself.
  if (stats.isDirectory()) return "gone";
  if (!stats.isFile() && !stats.isSymbolicLink()) return { refused: "neither a file nor a folder nor a symbolic link" };
  const copy = join(to, path);
  await mkdir(dirname(copy), { recursive: true });
  try {
    return stats.isFile() ? await copyFile(source, copy) : await copyLink(path, source, copy);
  } catch (error) {
    const { code, path: at } = error as NodeJS.ErrnoException;
    if (at !== source) throw error;
    if (code === "EACCES" || code === "EPERM") return unreadable;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP" || code === "ENXIO" || code === "EINVAL")
      return changedUnderUs;
    throw error;
  }
}

async function look(source: string): Promise<Stats | null | "denied"> {
  try {
    const folder = dirname(source);
    // Behind a link that replaced a folder there is nothing of the tree any more.
    return (await realpath(folder)) === folder ? await lstat(source) : null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return null;
    if (code === "EACCES" || code === "EPERM") return "denied";
    throw error;
  }
}

async function copyLink(path: string, source: string, copy: string): Promise<CopyOutcome> {
  const target = await readlink(source);
  const reason = refuseLink(path, target);
  if (reason !== null) return { refused: reason };
  await symlink(target, copy);
  return "copied";
}

async function copyFile(source: string, copy: string): Promise<CopyOutcome> {
  // O_NONBLOCK: a pipe swapped in at the last moment must not hold us.
  const from = await open(source, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = await from.stat();
    if (!stats.isFile() || (await whereIs(from, source)) !== source) return changedUnderUs;
    if (stats.size > gitLimits.fileBytesMax) return tooBig;
    const into = await open(copy, "wx", stats.mode & 0o100 ? 0o755 : 0o644);
    try {
      return await pour(from, into, stats.size);
    } finally {
      await into.close();
    }
  } finally {
    await from.close();
  }
}

async function pour(from: FileHandle, into: FileHandle, size: number): Promise<CopyOutcome> {
  const buffer = Buffer.allocUnsafe(Math.min(gitLimits.copyBytes, size + 1));
  let total = 0;
  for (;;) {
    const { bytesRead } = await from.read(buffer, 0, buffer.length, total);
    if (bytesRead === 0) return "copied";
    total += bytesRead;
    if (total > gitLimits.fileBytesMax) return tooBig;
    await into.writeFile(buffer.subarray(0, bytesRead));
  }
}

/** Where the open file really lies: a folder above it may have been swapped for a link. */
async function whereIs(handle: FileHandle, source: string): Promise<string> {
  if (process.platform === "linux") return readlink(`/proc/self/fd/${handle.fd}`);
  const [real, opened] = await Promise.all([realpath(source), handle.stat()]);
  const there = await lstat(real);
  return there.ino === opened.ino && there.dev === opened.dev ? real : "";
}
