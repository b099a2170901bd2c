/** Owns the reading of a file's text as the trunk's store has it. */
import { gitLimits } from "../domain/limits.ts";
import { toLatin1 } from "./latin1.ts";
import { isFolder, submoduleMode } from "./objects.ts";
import type { ObjectStore } from "./object-store.ts";

/** A file's bytes in a tree; null: nothing there, or not a file. */
export async function readAt(store: ObjectStore, tree: string, path: string): Promise<Buffer | null> {
  const entry = await store.trees.find(tree, toLatin1(path));
  return !entry || isFolder(entry) || entry.mode === submoduleMode ? null : readText(store, entry.oid);
}

/** Too big to be text that was merged: empty. */
export async function readText({ reader }: ObjectStore, object: string): Promise<Buffer> {
  return (await reader.readUpTo(object, gitLimits.markedBytesMax)) ?? Buffer.alloc(0);
}
