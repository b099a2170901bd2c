/**
 * Owns how a worker's files become git objects. Invariants: git is shown what changed only as copies which the worker
 * cannot reach; nothing enters the index that the rules refuse, so the index always holds a tree that may land.
 */
import { lstat, mkdir, readdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import pLimit from "p-limit";
import { gitLimits } from "../domain/limits.ts";
import { showPath } from "./entry-rules.ts";
import { GitError, splitNul } from "./git-process.ts";
import { ignoreMissing, removeTree } from "./remove-tree.ts";
import { copySafely } from "./safe-copy.ts";
import { survey } from "./survey.ts";
import { asCommit, type TrunkRepository } from "./trunk-repository.ts";
import { through, type GitWorkspace } from "./workspace.ts";

/** `tree`: the object name of everything that would land. */
export type Intake = { ok: true; tree: string } | { ok: false; reasons: string[] };

/** Brings the workspace's index up to date with its files. */
export async function takeIn(trunk: TrunkRepository, workspace: GitWorkspace): Promise<Intake> {
  const call = through(trunk, workspace, { timeoutMs: gitLimits.intakeMs });
  const odd = await survey(trunk.git, call, workspace.path);
  if (odd.length > 0) return refused(odd);

  const reasons = await changedSubmodules(trunk, workspace);
  const changed = await trunk.git.list(
    ["ls-files", "-z", "--others", "--modified", "--deleted", "--exclude-standard", "--deduplicate"],
    call,
  );
  if (changed.length > 0) {
    const copies = await copyAll(workspace, changed);
    reasons.push(...copies.reasons);
    if (reasons.length > 0) return refused(reasons);
    workspace.tree = null;
    const failure = await updateIndex(trunk, workspace, copies);
    await removeTree(intakeFolder(workspace));
    if (failure !== null) return refused([failure]);
  }
  if (reasons.length > 0) return refused(reasons);
  workspace.taken = true;
  workspace.tree ??= asCommit(await trunk.git.text(["write-tree"], through(trunk, workspace)));
  return { ok: true, tree: workspace.tree };
}

function refused(reasons: string[]): Intake {
  const more = reasons.length - gitLimits.reasonsMax;
  return { ok: false, reasons: more > 0 ? [...reasons.slice(0, gitLimits.reasonsMax), `and ${more} more`] : reasons };
}

const intakeFolder = (workspace: GitWorkspace) => join(workspace.folder, "intake");

/** Files in a submodule's folder are invisible to the trunk's index: say so instead of losing them. */
async function changedSubmodules(trunk: TrunkRepository, workspace: GitWorkspace): Promise<string[]> {
  if (workspace.plain === workspace.base) return [];
  const { stdout } = await trunk.git.run(["ls-files", "-z", "--stage"], through(trunk, workspace));
  // Most trees have none: no need to take a long list apart.
  const links = stdout.includes("160000 ") ? splitNul(stdout).filter((line) => line.startsWith("160000 ")) : [];
  if (links.length === 0) workspace.plain = workspace.base;
  const reasons: string[] = [];
  for (const path of links.map((line) => line.slice(line.indexOf("\t") + 1))) {
    const folder = join(workspace.path, path);
    const stats = await lstat(folder).catch(ignoreMissing(null));
    const empty = stats?.isDirectory() && (await readdir(folder)).length === 0;
    if (!empty) reasons.push(`${showPath(path)}: a submodule must stay as it is, an empty folder`);
  }
  return reasons;
}

type Copies = { copied: string[]; gone: string[]; reasons: string[] };

async function copyAll(workspace: GitWorkspace, changed: string[]): Promise<Copies> {
  const to = intakeFolder(workspace);
  await removeTree(to);
  await mkdir(to);
  const root = await realpath(workspace.path);
  const atOnce = pLimit(gitLimits.filesAtOnce);
  const copies: Copies = { copied: [], gone: [], reasons: [] };
  const one = async (path: string) => {
    const outcome = await copySafely(root, to, path);
    if (outcome === "copied") copies.copied.push(path);
    else if (outcome === "gone") copies.gone.push(path);
    else copies.reasons.push(`${showPath(path)}: ${outcome.refused}`);
  };
  await Promise.all(changed.map((path) => atOnce(() => one(path))));
  copies.reasons.sort();
  return copies;
}

/** Answers why git would not have the change, or null. */
async function updateIndex(
  trunk: TrunkRepository,
  workspace: GitWorkspace,
  { copied, gone }: Copies,
): Promise<string | null> {
  const update = (how: string[], paths: string[]) =>
    trunk.git.run(
      ["update-index", "-z", ...how, "--stdin"],
      through(trunk, workspace, { workTree: intakeFolder(workspace), input: `${paths.join("\0")}\0` }),
    );
  try {
    if (gone.length > 0) await update(["--force-remove"], gone);
    if (copied.length > 0) await update(["--add", "--replace"], copied);
    return null;
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    const said = /(failed to encode .*|BOM is (?:required|prohibited) in .*|Invalid path .*)/i.exec(error.stderr)?.[1];
    if (said === undefined) throw error;
    return `git does not take this change: ${showPath(said)}`;
  }
}
