/**
 * Owns the decision whether a change may be put onto the trunk path by path, or whether git has to merge it. Invariant:
 * `false` only where `git merge-tree` would give the trunk's tree with exactly the change's paths in it:
 *
 * - at each path of the change the trunk is as it was at the change's base, so there is nothing to merge;
 * - no file of one stands where the other has a folder;
 * - no folder that the change adds something to has gone from the trunk, and no folder in which the trunk has changed
 *   something has gone from the change: git may take either for the renaming of a folder, and move files after it.
 *
 * A renamed file is a removed and an added path, so renames of single files are covered by the first.
 */
import type { EditFolder, EditNode } from "./edits.ts";
import { emptyTree, isFolder, sameEntry, type Entry, type Tree } from "./objects.ts";
import type { Trees } from "./trees.ts";

/** `base`, `trunk`: trees. */
export async function needsMerge(trees: Trees, base: string, trunk: string, edits: EditFolder): Promise<boolean> {
  return overlapsIn(trees, base, trunk, edits);
}

/** `base`: null: the change's base has no such folder. */
async function overlapsIn(trees: Trees, base: string | null, trunk: string, edits: EditFolder): Promise<boolean> {
  const before = base === null ? emptyTree : await trees.read(base);
  const now = await trees.read(trunk);
  for (const [name, edit] of edits.children)
    if (await overlapsAt(trees, before.find(name), now.find(name), edit)) return true;
  return false;
}

async function overlapsAt(
  trees: Trees,
  before: Entry | undefined,
  now: Entry | undefined,
  edit: EditNode,
): Promise<boolean> {
  // Nothing of the trunk's is there, or below.
  if (sameEntry(before, now)) return false;
  if (edit.kind !== "folder" || !isFolder(now) || (before && !isFolder(before))) return true;
  if (before && (await vanishes(trees, await trees.read(before.oid), edit))) return true;
  return overlapsIn(trees, before?.oid ?? null, now.oid, edit);
}

/** Is nothing left of the folder after these edits? */
async function vanishes(trees: Trees, folder: Tree, { children }: EditFolder): Promise<boolean> {
  for (const entry of folder.entries) {
    const edit = children.get(entry.name);
    if (!edit || edit.kind === "file") return false;
    if (edit.kind === "folder" && !(isFolder(entry) && (await vanishes(trees, await trees.read(entry.oid), edit))))
      return false;
  }
  // What is not in the folder is added to it.
  return [...children.keys()].every((name) => folder.find(name) !== undefined);
}
