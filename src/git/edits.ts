/** Owns a change as what becomes of each path. Pure. */
import type { Entry } from "./objects.ts";

/** What a path becomes: a file or link; null: gone. Paths are latin1. */
export type Edits = ReadonlyMap<string, Change | null>;
export type Change = Omit<Entry, "name">;

/**
 * The same by folders. A file in place of a folder is a `file` whose removed content is left out; a folder in place of a
 * file is a `folder`.
 */
export type EditNode =
  | { kind: "file"; entry: Change }
  | { kind: "gone" }
  | { kind: "folder"; children: Map<string, EditNode> };
export type EditFolder = Extract<EditNode, { kind: "folder" }>;

export function byFolder(edits: Edits): EditFolder {
  const root: EditFolder = { kind: "folder", children: new Map() };
  // Removals first: what takes the place of something else comes after it.
  for (const [path, entry] of edits) if (entry === null) place(root, path.split("/"), { kind: "gone" });
  for (const [path, entry] of edits) if (entry !== null) place(root, path.split("/"), { kind: "file", entry });
  return root;
}

function place(root: EditFolder, names: string[], leaf: Exclude<EditNode, EditFolder>): void {
  let folder = root;
  for (const name of names.slice(0, -1)) {
    const child = folder.children.get(name);
    if (child?.kind === "folder") folder = child;
    else {
      const made: EditFolder = { kind: "folder", children: new Map() };
      folder.children.set(name, made);
      folder = made;
    }
  }
  const name = names.at(-1) ?? "";
  // What was removed below says enough: nothing is left of it.
  if (leaf.kind === "gone" && folder.children.get(name)?.kind === "folder") return;
  folder.children.set(name, leaf);
}
