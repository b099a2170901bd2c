/**
 * Owns the moving of a folder that we made into one in which a worker does as it likes. Invariant: nothing is written
 * through a link, whatever the worker swaps meanwhile.
 */
import { constants } from "node:fs";
import { copyFile, mkdir, open, readdir, rename, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "./remove-tree.ts";

/** `from` becomes `name` in the folder `into`; nothing of that name may be there. */
export async function moveFolder(from: string, into: string, name: string): Promise<void> {
  try {
    await rename(from, join(into, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EXDEV") throw error;
    // An overlay is a file system of its own.
    await inFolder(into, (folder) => copyInto(from, folder, name));
    await removeTree(from);
  }
}

async function copyInto(from: string, { fd }: FileHandle, name: string): Promise<void> {
  const copy = `/proc/self/fd/${fd}/${name}`;
  await mkdir(copy);
  await inFolder(copy, async (folder) => {
    for (const entry of await readdir(from, { withFileTypes: true })) {
      const original = join(from, entry.name);
      if (entry.isDirectory()) await copyInto(original, folder, entry.name);
      else await copyFile(original, `/proc/self/fd/${folder.fd}/${entry.name}`, constants.COPYFILE_EXCL);
    }
  });
}

/** With the folder held open: what is reached through it lies in it. */
async function inFolder(path: string, work: (folder: FileHandle) => Promise<void>): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    await work(folder);
  } finally {
    await folder.close();
  }
}
