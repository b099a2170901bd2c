/**
 * Owns the moving of a checkout to another commit in this process, where git would write the very bytes that it keeps.
 * Its cost follows the files that differ. What it cannot do it says before it has begun: then git has to do it.
 */
import { randomUUID } from "node:crypto";
import { lstat, mkdir, rm, rmdir, symlink, writeFile } from "node:fs/promises";
import { posix } from "node:path";
import { layerLimits } from "../domain/limits.ts";
import { Conversions } from "./conversion.ts";
import type { Change, Edits } from "./edits.ts";
import { refusePath } from "./entry-rules.ts";
import { entryOf } from "./index-entry.ts";
import { asPath, toLatin1, toText } from "./latin1.ts";
import { isFolder, linkMode, submoduleMode } from "./objects.ts";
import type { ObjectStore } from "./object-store.ts";
import type { Trees } from "./trees.ts";

/** What becomes of each path, which is latin1; null: nothing is left. */
export type Difference = ReadonlyMap<string, (Change & { body: Buffer }) | null>;

/** What turns a checkout of the tree `from` into one of `to`; null: only git can write it. */
export async function readDifference(store: ObjectStore, from: string, to: string): Promise<Difference | null> {
  const edits = await store.trees.difference(from, to);
  if (edits.size > layerLimits.pathsApartWell || !(await isPlain(store, { from, to, edits }))) return null;
  const difference = new Map<string, (Change & { body: Buffer }) | null>();
  let room: number = layerLimits.writtenBytesMax;
  for (const [path, entry] of edits) {
    const body = entry && (await store.reader.readUpTo(entry.oid, room));
    if (entry && !body) return null;
    difference.set(path, entry && body && { ...entry, body });
    room -= body?.length ?? 0;
  }
  return difference;
}

/** Nothing but files and links, in folders that stay folders, whose bytes are written as they are kept. */
async function isPlain(store: ObjectStore, { from, to, edits }: { from: string; to: string; edits: Edits }) {
  const conversions = new Conversions(store, to, new Map(), new Map());
  for (const [path, entry] of edits) {
    const was = await store.trees.find(from, path);
    if ([was?.mode, entry?.mode].includes(submoduleMode) || refusePath(toText(path)) !== null) return false;
    for (let folder = posix.dirname(path); folder !== "."; folder = posix.dirname(folder))
      if (edits.has(folder)) return false;
    if (entry && entry.mode !== linkMode && (await conversions.mayDiffer(path))) return false;
  }
  return true;
}

/**
 * Answers the index entries of what was written, for `IndexFile.edited`. `root` holds a checkout in which nobody works;
 * nothing of it is a link that leads out of it.
 */
export async function writeDifference(root: string, difference: Difference): Promise<Map<string, Buffer | null>> {
  const entries = new Map<string, Buffer | null>();
  const at = (path: string) => asPath(`${toLatin1(root)}/${path}`);
  for (const [path, entry] of difference) {
    // Never written through: what is there may be shared, or a link.
    await rm(at(path), { force: true });
    if (!entry) continue;
    await mkdir(at(posix.dirname(path)), { recursive: true });
    if (entry.mode === linkMode) await symlink(entry.body, at(path));
    else await writeFile(at(path), entry.body, { flag: "wx", mode: entry.mode === "100755" ? 0o777 : 0o666 });
    entries.set(path, entryOf(path, entry, await lstat(at(path), { bigint: true })));
  }
  // Last: a folder that is emptied and made anew would hide what lies below it in an overlay.
  for (const [path, entry] of difference) {
    if (entry) continue;
    await removeEmpty(at, posix.dirname(path));
    entries.set(path, null);
  }
  return entries;
}

/**
 * Keeps git from removing folders that both trees have while it turns a checkout of the one into one of the other: it makes anew what it
 * has emptied, and in an overlay that hides what lies below it. Answers what ends it.
 */
export async function holdFolders(
  root: string,
  trees: Trees,
  [from, to]: readonly [string, string],
): Promise<() => Promise<void>> {
  const held = new Set<string>();
  for (const [path, entry] of await trees.difference(from, to)) {
    let folder = entry ? "." : posix.dirname(path);
    while (folder !== "." && !isFolder(await trees.find(to, folder))) folder = posix.dirname(folder);
    if (folder !== ".") held.add(folder);
  }
  const name = randomUUID();
  const files = [...held].map((folder) => asPath(`${toLatin1(root)}/${folder}/${name}`));
  for (const file of files) await writeFile(file, "", { flag: "wx" });
  return async () => {
    for (const file of files) await rm(file);
  };
}

/** Folders in which nothing is left, as git removes them. */
async function removeEmpty(at: (path: string) => string | Buffer, folder: string): Promise<void> {
  for (let path = folder; path !== "."; path = posix.dirname(path)) {
    try {
      await rmdir(at(path));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOTEMPTY" || code === "EEXIST" || code === "ENOENT") return;
      throw error;
    }
  }
}
