/** Owns a change as it was taken in: what becomes of which path, and the content that the trunk's store may lack. */
import type { Commit } from "../domain/ids.ts";
import type { Change } from "../engine/ports.ts";
import { byFolder, type EditFolder, type Edits } from "./edits.ts";
import { toText } from "./latin1.ts";
import { packObject, type PackedObject } from "./pack.ts";
import type { MadeTrees, Trees } from "./trees.ts";

export class GitChange implements Change {
  readonly base: Commit;
  /** Against the base. */
  readonly edits: Edits;
  readonly folders: EditFolder;
  readonly objects: readonly PackedObject[];
  /** The paths, in the order of their bytes. */
  readonly files: readonly string[];

  constructor(base: Commit, edits: Edits, objects: readonly PackedObject[]) {
    this.base = base;
    this.edits = edits;
    this.folders = byFolder(edits);
    this.objects = objects;
    this.files = pathsOf(edits);
  }
}

/** As text, in the order of their bytes. */
export function pathsOf(edits: Edits): string[] {
  return [...edits.keys()].toSorted((one, other) => (one < other ? -1 : 1)).map(toText);
}

/** The base with the change made, whole; and what the trunk's store may lack of it. */
export async function wholeOf(trees: Trees, change: GitChange): Promise<{ tree: string; objects: PackedObject[] }> {
  const made: MadeTrees = new Map();
  const tree = await trees.edit(await trees.rootOf(change.base), change.folders, made);
  return { tree, objects: [...change.objects, ...packTrees(made)] };
}

export function packTrees(trees: MadeTrees): PackedObject[] {
  return [...trees].map(([oid, tree]) => packObject("tree", oid, tree.body()));
}
