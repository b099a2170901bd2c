/**
 * Owns the keeping of a workspace: its files as a tree in the trunk's object store, to which a ref leads, and the
 * little that the next holder has to know besides.
 */
import { z } from "zod";
import type { Commit } from "../domain/ids.ts";
import { gitLimits } from "../domain/limits.ts";
import { wholeOf } from "./change.ts";
import { takeIn } from "./intake.ts";
import type { OtherSide } from "./other-side.ts";
import { asCommit, keptRefs, type TrunkRepository } from "./trunk-repository.ts";
import { heldCone, inPlace, widen } from "./widening.ts";
import { givePrivateGit, through, type GitWorkspace, type Marked } from "./workspace.ts";

const lineSchema = z.object({ line: z.string(), words: z.array(z.string()) });

const keptSchema = z.object({
  base: z.string(),
  tree: z.string(),
  marked: z.array(z.object({ path: z.string(), markers: z.array(z.string()) })),
  /** What was kept by an older engine has none. */
  otherSides: z
    .array(
      z.object({
        path: z.string(),
        by: z.array(z.string()),
        hunks: z.array(z.array(lineSchema)).or(z.literal("whole")).nullable(),
      }),
    )
    .default([]),
  /** Of a sparse workspace, latin1. */
  cone: z.array(z.string()).default([]),
});

export async function keep(
  trunk: TrunkRepository,
  workspace: GitWorkspace,
): Promise<{ ok: true; kept: string } | { ok: false; reasons: string[] }> {
  const intake = await takeIn(trunk, workspace);
  if (!intake.ok) return intake;
  const { base, marked, otherSides, kept } = workspace;
  const store = trunk.objects(workspace.run);
  const { tree, objects } = await wholeOf(store.trees, intake.change);
  const fresh = objects.filter(({ oid }) => !kept.has(oid));
  await store.write(fresh);
  for (const { oid } of fresh) kept.add(oid);
  await pin(trunk, workspace, tree);
  const cone = [...((await heldCone(trunk, workspace)) ?? [])];
  return { ok: true, kept: writeKept({ base, tree, marked, otherSides, cone }) };
}

/**
 * A ref leads to what was kept, so that no maintenance takes it for garbage: to this and to what was kept before, for
 * whoever asked may die before it has written down that there is something newer.
 */
async function pin(trunk: TrunkRepository, { run, name, pinned }: GitWorkspace, tree: string): Promise<void> {
  if (pinned.at(-1) === tree) return;
  const ref = (oid: string) => `${keptRefs(run)}/${name}/${oid}`;
  const known = pinned.indexOf(tree);
  if (known !== -1) pinned.splice(known, 1);
  pinned.push(tree);
  const old = pinned.splice(0, pinned.length - 2);
  await trunk.pin(run, { add: [{ ref: ref(tree), oid: tree }], remove: old.map(ref) });
}

export type Kept = { base: Commit; tree: string; marked: Marked[]; otherSides: OtherSide[]; cone: string[] };

export const writeKept = (kept: Kept): string => JSON.stringify(kept);

/** `kept`: what `keep` answered. */
export function readKept(kept: string): Kept {
  const { base, tree, ...more } = keptSchema.parse(JSON.parse(kept));
  return { base: asCommit(base), tree: asCommit(tree), ...more };
}

/** Makes a clean checkout of its base what was kept. */
export async function putBack(
  trunk: TrunkRepository,
  workspace: GitWorkspace,
  { tree, marked, otherSides, cone }: Kept,
): Promise<void> {
  const { trees } = trunk.objects(workspace.run);
  if (workspace.checkout.sparse) {
    const work = await trees.difference(await trees.rootOf(workspace.base), tree);
    await widen(trunk, workspace, [...cone, ...inPlace(work)]);
  }
  // `--reset`, and not `-m`: a prepared file that lies at a path of the work is overwritten.
  await trunk.git.run(
    ["read-tree", "--reset", "-u", workspace.base, tree],
    await through(trunk, workspace, { timeoutMs: gitLimits.intakeMs }),
  );
  workspace.marked = marked;
  workspace.otherSides = otherSides;
  workspace.checkedOut = tree;
  workspace.pinned.push(tree);
  await givePrivateGit(trunk, workspace);
}
