/**
 * Owns the finding of changes by git itself, where a `.gitignore` has patterns that only git can judge. Before git looks
 * at the worker's folder, this finds what git must not meet there. Invariant: opens no file and follows no link. Names
 * are kept byte for byte (latin1), so that no encoding hides one.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Dirent } from "node:fs";
import pLimit from "p-limit";
import { askIgnored } from "./ask-ignored.ts";
import { gitLimits } from "../domain/limits.ts";
import { isGitName, showPath } from "./entry-rules.ts";
import type { Git, GitCall } from "./git-process.ts";
import { gitNameReason, type Suspects } from "./untracked.ts";

/** `ignorable`: the path which, if the repository ignores it, makes this none of our business; null: never. Latin1. */
type Oddity = { path: string; ignorable: string | null; reason: string };

const readByGit = new Set([".gitignore", ".gitattributes", ".gitmodules"]);

/** As `ChangedPaths`, from the index file of `call`. `isTheirs`: of a path, latin1; what is not, is refused only where git would wait on it. */
export async function listedByGit(
  git: Git,
  call: GitCall,
  root: string,
  isTheirs: (path: string) => boolean = () => true,
): Promise<Suspects> {
  const seen = await lookAround(root);
  const oddities = seen.oddities.filter(({ path, ignorable }) => ignorable === null || isTheirs(path));
  const reasons = await refusals(git, call, oddities);
  if (reasons.length > 0) return { present: [], gone: [], reasons };
  const listed = await git.run(
    ["ls-files", "-z", "--others", "--modified", "--deleted", "--exclude-standard", "--deduplicate"],
    call,
  );
  // Whether one is there is seen when it is read.
  return { present: namesIn(listed.stdout), gone: await behindLinks(git, call, seen.links), reasons };
}

const namesIn = (list: Buffer) => list.toString("latin1").split("\0").slice(0, -1);

/** A link in place of a folder that was checked out: what was in that is gone, but this list of git's looks through the link. */
async function behindLinks(git: Git, call: GitCall, links: ReadonlySet<string>): Promise<string[]> {
  if (links.size === 0) return [];
  const { stdout } = await git.run(["ls-files", "-z", "--cached"], call);
  return namesIn(stdout).filter((path) => {
    for (let end = path.indexOf("/"); end !== -1; end = path.indexOf("/", end + 1))
      if (links.has(path.slice(0, end))) return true;
    return false;
  });
}

/** Reasons why nothing of this folder may land. Ignored folders may hold anything. */
async function refusals(git: Git, call: GitCall, oddities: readonly Oddity[]): Promise<string[]> {
  if (oddities.length === 0) return [];
  // git would open these wherever it looks for rules, and wait for ever on a pipe.
  const unreadable = oddities.filter((oddity) => oddity.ignorable === null);
  if (unreadable.length > 0) return unreadable.map(say);
  const asked = oddities.flatMap(({ ignorable }) => ignorable ?? []);
  const ignored = await askIgnored(git, call, asked, "--no-index");
  return oddities.filter(({ ignorable }) => ignorable === null || !ignored.has(ignorable)).map(say);
}

const say = (oddity: Oddity) => `${showPath(Buffer.from(oddity.path, "latin1").toString("utf8"))}: ${oddity.reason}`;

/** `links`: latin1. */
type Seen = { oddities: Oddity[]; links: Set<string> };

async function lookAround(root: string): Promise<Seen> {
  const seen: Seen = { oddities: [], links: new Set() };
  const atOnce = pLimit(gitLimits.filesAtOnce);
  let level = [""];
  while (level.length > 0) {
    const below = await Promise.all(level.map((folder) => atOnce(() => lookInto(root, folder, seen))));
    level = below.flat();
  }
  return seen;
}

/** Notes what is in one folder; answers the folders in it. */
async function lookInto(root: string, folder: string, { oddities, links }: Seen): Promise<string[]> {
  const folders: string[] = [];
  try {
    const path = Buffer.from(join(Buffer.from(root).toString("latin1"), folder), "latin1");
    for (const entry of await readdir(path, { encoding: "latin1", withFileTypes: true })) {
      const child = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (child === ".git") continue;
      const oddity = judge(child, folder, entry);
      if (oddity) oddities.push(oddity);
      else if (entry.isDirectory()) folders.push(child);
      else if (entry.isSymbolicLink()) links.add(child);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Gone or replaced since it was listed: the worker is still busy; git will see what is there.
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return [];
    if (code !== "EACCES" && code !== "EPERM") throw error;
    oddities.push({ path: folder || ".", ignorable: folder || null, reason: "this folder cannot be read" });
  }
  return folders;
}

function judge(child: string, folder: string, entry: Dirent): Oddity | null {
  const name = Buffer.from(entry.name, "latin1").toString("utf8");
  if (isGitName(name)) {
    return { path: child, ignorable: folder || child, reason: gitNameReason(name) };
  }
  if (entry.isFile() || entry.isDirectory() || entry.isSymbolicLink()) return null;
  return {
    path: child,
    ignorable: readByGit.has(name) ? null : child,
    reason: "neither a file nor a folder nor a symbolic link",
  };
}
