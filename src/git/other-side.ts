/**
 * Owns what is remembered of the other side of a conflict, and the one refusal of a resolution that has dropped it.
 * Invariant: who was refused once for a conflict is not refused for it again: dropping may be right.
 */
import { gitLimits } from "../domain/limits.ts";
import type { Commit } from "../domain/ids.ts";
import { idText } from "../domain/ids.ts";
import { cutEnd } from "../domain/text.ts";
import { parseLanded } from "./commit-message.ts";
import { addedHunks, droppedHunks, linesOf, type Hunk } from "./dropped.ts";
import { showLine, showPath } from "./entry-rules.ts";
import { readAt, readText } from "./file-text.ts";
import type { Stage } from "./merge.ts";
import { toLatin1 } from "./latin1.ts";
import { submoduleMode } from "./objects.ts";
import type { ObjectStore } from "./object-store.ts";
import type { GitChange } from "./change.ts";
import { asCommit, type TrunkRepository } from "./trunk-repository.ts";
import type { GitWorkspace } from "./workspace.ts";

/**
 * What the trunk's side has added to a conflicted file; null: it has removed the file; "whole": it is no text, and stands there in place of
 * the worker's version. `by`: the newest landings there, as text.
 */
export type OtherSide = { path: string; by: string[]; hunks: Hunk[] | null | "whole" };

/**
 * Of each conflicted file in which the trunk has added something between `base` and `tip`, or which it has removed. `aside`: files that
 * the conflict has put under another name, with the one that they have on the trunk.
 */
export async function readOtherSides(
  trunk: TrunkRepository,
  workspace: GitWorkspace,
  merged: { tree: string; stages: readonly Stage[] },
  { base, tip, aside }: { base: Commit; tip: Commit; aside: ReadonlyMap<string, string> },
): Promise<OtherSide[]> {
  const store = trunk.objects(workspace.run);
  const apart = new Set([...aside].flat());
  const sides: OtherSide[] = [];
  for (const [path, of] of byPath(merged.stages)) {
    if (sides.length === gitLimits.addedFilesMax) break;
    const text = async (stage: Stage["stage"]) => {
      const version = of.find((one) => one.stage === stage && one.mode !== submoduleMode);
      return version ? (await readText(store, version.object)).toString("utf8") : null;
    };
    const there = of.map(({ stage }) => stage);
    const theirs = await text(2);
    // Work on it is the only version left, and in place: nothing in it says that there is a conflict.
    const isRemoved = !apart.has(path) && !there.includes(2) && there.includes(1) && there.includes(3);
    if (theirs === null && !isRemoved) continue;
    const yours = await text(3);
    // Nothing in it says that there is a conflict either.
    const isWhole = yours !== null && (await isTrunks(store, merged.tree, path, of));
    const added = theirs === null ? null : addedHunks({ base: await text(1), trunk: theirs, yours });
    if (!isWhole && added?.length === 0) continue;
    const hunks = isWhole && theirs !== null ? "whole" : added;
    const name = aside.get(path) ?? path;
    sides.push({ path: name, by: await landedIn(trunk, workspace, name, `${base}..${tip}`), hunks });
  }
  return sides;
}

/** Stands the trunk's version of it in place, as it is? */
async function isTrunks({ trees }: ObjectStore, tree: string, path: string, of: readonly Stage[]): Promise<boolean> {
  const [theirs, yours] = [of.find(({ stage }) => stage === 2), of.find(({ stage }) => stage === 3)];
  const placed = await trees.find(tree, toLatin1(path));
  return theirs !== undefined && placed?.oid === theirs.object && theirs.object !== yours?.object;
}

function byPath(stages: readonly Stage[]): Map<string, Stage[]> {
  const found = new Map<string, Stage[]>();
  for (const stage of stages) found.set(stage.path, [...(found.get(stage.path) ?? []), stage]);
  return found;
}

async function landedIn(trunk: TrunkRepository, { run }: GitWorkspace, path: string, range: string): Promise<string[]> {
  const log = await trunk.git.list(
    ["log", "-z", `--max-count=${gitLimits.addedByMax}`, "--format=%H%n%B", range, "--", `:(top,literal)${path}`],
    trunk.at(run),
  );
  return log.map((entry) => {
    const end = entry.indexOf("\n");
    const commit = asCommit(entry.slice(0, end));
    const landed = parseLanded(run, commit, entry.slice(end + 1));
    return `${landed ? `task ${idText("task", landed.task)} in ` : ""}commit ${commit.slice(0, 12)}`;
  });
}

/** One reason for each file whose other side the work has dropped; none when the worker was told of this conflict. */
export async function droppedReasons(
  trunk: TrunkRepository,
  workspace: GitWorkspace,
  { change, tree }: { change: GitChange; tree: string },
): Promise<string[]> {
  const { otherSides, base, run } = workspace;
  if (otherSides.length === 0) return [];
  const store = trunk.objects(run);
  const before = await store.trees.rootOf(base);
  const moved = await linesOfChange(trunk, workspace, change.edits);
  const reasons: string[] = [];
  for (const { path, by, hunks } of otherSides) {
    const at = async (root: string) => (await readAt(store, root, path))?.toString("utf8");
    const result = await at(tree);
    if (hunks === "whole") {
      const [now, theirs] = [
        await store.trees.find(tree, toLatin1(path)),
        await store.trees.find(before, toLatin1(path)),
      ];
      if (now?.oid === theirs?.oid) reasons.push(reason(path, by, notMerged));
      continue;
    }
    if (hunks === null) {
      if (result !== undefined) reasons.push(reason(path, by, broughtBack));
      continue;
    }
    const lines = new Set([...moved, ...linesOf(result ?? "")]);
    const dropped = droppedHunks(hunks, { result: result ?? "", trunk: (await at(before)) ?? "", lines });
    if (dropped.length > 0) reasons.push(reason(path, by, drops(dropped, result === undefined)));
  }
  if (reasons.length > 0) workspace.otherSides = [];
  return reasons;
}

/** All lines of the files that the work changes: what was dropped in one may stand in another. */
async function linesOfChange(
  trunk: TrunkRepository,
  { run }: GitWorkspace,
  edits: GitChange["edits"],
): Promise<Set<string>> {
  const lines = new Set<string>();
  let room: number = gitLimits.movedBytesMax;
  const files = [...edits.values()].filter((entry) => entry !== null && entry.mode !== submoduleMode);
  for (const entry of files.slice(0, gitLimits.movedFilesMax)) {
    const text = entry && (await trunk.objects(run).reader.readUpTo(entry.oid, room));
    if (!text) continue;
    room -= text.length;
    for (const line of linesOf(text.toString("utf8"))) lines.add(line);
  }
  return lines;
}

/** What a resolution does to the other side, and the mend. */
type Dropping = { does: string; shown: string; mend: string };

const broughtBack: Dropping = {
  does: "your resolution brings back what others have removed",
  shown: "",
  mend: "Remove it, and make your own change where its content is now, if it is anywhere. If keeping it is right",
};

const notMerged: Dropping = {
  does: "it cannot be merged as text, so the trunk's version is in place, and your own change of it is lost",
  shown: "",
  mend: "Make one of both, or put yours in its place. If the trunk's is right",
};

function drops(dropped: readonly Hunk[], gone: boolean): Dropping {
  const all = dropped.flat().map(({ line }) => line);
  const shown = all
    .slice(0, gitLimits.droppedLinesMax)
    .map((line) => `\`${showLine(cutEnd(line, gitLimits.droppedLineBytesMax))}\``);
  const more = all.length - shown.length;
  return {
    does: `${gone ? "removing it" : "your resolution"} drops what others have landed there`,
    shown: `: ${shown.join(", ")}${more > 0 ? ` and ${more} more lines` : ""}`,
    mend: "Put it back beside your own change. If dropping it is right",
  };
}

function reason(path: string, by: readonly string[], { does, shown, mend }: Dropping): string {
  const whose = by.length > 0 ? ` (${by.join(", ")})` : "";
  return `${showPath(path)}: ${does}${whose}${shown}. ${mend}, say why in the handoff and submit again: you are not asked twice.`;
}
