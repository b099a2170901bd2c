/** Owns what is kept of an overlay's upper folder when others are to stand on it: what was added beside the commit's own files. */
import { lstatSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { asPath, toLatin1, toText } from "./latin1.ts";
import { isFolder } from "./objects.ts";
import type { Trees } from "./trees.ts";

/** Moves it from `upper` to `into`, and answers the topmost paths. Changes to the files of `tree` stay behind. */
export async function moveAdded(trees: Trees, tree: string, upper: string, into: string): Promise<string[]> {
  const added: string[] = [];
  const [from, to] = [toLatin1(upper), toLatin1(into)];
  mkdirSync(into);
  const open = [{ path: "", tree }];
  for (let folder = open.pop(); folder; folder = open.pop()) {
    const known = await trees.read(folder.tree);
    for (const name of readdirSync(asPath(folder.path === "" ? from : `${from}/${folder.path}`), "latin1")) {
      const path = folder.path === "" ? name : `${folder.path}/${name}`;
      const [was, stats] = [known.find(name), lstatSync(asPath(`${from}/${path}`))];
      if (isFolder(was) && stats.isDirectory()) open.push({ path, tree: was.oid });
      if (was || path === ".git" || stats.isCharacterDevice()) continue;
      mkdirSync(asPath(dirname(`${to}/${path}`)), { recursive: true });
      renameSync(asPath(`${from}/${path}`), asPath(`${to}/${path}`));
      added.push(toText(path));
    }
  }
  return added;
}
