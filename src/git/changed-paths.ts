/**
 * Which paths of a workspace may differ from what was checked out there: what the taking in of work begins with. Each
 * kind of workspace has its own way to tell.
 */
import { lstatSync, readdirSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { gitLimits } from "../domain/limits.ts";
import { Elsewhere } from "./elsewhere.ts";
import { showPath } from "./entry-rules.ts";
import { IndexFile } from "./index-file.ts";
import { asPath, toText } from "./latin1.ts";
import { listedByGit } from "./listed-by-git.ts";
import { SparseIndex } from "./sparse-index.ts";
import type { TrunkRepository } from "./trunk-repository.ts";
import { submoduleReason, type Suspects } from "./untracked.ts";
import { walk } from "./walk.ts";
import { through, type GitWorkspace } from "./workspace.ts";

/**
 * Answers every path that differs; may answer more. Opens nothing that the worker could have put there but rules of what
 * is ignored, and follows no link. `root`: the workspace's folder, absolute, links resolved, latin1.
 */
export type ChangedPaths = (trunk: TrunkRepository, workspace: GitWorkspace, root: string) => Promise<Suspects>;

/** For a folder of plain files: looks at each of them, a few microseconds long. In a sparse one some may be elsewhere. */
export const everyPath: ChangedPaths = async (trunk, workspace, root) => {
  const { base, indexFile, checkout } = workspace;
  const content = await readFile(indexFile);
  const { mtimeMs: writtenAt } = await stat(indexFile);
  const call = await through(trunk, workspace, { timeoutMs: gitLimits.intakeMs });
  const list = () => listedByGit(trunk.git, call, workspace.path);
  if (!checkout.sparse) {
    const index = new IndexFile(content, base);
    const suspects = (await walk(root, { index, writtenAt })) ?? (await list());
    return { ...suspects, reasons: [...suspects.reasons, ...changedSubmodules(root, index, () => false)] };
  }
  const index = new SparseIndex(content, base);
  const elsewhere = await Elsewhere.look(trunk, workspace, root, index);
  const walked = await walk(root, { index, writtenAt, elsewhere });
  const suspects = walked ?? (await withElsewhere(root, elsewhere, await list()));
  const reasons = [
    ...suspects.reasons,
    ...changedSubmodules(root, index, (path) => elsewhere.has(path)),
    ...(await elsewhere.reasons((path) => isThere(`${root}/${path}`))),
  ];
  return { ...suspects, reasons };
};

/** git has told what differs from what the engine checked out: the rest of what the worker's own git did. */
async function withElsewhere(root: string, elsewhere: Elsewhere, listed: Suspects): Promise<Suspects> {
  const { ours } = elsewhere;
  const present = new Set(listed.present.filter((path) => !elsewhere.has(path) || isThere(`${root}/${path}`)));
  for (const path of ours.paths()) if (ours.isSkipped(path) && !elsewhere.has(path)) present.add(path);
  for (const path of await elsewhere.below(listed.present)) present.add(path);
  return { ...listed, present: [...present] };
}

function isThere(place: string): boolean {
  try {
    return lstatSync(asPath(place), { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    // What cannot be looked at is said when it is read.
    return (error as NodeJS.ErrnoException).code !== "ELOOP";
  }
}

/** Files in a submodule's folder are invisible to the trunk: say so instead of losing them. */
function changedSubmodules(root: string, index: IndexFile, isElsewhere: (path: string) => boolean): string[] {
  const isAsItWas = (path: string) => {
    const stats = lstatSync(asPath(`${root}/${path}`), { throwIfNoEntry: false });
    if (!stats) return isElsewhere(path);
    return stats.isDirectory() && readdirSync(asPath(`${root}/${path}`)).length === 0;
  };
  return index.submodules
    .filter((path) => !isAsItWas(path))
    .map((path) => `${showPath(toText(path))}: ${submoduleReason}`);
}
