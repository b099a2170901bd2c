/**
 * Owns the giving back of a conflict: the workspace on the trunk's tip with conflict markers in place, each version as
 * a file of its own, and the check of what comes back: no marker is left, and the other side is not dropped unsaid.
 */
import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { invariant } from "../domain/assert.ts";
import type { ConflictFile } from "../domain/brief.ts";
import type { Commit } from "../domain/ids.ts";
import { gitLimits } from "../domain/limits.ts";
import { wholeOf, type GitChange } from "./change.ts";
import { showPath } from "./entry-rules.ts";
import { readAt, readText } from "./file-text.ts";
import { toLatin1 } from "./latin1.ts";
import { mergeNamed, withoutSides, type Merge, type Stage } from "./merge.ts";
import { submoduleMode } from "./objects.ts";
import type { ObjectStore } from "./object-store.ts";
import { droppedReasons, readOtherSides } from "./other-side.ts";
import { asCommit, type TrunkRepository } from "./trunk-repository.ts";
import { withoutStrays } from "./stray-links.ts";
import { inPlace, widen } from "./widening.ts";
import { givePrivateGit, through, type GitWorkspace, type Marked } from "./workspace.ts";

const versions = { 1: "base", 2: "trunk", 3: "yours" } as const;

/** Places the work that was last taken in; what the worker did since then is overwritten, ignored files stay. */
export async function placeConflict(
  trunk: TrunkRepository,
  workspace: GitWorkspace,
  tip: Commit,
): Promise<{ base: Commit; files: ConflictFile[] }> {
  const { run, taken } = workspace;
  invariant(taken, "a conflict is placed only after work was taken in");
  const store = trunk.objects(run);
  const { tree, objects } = await wholeOf(store.trees, taken);
  const work = trunk.makeCommit(tree, [workspace.base], "work\n");
  await store.write([...objects, work.object]);
  const sides = { trunk: asCommit(tip), yours: work.commit };
  const named = await mergeNamed(trunk, run, workspace.folder, sides.trunk, sides.yours);
  const merged = await withoutStrays(store, sides, named);
  const files = merged.clean ? [] : await writeVersions(trunk, workspace, merged);
  const aside = merged.clean ? new Map<string, string>() : await findSetAside(store, sides, merged);
  const marked = merged.clean ? [] : await findMarkers(trunk, workspace, merged, aside);
  const since = { base: workspace.base, tip, aside };
  const otherSides = merged.clean ? [] : await readOtherSides(trunk, workspace, merged, since);
  await widen(trunk, workspace, await touched(trunk, workspace, tip, merged));
  const call = await through(trunk, workspace, { timeoutMs: gitLimits.intakeMs });
  const readTree = (...how: string[]) => trunk.git.run(["read-tree", ...how], call);
  // The index learns of the work first: files of it that the merge has moved are removed then.
  await readTree("--reset", tree);
  await readTree("--reset", "-u", merged.tree);
  workspace.checkedOut = merged.tree;
  workspace.taken = null;
  workspace.base = tip;
  workspace.marked = marked;
  workspace.otherSides = otherSides;
  await givePrivateGit(trunk, workspace);
  return { base: tip, files };
}

/** What the work is on the new tip, and what is in conflict: it has to be in place. */
async function touched(trunk: TrunkRepository, { run }: GitWorkspace, tip: Commit, merged: Merge): Promise<string[]> {
  const { trees } = trunk.objects(run);
  const work = await trees.difference(await trees.rootOf(tip), merged.tree);
  return [...inPlace(work), ...(merged.clean ? [] : merged.files.map(toLatin1))];
}

type Conflicted = Extract<Merge, { clean: false }>;

async function writeVersions(
  trunk: TrunkRepository,
  workspace: GitWorkspace,
  merged: Conflicted,
): Promise<ConflictFile[]> {
  const folder = join(workspace.folder, "conflict", String(++workspace.conflicts));
  const files = new Map<string, ConflictFile>(
    merged.files.map((path) => [path, { path, base: null, trunk: null, yours: null }]),
  );
  for (const stage of merged.stages) {
    const version = versions[stage.stage];
    const file = files.get(stage.path);
    // A submodule has no content of its own.
    if (file && stage.mode !== "160000")
      file[version] = await writeVersion(trunk, workspace, stage, join(folder, version, stage.path));
  }
  return [...files.values()];
}

async function writeVersion(
  trunk: TrunkRepository,
  workspace: GitWorkspace,
  stage: Stage,
  path: string,
): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, "w", 0o644);
  try {
    await trunk.git.run(["cat-file", "blob", stage.object], trunk.at(workspace.run, { stdoutTo: file.fd }));
  } finally {
    await file.close();
  }
  return path;
}

/** Files that git has put under another name, for the other side has something else where they were; with the name that they had. */
async function findSetAside(
  { trees }: ObjectStore,
  sides: { trunk: Commit; yours: Commit },
  { files }: Conflicted,
): Promise<Map<string, string>> {
  const roots = [await trees.rootOf(sides.trunk), await trees.rootOf(sides.yours)];
  const found = new Map<string, string>();
  for (const path of files) {
    const [name = path] = withoutSides([path], ["trunk", "yours"]);
    if (name === path) continue;
    // Somebody may have called a file so.
    const own = await Promise.all(roots.map((root) => trees.find(root, toLatin1(path))));
    if (own.every((entry) => entry === undefined)) found.set(path, name);
  }
  return found;
}

/** For each conflicted file the marker lines that neither side has: only the conflict put them there. */
async function findMarkers(
  trunk: TrunkRepository,
  workspace: GitWorkspace,
  merged: Conflicted,
  aside: ReadonlyMap<string, string>,
): Promise<Marked[]> {
  const store = trunk.objects(workspace.run);
  const found: Marked[] = [...aside.keys()].map((path) => ({ path, markers: [] }));
  for (const path of merged.files) {
    if (aside.has(path)) continue;
    const placed = markerLines(await readAt(store, merged.tree, path));
    if (placed.size === 0) continue;
    for (const { object } of merged.stages.filter((stage) => stage.path === path && stage.mode !== submoduleMode)) {
      for (const own of markerLines(await readText(store, object))) placed.delete(own);
    }
    if (placed.size > 0) found.push({ path, markers: [...placed] });
  }
  return found;
}

/** Why the work that was taken in does not resolve the last conflict; none: it does, or there was none. */
export async function unresolved(
  trunk: TrunkRepository,
  workspace: GitWorkspace,
  change: GitChange,
): Promise<string[]> {
  if (workspace.marked.length + workspace.otherSides.length === 0) return [];
  const store = trunk.objects(workspace.run);
  const { tree, objects } = await wholeOf(store.trees, change);
  await store.write(objects);
  const left = await leftMarkers(trunk, workspace, tree);
  return left.length > 0 ? left : droppedReasons(trunk, workspace, { change, tree });
}

/** One reason for each file of the last conflict that still has markers. */
async function leftMarkers(trunk: TrunkRepository, workspace: GitWorkspace, tree: string): Promise<string[]> {
  const store = trunk.objects(workspace.run);
  const reasons: string[] = [];
  for (const { path, markers } of workspace.marked) {
    if (markers.length === 0) {
      if (await store.trees.find(tree, toLatin1(path))) reasons.push(`${showPath(path)}: ${wasSetAside}`);
      continue;
    }
    const lines = markerLines(await readAt(store, tree, path));
    const left = markers.filter((marker) => lines.has(marker));
    if (left.length > 0)
      reasons.push(
        `${showPath(path)}: conflict markers are left (${left.map((line) => `\`${line}\``).join(", ")}): resolve the conflict and remove them`,
      );
  }
  return reasons;
}

const wasSetAside =
  "git has set it aside under this name, for the other side has something else where it was: give it the name that it is to have, put its content where that belongs now, or remove it";

function markerLines(text: Buffer | null): Set<string> {
  return new Set(text?.toString("latin1").match(/^(?:<{7,} .*|\|{7,} .*|={7,}|>{7,} .*)(?=\r?$)/gm) ?? []);
}
