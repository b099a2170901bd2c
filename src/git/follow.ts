/**
 * Owns the staging of what people have pushed to the branch that a run follows. Invariant: it is one merge commit, whose
 * first parent is the trunk and whose second is theirs, on disk before it is answered; it is nobody's task.
 */
import type { Commit, RunId } from "../domain/ids.ts";
import type { FollowAnswer } from "../engine/ports.ts";
import { pathsOf } from "./change.ts";
import { followedMessage } from "./commit-message.ts";
import { merge, withoutSides } from "./merge.ts";
import type { TrunkRepository } from "./trunk-repository.ts";

export async function stageFollowed(
  trunk: TrunkRepository,
  run: RunId,
  onto: Commit,
  theirs: Commit,
): Promise<FollowAnswer> {
  const behind = await trunk.git.run(["merge-base", "--is-ancestor", theirs, onto], trunk.at(run, { exits: [0, 1] }));
  if (behind.exitCode === 0) return { kind: "contained" };
  // A run that began before the repository had any commit shares none with it.
  const merged = await merge(trunk, run, onto, theirs, { unrelated: true });
  if (!merged.clean) return { kind: "conflict", files: withoutSides(merged.files, [onto, theirs]) };
  const { trees } = trunk.objects(run);
  const { commit, object } = trunk.makeCommit(merged.tree, [onto, theirs], followedMessage(run, theirs, trunk.signer));
  await trunk.objects(run).write([object]);
  trees.keepRoot(commit, merged.tree);
  return { kind: "staged", tip: commit, files: pathsOf(await trees.difference(await trees.rootOf(onto), merged.tree)) };
}
