/**
 * Owns what a merge goes by of `.gitattributes` (`merge=union`, `-merge`, the size of markers): those of the trunk's side, as in a merge in
 * its checkout. git reads them from a work tree alone, so they are put into one that has nothing else.
 */
import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gitLimits } from "../domain/limits.ts";
import type { Commit, RunId } from "../domain/ids.ts";
import { attributesName } from "./conversion.ts";
import { asPath, toLatin1 } from "./latin1.ts";
import { isFolder, linkMode, submoduleMode } from "./objects.ts";
import { removeTree } from "./remove-tree.ts";
import type { TrunkRepository } from "./trunk-repository.ts";

/** `workTree`: for the merge alone; null: no attributes have a say. */
export async function inAttributes<T>(
  repository: TrunkRepository,
  run: RunId,
  [trunk, yours]: readonly [Commit, Commit],
  work: (workTree: string | null) => Promise<T>,
): Promise<T> {
  const files = await attributesOf(repository, run, trunk, yours);
  if (![...files.values()].some(isOfMerging)) return work(null);
  const folder = join(dirname(repository.gitDir), "intake", run, `merge-${randomUUID()}`);
  try {
    for (const [path, body] of files) {
      const place = `${toLatin1(folder)}/${path}`;
      await mkdir(asPath(dirname(place)), { recursive: true });
      await writeFile(asPath(place), body, { flag: "wx" });
    }
    return await work(folder);
  } finally {
    await removeTree(folder);
  }
}

/** A macro is defined at the top, in a line that says what it means for merging. */
const isOfMerging = (body: Buffer) => ["merge", "binary", "conflict-marker-size"].some((word) => body.includes(word));

/** In and above the folders in which both sides differ. Paths are latin1. */
async function attributesOf(
  repository: TrunkRepository,
  run: RunId,
  trunk: Commit,
  yours: Commit,
): Promise<Map<string, Buffer>> {
  const { trees, reader } = repository.objects(run);
  const root = await trees.rootOf(trunk);
  const folders = new Set([""]);
  for (const path of (await trees.difference(root, await trees.rootOf(yours))).keys())
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const folder = path.slice(0, end + 1);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  const files = new Map<string, Buffer>();
  for (const folder of folders) {
    const path = folder + attributesName;
    const entry = await trees.find(root, path);
    if (!entry || isFolder(entry) || entry.mode === linkMode || entry.mode === submoduleMode) continue;
    const body = await reader.readUpTo(entry.oid, gitLimits.attributesBytesMax);
    if (body) files.set(path, body);
  }
  return files;
}
