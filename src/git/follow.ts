/**
 * Owns the staging of what people have pushed to the branch that a run follows. Invariant: it is one merge commit, whose
 * first parent is the trunk and whose second is theirs, on disk before it is answered; it is nobody's task.
 */
import type { Commit, RunId } from "../domain/ids.ts";
import type { FollowAnswer, FollowHow } from "../engine/ports.ts";
import { pathsOf } from "./change.ts";
import { followedMessage } from "./commit-message.ts";
import { writeKept } from "./keep.ts";
import { merge, withoutSides } from "./merge.ts";
import { withoutStrays } from "./stray-links.ts";
import { asCommit, contestedRefs, type TrunkRepository } from "./trunk-repository.ts";

export async function stageFollowed(
  trunk: TrunkRepository,
  run: RunId,
  { onto, theirs, how }: { onto: Commit; theirs: Commit; how: FollowHow },
): Promise<FollowAnswer> {
  const behind = await trunk.git.run(["merge-base", "--is-ancestor", theirs, onto], trunk.at(run, { exits: [0, 1] }));
  if (behind.exitCode === 0) return { kind: "contained" };
  const store = trunk.objects(run);
  const { trees } = store;
  const before = await trees.rootOf(onto);
  let tree = before;
  if (how === "merge") {
    const sides = { trunk: onto, yours: theirs };
    const merged = await withoutStrays(store, sides, await merge(trunk, run, onto, theirs));
    if (!merged.clean) {
      const files = withoutSides(merged.files, [onto, theirs]);
      return { kind: "conflict", files, kept: await theirWork(trunk, run, onto, theirs) };
    }
    tree = merged.tree;
  }
  const { commit, object } = trunk.makeCommit(tree, [onto, theirs], followedMessage(run, theirs, trunk.signer));
  await store.write([object]);
  trees.keepRoot(commit, tree);
  return { kind: "staged", tip: commit, files: pathsOf(await trees.difference(before, tree)) };
}

/** As if it were a worker's, begun where they were merged last. */
async function theirWork(trunk: TrunkRepository, run: RunId, onto: Commit, theirs: Commit): Promise<string> {
  const found = await trunk.git.run(["merge-base", onto, theirs], trunk.at(run, { exits: [0, 1] }));
  const base = found.exitCode === 0 ? asCommit(found.stdout.toString().trim()) : await trunk.emptyRoot();
  // They may move their branch away while somebody resolves it: both are needed until it is merged, or given up.
  const needed = Object.entries({ theirs, base }).map(([name, oid]) => ({ ref: `${contestedRefs(run)}/${name}`, oid }));
  await trunk.pin(run, { add: needed, remove: [] });
  const tree = await trunk.objects(run).trees.rootOf(theirs);
  return writeKept({ base, tree, marked: [], otherSides: [], cone: [] });
}
