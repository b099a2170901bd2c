/** Owns three-way merges and the reading of what `git merge-tree` answers. Changes no ref and no file of a workspace. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { asCommit, type TrunkRepository } from "./trunk-repository.ts";
import type { Commit, RunId } from "../domain/ids.ts";
import type { GitCall } from "./git-process.ts";
import { inAttributes } from "./merge-attributes.ts";
import { removeTree } from "./remove-tree.ts";
import { writeGitFolder } from "./worker-git.ts";

/** One version of a conflicted path. `stage`: 1 base, 2 trunk, 3 yours. */
export type Stage = { mode: string; object: string; stage: 1 | 2 | 3; path: string };

/** `tree` of a conflict has the conflict markers in its files. `files`: the conflicted paths, sorted. */
export type Merge = { clean: true; tree: string } | { clean: false; tree: string; stages: Stage[]; files: string[] };

/** Merges `yours` onto `trunk`; the merge base is the newest commit that both descend from, or nothing at all. */
export async function merge(repository: TrunkRepository, run: RunId, trunk: Commit, yours: Commit): Promise<Merge> {
  return inAttributes(repository, run, [trunk, yours], (workTree) =>
    mergeTree(repository, { ...repository.at(run), ...(workTree === null ? {} : { workTree }) }, trunk, yours),
  );
}

/** Paths as the trunk knows them: git names a file that it moved aside after the side that it is from. */
export function withoutSides(files: readonly string[], sides: readonly string[]): string[] {
  const moved = new RegExp(`~(?:${sides.join("|")})(?:_\\d+)?$`);
  return [...new Set(files.map((path) => path.replace(moved, "")))].toSorted();
}

/**
 * The same with `trunk` and `yours` as the names in conflict markers and in names of files moved aside. git takes
 * them from the names of the branches, so they are branches in a git folder for this one purpose.
 */
export async function mergeNamed(
  repository: TrunkRepository,
  run: RunId,
  folder: string,
  trunk: Commit,
  yours: Commit,
): Promise<Merge> {
  const gitDir = join(folder, "merge.git");
  await removeTree(gitDir);
  await mkdir(folder, { recursive: true });
  const files = { HEAD: "ref: refs/heads/trunk\n", "refs/heads/trunk": `${trunk}\n`, "refs/heads/yours": `${yours}\n` };
  await writeGitFolder(repository, gitDir, files, { bare: true, sha256: trunk.length === 64 });
  const call = { gitDir, run, objects: join(repository.gitDir, "objects") };
  const merged = await inAttributes(repository, run, [trunk, yours], (workTree) =>
    mergeTree(repository, { ...call, ...(workTree === null ? {} : { workTree }) }, "trunk", "yours"),
  );
  await removeTree(gitDir);
  return merged;
}

async function mergeTree(repository: TrunkRepository, call: GitCall, trunk: string, yours: string): Promise<Merge> {
  // A run that began before the repository had any commit, or a branch that people made anew, shares none with the other.
  const how = ["--write-tree", "-z", "--messages", "--allow-unrelated-histories"];
  const { exitCode, stdout } = await repository.git.run(["merge-tree", ...how, trunk, yours], {
    ...call,
    exits: [0, 1],
  });
  return parseMerge(stdout.toString("utf8"), exitCode === 0);
}

/** `<tree> NUL (<mode> <object> <stage> TAB <path> NUL)* NUL (<count> NUL <path> NUL ... <type> NUL <text> NUL)*` */
export function parseMerge(output: string, clean: boolean): Merge {
  const fields = output.split("\0");
  const tree = asCommit(fields[0] ?? "");
  if (clean) return { clean, tree };
  const stages: Stage[] = [];
  let at = 1;
  for (; at < fields.length && fields[at] !== ""; at++) stages.push(parseStage(fields[at] ?? ""));
  const paths = new Set(stages.map((stage) => stage.path));
  // A conflict without versions of its own, such as a folder that was renamed to two places.
  for (const named of conflictMessages(fields.slice(at + 1))) {
    if (!named.some((path) => paths.has(path))) for (const path of named) paths.add(path);
  }
  return { clean, tree, stages, files: [...paths].toSorted() };
}

function parseStage(text: string): Stage {
  const match = /^(\d{6}) ([0-9a-f]+) ([123])\t([^]+)$/.exec(text);
  if (!match)
    throw new Error(`git merge-tree answered a line that is not a stage: ${JSON.stringify(text.slice(0, 200))}`);
  const [, mode = "", object = "", stage, path = ""] = match;
  return { mode, object, stage: Number(stage) as Stage["stage"], path };
}

/** The paths of each conflict that the messages tell of. */
function conflictMessages(fields: string[]): string[][] {
  const found: string[][] = [];
  for (let at = 0; at < fields.length;) {
    const count = Number(fields[at]);
    if (!Number.isInteger(count) || fields[at] === "") break;
    const type = fields[at + 1 + count] ?? "";
    if (type.startsWith("CONFLICT")) found.push(fields.slice(at + 1, at + 1 + count));
    at += count + 3;
  }
  return found;
}
