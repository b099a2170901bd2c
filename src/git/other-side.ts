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
import { submoduleMode } from "./objects.ts";
import type { GitChange } from "./change.ts";
import { asCommit, type TrunkRepository } from "./trunk-repository.ts";
import type { GitWorkspace } from "./workspace.ts";

/** What the trunk's side has added to a conflicted file. `by`: the newest landings there, as text. */
export type OtherSide = { path: string; by: string[]; hunks: Hunk[] };

/** Of each conflicted file in which the trunk has added something between `base` and `tip`. */
export async function readOtherSides(
  trunk: TrunkRepository,
  workspace: GitWorkspace,
  stages: readonly Stage[],
  { base, tip }: { base: Commit; tip: Commit },
): Promise<OtherSide[]> {
  const store = trunk.objects(workspace.run);
  const sides: OtherSide[] = [];
  for (const [path, of] of byPath(stages)) {
    if (sides.length === gitLimits.addedFilesMax) break;
    const text = async (stage: Stage["stage"]) => {
      const version = of.find((one) => one.stage === stage && one.mode !== submoduleMode);
      return version ? (await readText(store, version.object)).toString("utf8") : null;
    };
    const theirs = await text(2);
    if (theirs === null) continue;
    const hunks = addedHunks({ base: await text(1), trunk: theirs, yours: await text(3) });
    if (hunks.length > 0) sides.push({ path, by: await landedIn(trunk, workspace, path, `${base}..${tip}`), hunks });
  }
  return sides;
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
    const lines = new Set([...moved, ...linesOf(result ?? "")]);
    const dropped = droppedHunks(hunks, { result: result ?? "", trunk: (await at(before)) ?? "", lines });
    if (dropped.length > 0) reasons.push(reason(path, by, dropped, result === undefined));
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

function reason(path: string, by: readonly string[], dropped: readonly Hunk[], gone: boolean): string {
  const all = dropped.flat().map(({ line }) => line);
  const shown = all
    .slice(0, gitLimits.droppedLinesMax)
    .map((line) => `\`${showLine(cutEnd(line, gitLimits.droppedLineBytesMax))}\``);
  const more = all.length - shown.length;
  return [
    `${showPath(path)}: ${gone ? "removing it" : "your resolution"} drops what others have landed there`,
    by.length > 0 ? ` (${by.join(", ")})` : "",
    `: ${shown.join(", ")}${more > 0 ? ` and ${more} more lines` : ""}. `,
    "Put it back beside your own change. If dropping it is right, say why in the handoff and submit again: you are not asked twice.",
  ].join("");
}
