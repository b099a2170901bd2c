/**
 * Owns the reading of a worker's own index: what its git has checked out of a sparse workspace, and what it has removed.
 * Invariants: it is bounded data of which any fault means "nothing is known"; no git parses it for the engine, and it decides
 * nothing but what is part of this very worker's change.
 */
import { lstatSync } from "node:fs";
import { outermost } from "../domain/cone.ts";
import { gitLimits } from "../domain/limits.ts";
import { IndexFormatError } from "./index-file.ts";
import { asPath } from "./latin1.ts";
import { linkMode } from "./objects.ts";
import { readSafely } from "./safe-read.ts";
import { SparseIndex } from "./sparse-index.ts";

/** `writtenAt`: ms since 1970. */
export type WorkersIndex = { index: SparseIndex; writtenAt: number };

/** `root`: of the workspace, absolute, links resolved, latin1. null: nothing is known. */
export async function readWorkersIndex(root: string, like: string): Promise<WorkersIndex | null> {
  try {
    // What is written after this may be newer than the index.
    const stats = lstatSync(asPath(`${root}/.git/index`), { throwIfNoEntry: false });
    const file = await readSafely(`${root}/.git`, "index");
    if (!stats || file.kind !== "read" || file.mode === linkMode) return null;
    const index = new SparseIndex(file.body, like);
    if (index.isSplit) return null;
    for (const path of index.paths()) if (path.length > gitLimits.indexPathBytesMax) return null;
    // One that was emptied and not filled again would say that everything was removed.
    return index.count === 0 ? null : { index, writtenAt: stats.mtimeMs };
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
