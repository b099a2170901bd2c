/**
 * Owns what we know of the user's repository and the one line that we write into it. Invariant: working copy, index,
 * HEAD and branches of the user are only read here.
 */
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { EnvironmentError } from "../domain/environment-error.ts";
import type { Commit } from "../domain/ids.ts";
import { gitLimits } from "../domain/limits.ts";
import { GitError, type Git } from "./git-process.ts";

export type UserRepository = {
  /** The working copy's top folder, absolute, links resolved. */
  topLevel: string;
  /** `topLevel`'s git folder; for a linked worktree one of its own. */
  gitDir: string;
  /** The folder that all worktrees of the repository share. */
  commonDir: string;
};

/** `commit` is null in a repository without commits. `dirty` counts changed and untracked paths that a run will not see. */
export type UserHead = { commit: Commit | null; dirty: number };

/** Answers what it says of itself. Throws `EnvironmentError` when git is missing or too old. */
export async function checkGit(git: Git): Promise<string> {
  const text = await git.text(["version"]);
  const [, major, minor] = /(\d+)\.(\d+)/.exec(text) ?? [];
  const [majorMin, minorMin] = gitLimits.versionMin;
  const newEnough = Number(major) > majorMin || (Number(major) === majorMin && Number(minor) >= minorMin);
  if (!newEnough)
    throw new EnvironmentError(
      "git",
      `this is ${text}`,
      `Install git ${majorMin}.${minorMin} or newer and put it first on PATH.`,
    );
  return text;
}

/**
 * The repository around `directory`. Runs with the user's own configuration, so a repository of somebody else is
 * accepted only where the user's git accepts it. Throws `EnvironmentError`.
 */
export async function findRepository(git: Git, directory: string): Promise<UserRepository> {
  await checkGit(git);
  const ask = (...what: string[]) => git.runAsUser(["-C", directory, "rev-parse", ...what], { exits: [0, 128] });
  const bare = await ask("--is-bare-repository");
  if (bare.exitCode !== 0) throw notARepository(directory, bare.stderr);
  if (bare.stdout.toString().trim() === "true") {
    throw new EnvironmentError(
      directory,
      "this is a bare repository",
      "Start Longhaul in a clone that has a working copy: git clone the repository, then run it there.",
    );
  }
  const found = await ask("--path-format=absolute", "--show-toplevel", "--git-dir", "--git-common-dir");
  if (found.exitCode !== 0) throw notARepository(directory, found.stderr);
  const [topLevel, gitDir, commonDir, ...rest] = found.stdout.toString().trimEnd().split("\n");
  if (!topLevel || !gitDir || !commonDir || rest.length > 0) {
    throw new EnvironmentError(
      directory,
      "the repository's path contains a line break",
      "Move it to a folder with a plain name.",
    );
  }
  return { topLevel, gitDir, commonDir };
}

function notARepository(directory: string, stderr: string): EnvironmentError {
  const said =
    stderr
      .replace(/^fatal: /, "")
      .trim()
      .split("\n")[0] ?? "";
  if (/dubious ownership/.test(stderr)) {
    return new EnvironmentError(
      directory,
      "git refuses this repository, because it belongs to another user",
      `If you trust it: git config --global --add safe.directory ${directory}`,
    );
  }
  if (/work tree/.test(stderr)) {
    return new EnvironmentError(
      directory,
      "this is inside a .git folder, not in a working copy",
      "Start Longhaul in the repository's top folder.",
    );
  }
  return new EnvironmentError(
    directory,
    `not a git repository${said && !/not a git repository/.test(said) ? ` (${said})` : ""}`,
    "Start Longhaul inside one, or make one here: git init.",
  );
}

/** Where a run would start, and how much of the working copy it will not see. */
export async function readUserHead(git: Git, repository: UserRepository): Promise<UserHead> {
  const head = await git.runAsUser(["-C", repository.topLevel, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"], {
    exits: [0, 1, 128],
  });
  if (head.exitCode === 128) throw new GitError(["rev-parse"], "failed with exit code 128", 128, head.stderr);
  // As the user's git sees it: their filters (LFS) decide whether a file counts as changed.
  const status = await git.runAsUser([
    "-C",
    repository.topLevel,
    "status",
    "--porcelain=v1",
    "-z",
    "--no-renames",
    "--ignore-submodules=dirty",
    "--untracked-files=normal",
  ]);
  const dirty = status.stdout
    .toString("utf8")
    .split("\0")
    .filter((line) => line !== "" && line !== "?? .longhaul/");
  const commit = head.stdout.toString().trim();
  return { commit: commit === "" ? null : (commit as Commit), dirty: dirty.length };
}

/** Hides `.longhaul/` from the user's `git status`, for this clone only: `.gitignore` is theirs. Repeatable. */
export async function excludeStateFolder(git: Git, repository: UserRepository): Promise<void> {
  const answer = await git.runAsUser(["-C", repository.topLevel, "rev-parse", "--git-path", "info/exclude"]);
  const file = resolve(repository.topLevel, answer.stdout.toString().replace(/\n$/, ""));
  const before = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  if (/^\/?\.longhaul\/?\r?$/m.test(before)) return;
  await mkdir(dirname(file), { recursive: true });
  await appendFile(file, `${before === "" || before.endsWith("\n") ? "" : "\n"}/.longhaul/\n`);
}
