/**
 * Owns the keeping of a workspace: its files as a tree in the trunk's object store, which nothing ever collects, and the
 * little that the next holder has to know besides.
 */
import { z } from "zod";
import type { Commit } from "../domain/ids.ts";
import { gitLimits } from "../domain/limits.ts";
import { objectsOf } from "./change.ts";
import { takeIn } from "./intake.ts";
import { asCommit, type TrunkRepository } from "./trunk-repository.ts";
import { givePrivateGit, through, type GitWorkspace, type Marked } from "./workspace.ts";

const keptSchema = z.object({
  base: z.string(),
  tree: z.string(),
  marked: z.array(z.object({ path: z.string(), markers: z.array(z.string()) })),
});

export async function keep(
  trunk: TrunkRepository,
  workspace: GitWorkspace,
): Promise<{ ok: true; kept: string } | { ok: false; reasons: string[] }> {
  const intake = await takeIn(trunk, workspace);
  if (!intake.ok) return intake;
  const { base, marked, kept } = workspace;
  const fresh = objectsOf(intake.work).filter(({ oid }) => !kept.has(oid));
  await trunk.objects(workspace.run).write(fresh);
  for (const { oid } of fresh) kept.add(oid);
  return { ok: true, kept: JSON.stringify({ base, tree: intake.work.tree, marked }) };
}

export type Kept = { base: Commit; tree: string; marked: Marked[] };

/** `kept`: what `keep` answered. */
export function readKept(kept: string): Kept {
  const { base, tree, marked } = keptSchema.parse(JSON.parse(kept));
  return { base: asCommit(base), tree: asCommit(tree), marked };
}

/** Makes a clean checkout of its base what was kept. */
export async function putBack(trunk: TrunkRepository, workspace: GitWorkspace, { tree, marked }: Kept): Promise<void> {
  await trunk.git.run(
    ["read-tree", "-m", "-u", workspace.base, tree],
    await through(trunk, workspace, { timeoutMs: gitLimits.intakeMs }),
  );
  workspace.marked = marked;
  workspace.checkedOut = tree;
  await givePrivateGit(trunk, workspace);
}
