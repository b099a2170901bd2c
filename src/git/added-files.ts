/** Owns what is kept of an overlay's upper folder when others are to stand on it: what was added beside the commit's own files. */
import { chmodSync, constants, lstatSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { basename, dirname } from "node:path";
import { asPath, toLatin1 } from "./latin1.ts";
import { isFolder, type Entry } from "./objects.ts";
import { removeTree } from "./remove-tree.ts";
import type { Trees } from "./trees.ts";
import { isMerged } from "./upper-paths.ts";

/**
 * The topmost paths of it, latin1. Marks of what is gone are among them, if the tree has it not: it was in a layer below. `rules`: the
 * tree's files of what is ignored that are not as they were.
 */
export async function listAdded(
  trees: Trees,
  tree: string,
  upper: string,
): Promise<{ added: string[]; rules: string[] }> {
  const [added, rules]: [string[], string[]] = [[], []];
  for await (const { path, was } of met(trees, tree, toLatin1(upper)))
    if (!was) added.push(path);
    else if (basename(path) === ".gitignore") rules.push(path);
  return { added, rules };
}

/** Moves these, topmost paths, latin1, out of `upper`; `into` is not there yet, nor when it cannot be done. */
export async function moveAdded(added: readonly string[], upper: string, into: string): Promise<void> {
  const [from, to] = [toLatin1(upper), toLatin1(into)];
  try {
    mkdirSync(into);
    for (const path of added) {
      mkdirSync(asPath(dirname(`${to}/${path}`)), { recursive: true });
      const { mode } = lstatSync(asPath(`${from}/${path}`));
      // A folder can only be moved by who may write into it.
      if ((mode & (types | 0o200)) === folderType) chmodSync(asPath(`${from}/${path}`), mode | 0o200);
      renameSync(asPath(`${from}/${path}`), asPath(`${to}/${path}`));
    }
  } catch (error) {
    await removeTree(into);
    throw error;
  }
}

/**
 * Does a folder of `tree`, as it is shown in `merged`, hide what one of `below` has in it, without a mark for each? A folder that was
 * made anew does, with the folders in it, and what `moveAdded` keeps of them cannot. All are folders, absolute; the first are of one overlay.
 */
export async function hidesAdded(
  trees: Trees,
  tree: string,
  { upper, merged }: { upper: string; merged: string },
  below: readonly string[],
): Promise<boolean> {
  const [top, shownAt] = [toLatin1(upper), toLatin1(merged)];
  for await (const { path, was } of met(trees, tree, top)) {
    if (!isFolder(was) || isMerged(lstatSync(asPath(`${top}/${path}`)), look(`${shownAt}/${path}`))) continue;
    if (below.some((layer) => namesIn(`${toLatin1(layer)}/${path}`).length > 0)) return true;
  }
  return false;
}

/** The topmost of what lies at or below `paths` in the layers and is nothing of the tree. All paths are latin1. */
export async function notIn(
  trees: Trees,
  tree: string,
  paths: readonly string[],
  layers: readonly string[],
): Promise<string[]> {
  const found: string[] = [];
  const open = [...paths];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const there = await trees.find(tree, path);
    if (!there) found.push(path);
    if (!isFolder(there)) continue;
    const names = new Set(layers.flatMap((layer) => namesIn(`${toLatin1(layer)}/${path}`)));
    for (const name of names) open.push(`${path}/${name}`);
  }
  return found;
}

/** Whatever lies in the folder `from` and in those that the tree has as well; `was`: what the tree has there. */
async function* met(
  trees: Trees,
  tree: string,
  from: string,
): AsyncGenerator<{ path: string; was: Entry | undefined }> {
  const open = [{ path: "", tree }];
  for (let folder = open.pop(); folder; folder = open.pop()) {
    const known = await trees.read(folder.tree);
    for (const name of readdirSync(asPath(folder.path === "" ? from : `${from}/${folder.path}`), "latin1")) {
      const path = folder.path === "" ? name : `${folder.path}/${name}`;
      if (path === ".git") continue;
      const was = known.find(name);
      if (isFolder(was) && lstatSync(asPath(`${from}/${path}`)).isDirectory()) open.push({ path, tree: was.oid });
      yield { path, was };
    }
  }
}

const { S_IFMT: types, S_IFDIR: folderType } = constants;

const look = (path: string) => lstatSync(asPath(path), { throwIfNoEntry: false }) ?? null;

/** A link leads out of a layer, whoever made it: it is nothing to look into. */
const namesIn = (folder: string) => (look(folder)?.isDirectory() ? readdirSync(asPath(folder), "latin1") : []);
