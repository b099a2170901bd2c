/**
 * Owns the reading of a worker's own index: what its git has checked out of a sparse workspace, and what it has removed.
 * Invariants: it is bounded data of which any fault means "nothing is known"; no git parses it for the engine, and it decides
 * nothing but what is part of this very worker's change.
 */
import { lstatSync } from "node:fs";
import { outermost } from "../domain/cone.ts";
import { gitLimits } from "../domain/limits.ts";
import { IndexFormatError } from "./index-entries.ts";
import { asPath } from "./latin1.ts";
import { linkMode } from "./objects.ts";
import { pathsApart, type PathsApart } from "./paths-apart.ts";
import { readSafely } from "./safe-read.ts";
import { SparseIndex } from "./sparse-index.ts";

/** `writtenAt`: ms since 1970. */
export type WorkersIndex = { index: SparseIndex; writtenAt: number };

/** `root`: of the workspace, absolute, links resolved, latin1. null: nothing is known. */
export function readWorkersIndex(root: string, like: string): Promise<WorkersIndex | null> {
  return whereKnown(async () => {
    const file = await readFile(root);
    if (!file) return null;
    const index = new SparseIndex(file.body, like);
    if (index.isSplit) return null;
    for (const path of index.paths()) if (path.length > gitLimits.indexPathBytesMax) return null;
    // One that was emptied and not filled again would say that everything was removed.
    return index.count === 0 ? null : { index, writtenAt: file.writtenAt };
  });
}

/** Against the engine's own. null: nothing is known, or not all of it is checked out. */
export function besideWorkersIndex(ours: Buffer, root: string, like: string): Promise<PathsApart | null> {
  return whereKnown(async () => {
    const file = await readFile(root);
    return file && pathsApart(ours, file.body, like);
  });
}

async function readFile(root: string): Promise<{ body: Buffer<ArrayBuffer>; writtenAt: number } | null> {
  // What is written after this may be newer than the index.
  const stats = lstatSync(asPath(`${root}/.git/index`), { throwIfNoEntry: false });
  const file = await readSafely(`${root}/.git`, "index");
  if (!stats || file.kind !== "read" || file.mode === linkMode) return null;
  return { body: file.body, writtenAt: stats.mtimeMs };
}

async function whereKnown<T>(read: () => Promise<T | null>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof IndexFormatError || (error as NodeJS.ErrnoException).code !== undefined) return null;
    throw error;
  }
}

/**
 * The outermost folders that the worker's git has checked out whole, with what the engine had not. `ours`: the engine's index,
 * by whose paths alone this is told. Latin1.
 */
export function broughtFolders(ours: SparseIndex, theirs: SparseIndex): string[] {
  const isBrought = (path: string) => ours.isSkipped(path) && theirs.has(path) && !theirs.isSkipped(path);
  const brought = ours.folders(isBrought);
  for (const folder of ours.folders((path) => theirs.isSkipped(path))) brought.delete(folder);
  return outermost(brought);
}
