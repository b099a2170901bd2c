/**
 * Owns the landing of one change. Invariants: the branch moves only by compare-and-swap from the tip that was merged
 * onto, and it is on disk before `landed` is answered; one landing is one commit.
 */
import type { Commit, RunId } from "../domain/ids.ts";
import type { LandAnswer, Submission } from "../engine/ports.ts";
import { landedMessage } from "./commit-message.ts";
import { leftMarkers } from "./conflict.ts";
import { takeIn } from "./intake.ts";
import { merge } from "./merge.ts";
import type { TrunkRepository } from "./trunk-repository.ts";
import type { GitWorkspace } from "./workspace.ts";

export async function land(
  trunk: TrunkRepository,
  run: RunId,
  workspace: GitWorkspace,
  submission: Submission,
): Promise<LandAnswer> {
  const intake = await takeIn(trunk, workspace);
  if (!intake.ok) return { kind: "refused", reasons: intake.reasons };
  const marked = await leftMarkers(trunk, workspace, intake.tree);
  if (marked.length > 0) return { kind: "refused", reasons: marked };

  const { base } = workspace;
  const { onto } = submission;
  if ((await trunk.tip(run)) !== onto) return { kind: "moved" };
  const [ontoTree, baseTree] = await treesOf(trunk, run, onto, base);
  if (intake.tree === baseTree) return { kind: "unchanged" };
  let tree = intake.tree;
  if (onto !== base) {
    const merged = await merge(trunk, run, onto, await trunk.commit(run, intake.tree, base, "work\n"));
    if (!merged.clean) return { kind: "conflict", files: merged.files };
    tree = merged.tree;
  }
  if (tree === ontoTree) return { kind: "contained" };
  const landed = await trunk.commit(run, tree, onto, landedMessage(run, submission));
  const files = await changedFiles(trunk, run, onto, landed);
  return (await trunk.moveBranch(run, onto, landed)) ? { kind: "landed", commit: landed, files } : { kind: "moved" };
}

async function treesOf(trunk: TrunkRepository, run: RunId, ...commits: Commit[]): Promise<string[]> {
  const answer = await trunk.git.text(["rev-parse", ...commits.map((one) => `${one}^{tree}`)], trunk.at(run));
  return answer.split("\n");
}

async function changedFiles(trunk: TrunkRepository, run: RunId, from: Commit, to: Commit): Promise<string[]> {
  return trunk.git.list(["diff-tree", "-r", "-z", "--name-only", "--no-renames", from, to], trunk.at(run));
}
