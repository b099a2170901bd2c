/** Owns the removal of folders in which an agent did as it liked. Invariant: links are removed, never followed. */
import { chmod, lstat, readdir, rm } from "node:fs/promises";
import { asPath, toLatin1 } from "./latin1.ts";

/**
 * Removes `path` and all below it; also folders that deny reading and writing. Nothing there: done. As bytes where its name may be
 * no text: as text it would be another name, at which nothing is.
 */
export async function removeTree(path: string | Buffer): Promise<void> {
  const options = { recursive: true, force: true, maxRetries: 3 };
  try {
    await rm(path, options);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EACCES" && code !== "EPERM" && code !== "ENOTEMPTY") throw error;
    await openUp(Buffer.isBuffer(path) ? path.toString("latin1") : toLatin1(path));
    await rm(path, options);
  }
}

/**
 * Gives us back read and write on every folder. Iterative: an agent may nest folders as deep as it likes. `root`: latin1. What `rm` could
 * remove may go meanwhile: it rejects at its first failure, and goes on.
 */
async function openUp(root: string): Promise<void> {
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const stats = await lstat(asPath(folder)).catch(ignoreMissing(null));
    if (!stats?.isDirectory()) continue;
    await chmod(asPath(folder), 0o700).catch(ignoreMissing(undefined));
    const entries = await readdir(asPath(folder), { encoding: "latin1", withFileTypes: true }).catch(ignoreMissing([]));
    for (const entry of entries) if (entry.isDirectory()) folders.push(`${folder}/${entry.name}`);
  }
}

export async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(ignoreMissing(null))) !== null;
}

/** For `.catch`: answers `instead` when the path is not there. */
export function ignoreMissing<T>(instead: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return instead;
    throw error;
  };
}
