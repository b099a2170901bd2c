/**
 * Owns the look for links that a merge has led astray: each side's is inside the tree where it stands there, but git moves
 * files after a rename, and at another depth the same link leaves the tree. No side has shown it for entry.
 */
import type { Commit } from "../domain/ids.ts";
import { packTrees } from "./change.ts";
import { byFolder, type Change } from "./edits.ts";
import { refuseLink } from "./entry-rules.ts";
import { readText } from "./file-text.ts";
import { toText } from "./latin1.ts";
import type { Merge, Stage } from "./merge.ts";
import { isFolder, linkMode, sameEntry } from "./objects.ts";
import type { ObjectStore } from "./object-store.ts";
import type { MadeTrees } from "./trees.ts";

/** The same merge; where there are such links, with a conflict at each, and what `trunk` has there in its place. */
export async function withoutStrays(
  store: ObjectStore,
  { trunk, yours }: { trunk: Commit; yours: Commit },
  merged: Merge,
): Promise<Merge> {
  const { trees } = store;
  const [before, work] = [await trees.rootOf(trunk), await trees.rootOf(yours)];
  const instead = new Map<string, Change | null>();
  const stages: Stage[] = [];
  for (const [path, entry] of await trees.difference(before, merged.tree)) {
    if (entry?.mode !== linkMode || sameEntry(await trees.find(work, path), { ...entry, name: "" })) continue;
    const shown = toText(path);
    if (refuseLink(shown, (await readText(store, entry.oid)).toString("utf8")) === null) continue;
    const there = await trees.find(before, path);
    const own = there && !isFolder(there) ? { mode: there.mode, oid: there.oid } : null;
    instead.set(path, own);
    if (own) stages.push({ mode: own.mode, object: own.oid, stage: 2, path: shown });
    stages.push({ mode: linkMode, object: entry.oid, stage: 3, path: shown });
  }
  if (instead.size === 0) return merged;
  const made: MadeTrees = new Map();
  const tree = await trees.edit(merged.tree, byFolder(instead), made);
  await store.write(packTrees(made));
  const strays = [...instead.keys()].map(toText);
  const others = merged.clean ? [] : merged.stages.filter(({ path }) => !strays.includes(path));
  const files = new Set([...(merged.clean ? [] : merged.files), ...strays]);
  return { clean: false, tree, stages: [...others, ...stages], files: [...files].toSorted() };
}
