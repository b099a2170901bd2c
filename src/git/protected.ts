/**
 * Owns a checkout with protected files as an older commit has them. Invariant: they are byte for byte what a checkout of
 * that commit would hold, so all of them are written anew, under that commit's attributes; git leaves them alone when it
 * puts the trunk's attributes back.
 */
import { rm } from "node:fs/promises";
import { invariant } from "../domain/assert.ts";
import { gitLimits } from "../domain/limits.ts";
import { nothingPutBack, type ProtectedChange, type PutBack } from "../domain/protected.ts";
import type { Protect } from "../engine/ports.ts";
import { packTrees } from "./change.ts";
import { byFolder, type Change } from "./edits.ts";
import type { Git } from "./git-process.ts";
import { toLatin1, toText } from "./latin1.ts";
import { sameEntry } from "./objects.ts";
import type { MadeTrees, Trees } from "./trees.ts";
import type { TrunkRepository } from "./trunk-repository.ts";
import { givePrivateGit, through, type GitWorkspace } from "./workspace.ts";

/** In a clean checkout, whose base stays the commit that it was made for; its index holds what is there. */
export async function putProtectedBack(
  trunk: TrunkRepository,
  workspace: GitWorkspace,
  { at, paths }: Protect,
): Promise<PutBack> {
  const objects = trunk.objects(workspace.run);
  const { trees } = objects;
  const [before, tip] = [await trees.rootOf(at), await trees.rootOf(workspace.base)];
  const names = paths.map(toLatin1);
  const kept = await entriesAt(trees, before, names);
  invariant(kept.size === names.length, "each protected path is there at the commit it is taken from");
  const attributes = attributesAbove(names);
  if (await sameIn(trees, before, tip, [...names, ...attributes])) return nothingPutBack;

  const made: MadeTrees = new Map();
  const removed = new Map<string, Change | null>([...names, ...attributes].map((path) => [path, null]));
  const without = await trees.edit(tip, byFolder(removed), made);
  const first = new Map([...(await entriesAt(trees, before, attributes)), ...kept]);
  const under = await trees.edit(without, byFolder(first), made);
  const whole = await trees.edit(tip, byFolder(kept), made);
  await objects.write(packTrees(made));
  // `--reset`, and not `-m`: a prepared file that lies at a protected path is overwritten.
  for (const [from, to] of [
    [tip, without],
    [without, under],
    [under, whole],
  ] as const)
    await trunk.git.run(["read-tree", "--reset", "-u", from, to], await through(trunk, workspace));
  workspace.checkedOut = whole;
  await givePrivateGit(trunk, workspace);
  // Without it nobody uses this folder again: git would take files for unchanged that were written under other attributes.
  await rm(workspace.indexFile);
  return putBack(trees, tip, whole);
}

/** What is at these paths; one that is not there is left out. */
async function entriesAt(trees: Trees, root: string, paths: readonly string[]): Promise<Map<string, Change>> {
  const entries = new Map<string, Change>();
  for (const path of paths) {
    const entry = await trees.find(root, path);
    if (entry) entries.set(path, { mode: entry.mode, oid: entry.oid });
  }
  return entries;
}

async function sameIn(trees: Trees, one: string, other: string, paths: readonly string[]): Promise<boolean> {
  for (const path of paths) if (!sameEntry(await trees.find(one, path), await trees.find(other, path))) return false;
  return true;
}

/** Files that say how what is at these paths is written. */
function attributesAbove(paths: readonly string[]): string[] {
  const folders = paths.flatMap((path) => {
    const names = path.split("/").slice(0, -1);
    return ["", ...names.map((_, depth) => `${names.slice(0, depth + 1).join("/")}/`)];
  });
  return [...new Set(folders)].map((folder) => `${folder}.gitattributes`);
}

async function putBack(trees: Trees, tip: string, whole: string): Promise<PutBack> {
  const edits = [...(await trees.difference(tip, whole))].toSorted(([one], [other]) => (one < other ? -1 : 1));
  const files: ProtectedChange[] = [];
  for (const [path, entry] of edits.slice(0, gitLimits.putBackNamedMax)) {
    const there = await trees.find(tip, path);
    files.push({ path: toText(path), change: entry === null ? "added" : there ? "changed" : "deleted" });
  }
  return { files, omitted: edits.length - files.length };
}

/** Those of `paths` that are not in the tree of `revision`, as the repository at `gitDir` knows it. */
export async function absentAt(
  git: Git,
  gitDir: string,
  revision: string,
  paths: readonly string[],
): Promise<string[]> {
  if (paths.length === 0) return [];
  const asked = paths.map((path) => `${revision}:${path}\n`).join("");
  const answers = await git.text(["cat-file", "--batch-check=%(objecttype)"], { gitDir, input: asked });
  const lines = answers.split("\n");
  return paths.filter((_, index) => !/^(?:blob|tree)$/.test(lines[index] ?? ""));
}
