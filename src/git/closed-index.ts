/**
 * Owns the index with which a sparse checkout begins: every folder outside of its part is one entry (git's sparse index), and
 * nothing else is there, so that git reads no tree of them. Files of the part are for git to add.
 */
import { createHash } from "node:crypto";
import { foldersAbove } from "../domain/cone.ts";
import { isFolder } from "./objects.ts";
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
    root.length / 2,
  );
}

const folderMode = 0o40000;
/** Of flags: more of them follow; of those: it is not checked out. */
const extended = 0x4000;
const skipped = 0x4000;

/** gitformat-index, version 3. */
function indexOf(closed: readonly Closed[], nameBytes: number): Buffer {
  const header = Buffer.from("DIRC\0\0\0\x03\0\0\0\0", "latin1");
  header.writeUInt32BE(closed.length, 8);
  const entries = closed.map(({ path, oid }) => {
    const name = 44 + nameBytes;
    // Padded with one to eight zeros.
    const entry = Buffer.alloc((name + path.length + 8) & ~7);
    entry.writeUInt32BE(folderMode, 24);
    entry.write(oid, 40, "hex");
    entry.writeUInt16BE(extended | Math.min(path.length, 0xfff), 40 + nameBytes);
    entry.writeUInt16BE(skipped, 42 + nameBytes);
    entry.write(path, name, "latin1");
    return entry;
  });
  const body = Buffer.concat([header, ...entries, Buffer.from("sdir\0\0\0\0", "latin1")]);
  const sum = createHash(nameBytes === 20 ? "sha1" : "sha256")
    .update(body)
    .digest();
  return Buffer.concat([body, sum]);
}
