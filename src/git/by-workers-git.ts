/**
 * Owns what files alone do not tell, and the worker's own git does: which ignored files it has added (`git add -f`), which files
 * it has let go of and ignores (`git rm --cached`), and which are not there because its sparse checkout sent them away.
 * Invariants: those of `readWorkersIndex`; an index that is as it was given, or seen last, is not read.
 */
import { lstatSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { askIgnored } from "./ask-ignored.ts";
import { gitLimits } from "../domain/limits.ts";
import { Elsewhere } from "./elsewhere.ts";
import { asPath } from "./latin1.ts";
import { submoduleMode } from "./objects.ts";
import { isThere } from "./safe-read.ts";
import { SparseIndex } from "./sparse-index.ts";
import type { TrunkRepository } from "./trunk-repository.ts";
import { tooMany, type Suspects } from "./untracked.ts";
import { besideWorkersIndex } from "./workers-index.ts";
import { seeIndex, through, unknown, type GitWorkspace } from "./workspace.ts";

/** What would be committed of `suspects` by `git add -A` in the workspace. `root`: absolute, links resolved, latin1. */
export async function byWorkersGit(
  trunk: TrunkRepository,
  workspace: GitWorkspace,
  root: string,
  suspects: Suspects,
): Promise<Suspects> {
  if (suspects.reasons.length > 0) return suspects;
  const [present, gone] = [new Set(suspects.present), new Set(suspects.gone)];
  const reasons = await look(trunk, workspace, root, { present, gone });
  const { added, dropped } = workspace.told;
  for (const path of await thoseThere(root, added)) present.add(path);
  const untracked = (await thoseThere(root, dropped)).filter((path) => !gone.has(path));
  for (const path of await ignoredOf(trunk, workspace, root, untracked)) {
    present.delete(path);
    gone.add(path);
  }
  if (present.size > gitLimits.changedPathsMax) reasons.push(tooMany);
  return { present: [...present], gone: [...gone], reasons };
}

/** An index may tell of a million files: others have their turn meanwhile. */
async function thoseThere(root: string, paths: readonly string[]): Promise<string[]> {
  const there: string[] = [];
  for (const [n, path] of paths.entries()) {
    if (n % gitLimits.stepsAtOnce === gitLimits.stepsAtOnce - 1) await setImmediate();
    if (isThere(root, path)) there.push(path);
  }
  return there;
}

/** Has `told` be what its index tells now. Answers why nothing may land, and takes out of both what was sent away. */
async function look(
  trunk: TrunkRepository,
  workspace: GitWorkspace,
  root: string,
  { present, gone }: { present: Set<string>; gone: Set<string> },
): Promise<string[]> {
  const seen = seeIndex(workspace.path);
  if (seen === workspace.told.seen) return [];
  const { base, checkout } = workspace;
  await checkout.needIndex();
  const content = await readFile(workspace.indexFile);
  const apart = checkout.sparse ? null : await besideWorkersIndex(content, root, base);
  if (apart) {
    workspace.told = { seen, added: apart.onlyTheirs.filter(isPlain), dropped: apart.onlyOurs };
    return [];
  }
  const elsewhere = await Elsewhere.look(trunk, workspace, root, new SparseIndex(content, base));
  const { sentAway, ...told } = await compare(elsewhere);
  // Of what was sent away anything may come back, or be removed.
  workspace.told = { seen: sentAway ? unknown : seen, ...told };
  // A sparse one has told this already.
  if (!sentAway || checkout.sparse) return [];
  const below = await elsewhere.below(present);
  const isAway = (path: string) => elsewhere.has(path) && !below.has(path) && !isThere(root, path);
  for (const paths of [present, gone]) for (const path of paths) if (isAway(path)) paths.delete(path);
  return elsewhere.reasons((path) => isThere(root, path));
}

type Compared = { added: string[]; dropped: string[]; sentAway: boolean };

async function compare({ ours, theirs }: Elsewhere): Promise<Compared> {
  const found: Compared = { added: [], dropped: [], sentAway: false };
  if (!theirs) return found;
  let steps = 0;
  for (const path of theirs.paths()) {
    if (++steps % gitLimits.stepsAtOnce === 0) await setImmediate();
    if (theirs.isSkipped(path)) found.sentAway = true;
    else if (!ours.has(path) && isPlain(path)) found.added.push(path);
  }
  for (const path of ours.paths()) {
    if (++steps % gitLimits.stepsAtOnce === 0) await setImmediate();
    if (theirs.has(path) || theirs.isSkipped(path) || ours.isClosed(path)) continue;
    if (ours.get(path)?.mode !== submoduleMode) found.dropped.push(path);
  }
  return found;
}

/** Only as a file system may have it. */
const isPlain = (path: string) => !path.split("/").some((name) => name === "" || name === "." || name === "..");

async function ignoredOf(
  trunk: TrunkRepository,
  workspace: GitWorkspace,
  root: string,
  paths: readonly string[],
): Promise<Iterable<string>> {
  if (paths.length === 0 || !mayAsk(root, paths)) return [];
  return askIgnored(trunk.git, await through(trunk, workspace), paths, "--no-index");
}

/** git would wait at a pipe; what is wrong with such a file is said when it is read. */
function mayAsk(root: string, paths: readonly string[]): boolean {
  const rules = new Set([".gitignore"]);
  for (const path of paths)
    for (let end = path.indexOf("/"); end !== -1; end = path.indexOf("/", end + 1))
      rules.add(`${path.slice(0, end)}/.gitignore`);
  return [...rules].every((path) => {
    const stats = lstatSync(asPath(`${root}/${path}`), { throwIfNoEntry: false });
    return !stats || stats.isFile() || stats.isSymbolicLink();
  });
}
