/** Owns what a commit holds, by name and size: for estimates, nothing is read. */
import type { Commit } from "../domain/ids.ts";
import type { Git } from "./git-process.ts";
import type { UserRepository } from "./user-repository.ts";

export type TrackedFile = { path: string; bytes: number };

export async function trackedFiles(git: Git, repository: UserRepository, commit: Commit): Promise<TrackedFile[]> {
  const { stdout } = await git.run(["ls-tree", "-r", "-l", "-z", "--full-tree", commit], {
    gitDir: repository.commonDir,
  });
  return stdout.toString("utf8").split("\0").flatMap(toFile);
}

/** `100644 blob 1b2c…    1234<tab>path`; a submodule has no size, and is none of our files. */
function toFile(line: string): TrackedFile[] {
  const tab = line.indexOf("\t");
  const [, kind, , bytes] = line.slice(0, tab).split(/ +/);
  // A partial clone does not know the size of what it has not fetched, and an estimate fetches nothing.
  return kind === "blob" ? [{ path: line.slice(tab + 1), bytes: Number(bytes) || 0 }] : [];
}
