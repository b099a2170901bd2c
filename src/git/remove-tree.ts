/** Owns the removal of folders in which an agent did as it liked. Invariant: links are removed, never followed. */
import { chmod, lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** Removes `path` and all below it; also folders that deny reading and writing. Nothing there: done. */
export async function removeTree(path: string): Promise<void> {
  const options = { recursive: true, force: true, maxRetries: 3 };
  try {
    await rm(path, options);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EACCES" && code !== "EPERM" && code !== "ENOTEMPTY") throw error;
    await openUp(path);
    await rm(path, options);
  }
}

/** Gives us back read and write on every folder. Iterative: an agent may nest folders as deep as it likes. */
async function openUp(root: string): Promise<void> {
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const stats = await lstat(folder).catch(ignoreMissing(null));
    if (!stats?.isDirectory()) continue;
    await chmod(folder, 0o700);
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) folders.push(join(folder, entry.name));
    }
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
