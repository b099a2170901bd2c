/**
 * Owns the keeping of a workspace: its files as a tree in the trunk's object store, which nothing ever collects, and the
 * little that the next holder has to know besides.
 */
import { z } from "zod";
import { gitLimits } from "../domain/limits.ts";
import { objectsOf } from "./change.ts";
import { takeIn } from "./intake.ts";
import { asCommit, type TrunkRepository } from "./trunk-repository.ts";
import { checkOut, givePrivateGit, through, type GitWorkspace } from "./workspace.ts";

const lineSchema = z.object({ line: z.string(), words: z.array(z.string()) });

const keptSchema = z.object({
  base: z.string(),
  tree: z.string(),
  marked: z.array(z.object({ path: z.string(), markers: z.array(z.string()) })),
  /** What was kept by an older engine has none. */
  otherSides: z
    .array(z.object({ path: z.string(), by: z.array(z.string()), hunks: z.array(z.array(lineSchema)) }))
    .default([]),
});

export async function keep(
  trunk: TrunkRepository,
  workspace: GitWorkspace,
): Promise<{ ok: true; kept: string } | { ok: false; reasons: string[] }> {
  const intake = await takeIn(trunk, workspace);
  if (!intake.ok) return intake;
  const { base, marked, otherSides, kept } = workspace;
  const fresh = objectsOf(intake.work).filter(({ oid }) => !kept.has(oid));
  await trunk.objects(workspace.run).write(fresh);
  for (const { oid } of fresh) kept.add(oid);
  return { ok: true, kept: JSON.stringify({ base, tree: intake.work.tree, marked, otherSides }) };
}

/** A checkout of what was kept; `workspace` becomes what it was. */
export async function checkOutKept(trunk: TrunkRepository, workspace: GitWorkspace, kept: string): Promise<void> {
  const { base, tree, marked, otherSides } = keptSchema.parse(JSON.parse(kept));
  workspace.base = asCommit(base);
  workspace.marked = marked;
  workspace.otherSides = otherSides;
  await checkOut(trunk, workspace);
  await trunk.git.run(
    ["read-tree", "-m", "-u", workspace.base, asCommit(tree)],
    through(trunk, workspace, { timeoutMs: gitLimits.intakeMs }),
  );
  workspace.checkedOut = tree;
  await givePrivateGit(trunk, workspace);
}
