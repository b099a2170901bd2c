/**
 * Which paths of a workspace may differ from what was checked out there: what the taking in of work begins with. Each
 * kind of workspace has its own way to tell.
 */
import { lstatSync, readdirSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { gitLimits } from "../domain/limits.ts";
import { showPath } from "./entry-rules.ts";
import { IndexFile } from "./index-file.ts";
import { asPath, toText } from "./latin1.ts";
import { listedByGit } from "./listed-by-git.ts";
import type { TrunkRepository } from "./trunk-repository.ts";
import { submoduleReason, type Suspects } from "./untracked.ts";
import { walk } from "./walk.ts";
import { through, type GitWorkspace } from "./workspace.ts";

/**
 * Answers every path that differs; may answer more. Opens nothing that the worker could have put there but rules of what
 * is ignored, and follows no link. `root`: the workspace's folder, absolute, links resolved, latin1.
 */
export type ChangedPaths = (trunk: TrunkRepository, workspace: GitWorkspace, root: string) => Promise<Suspects>;

/** For a folder of plain files: looks at each of them, a few microseconds long. */
export const everyPath: ChangedPaths = async (trunk, workspace, root) => {
  const index = new IndexFile(await readFile(workspace.indexFile), workspace.base);
  const { mtimeMs } = await stat(workspace.indexFile);
  const call = await through(trunk, workspace, { timeoutMs: gitLimits.intakeMs });
  const suspects =
    (await walk(root, { index, writtenAt: mtimeMs })) ?? (await listedByGit(trunk.git, call, workspace.path));
  return { ...suspects, reasons: [...suspects.reasons, ...changedSubmodules(root, index)] };
};

/** Files in a submodule's folder are invisible to the trunk: say so instead of losing them. */
function changedSubmodules(root: string, index: IndexFile): string[] {
  const isEmptyFolder = (path: string) =>
    lstatSync(asPath(path), { throwIfNoEntry: false })?.isDirectory() && readdirSync(asPath(path)).length === 0;
  return index.submodules
    .filter((path) => !isEmptyFolder(`${root}/${path}`))
    .map((path) => `${showPath(toText(path))}: ${submoduleReason}`);
}
