/**
 * Owns the index with which a sparse checkout begins: every folder outside of its part is one entry (git's sparse index), and
 * nothing else is there, so that git reads no tree of them. Files of the part are for git to add.
 */
import { foldersAbove } from "../domain/cone.ts";
import { seal, skippedEntry } from "./index-entry.ts";
import { folderMode, isFolder } from "./objects.ts";
import type { Trees } from "./trees.ts";

type Closed = { path: string; oid: string };

/** Of the tree `root`. `cone`: latin1. */
export async function closedIndex(trees: Trees, root: string, cone: readonly string[]): Promise<Buffer> {
  const [inside, onTheWay] = [new Set(cone), new Set(foldersAbove(cone))];
  const closed: Closed[] = [];
  const open: Closed[] = [{ path: "", oid: root }];
  for (let folder = open.pop(); folder; folder = open.pop()) {
    for (const { name, oid } of (await trees.read(folder.oid)).entries.filter(isFolder)) {
      const path = folder.path + name;
      if (onTheWay.has(path)) open.push({ path: `${path}/`, oid });
      else if (!inside.has(path)) closed.push({ path: `${path}/`, oid });
    }
  }
  return indexOf(
    closed.toSorted((one, other) => (one.path < other.path ? -1 : 1)),
    root,
  );
}

/** gitformat-index, version 3. */
function indexOf(closed: readonly Closed[], like: string): Promise<Buffer> {
  const header = Buffer.from("DIRC\0\0\0\x03\0\0\0\0", "latin1");
  header.writeUInt32BE(closed.length, 8);
  const entries = closed.map(({ path, oid }) => skippedEntry(path, { mode: folderMode, oid }));
  const extension = Buffer.from("sdir\0\0\0\0", "latin1");
  return seal(Buffer.concat([header, ...entries, extension, Buffer.alloc(like.length / 2)]), like);
}
