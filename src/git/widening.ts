/** Owns which part a sparse workspace holds while it is worked in: the worker's own git may have brought more. */
import { readFile, realpath } from "node:fs/promises";
import { isSameCone, widened, type Cone } from "../domain/cone.ts";
import { gitLimits } from "../domain/limits.ts";
import { Elsewhere } from "./elsewhere.ts";
import type { Edits } from "./edits.ts";
import { toLatin1 } from "./latin1.ts";
import { SparseIndex } from "./sparse-index.ts";
import type { TrunkRepository } from "./trunk-repository.ts";
import { broughtFolders } from "./workers-index.ts";
import { through, type GitWorkspace } from "./workspace.ts";

/** What the engine has checked out, and the folders that the worker has brought. Latin1. */
export async function heldCone(trunk: TrunkRepository, workspace: GitWorkspace): Promise<Cone> {
  const { base, checkout, indexFile, path } = workspace;
  if (!checkout.sparse) return null;
  const index = new SparseIndex(await readFile(indexFile), base);
  const { ours, theirs } = await Elsewhere.look(trunk, workspace, toLatin1(await realpath(path)), index);
  return theirs ? widened(checkout.sparse.cone, broughtFolders(ours, theirs)) : checkout.sparse.cone;
}

/** Has the next `read-tree -u` check out these paths too, and keep what the worker has brought. Latin1. */
export async function widen(trunk: TrunkRepository, workspace: GitWorkspace, paths: Iterable<string>): Promise<void> {
  const { sparse } = workspace.checkout;
  const cone = widened(await heldCone(trunk, workspace), paths);
  if (!sparse || isSameCone(sparse.cone, cone)) return;
  // git takes other patterns only for an index that tells of each file.
  const call = await through(trunk, workspace, { timeoutMs: gitLimits.intakeMs });
  await trunk.git.run(["-c", "index.sparse=false", "update-index", "--force-write-index"], call);
  await sparse.reshape(cone);
}

/** Paths of a change at which something is. */
export const inPlace = (edits: Edits): string[] =>
  [...edits].flatMap(([path, entry]) => (entry === null ? [] : [path]));
