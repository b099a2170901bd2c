/** Owns the asking of git which paths are ignored, by rules of the work tree, for what the index does not have; and the telling of it. */
import { gitLimits } from "../domain/limits.ts";
import type { Git, GitCall } from "./git-process.ts";

/** Those of `paths` that git ignores; all are latin1, relative to the work tree of `call`. One that is not there is a folder if it ends with a slash. */
export async function askIgnored(
  git: Git,
  call: GitCall,
  paths: readonly string[],
  ...how: string[]
): Promise<Set<string>> {
  if (paths.length === 0) return new Set();
  const answer = await git.run(["check-ignore", "-z", "--stdin", ...how], {
    ...call,
    // With ./ in front, a name such as ":(glob)x" is a name and no pattern.
    input: Buffer.from(paths.map((path) => `./${path}\0`).join(""), "latin1"),
    exits: [0, 1],
    timeoutMs: gitLimits.intakeMs,
  });
  return new Set(
    answer.stdout
      .toString("latin1")
      .split("\0")
      .slice(0, -1)
      .map((path) => path.slice(2)),
  );
}

/** Files of the index that say what is ignored are as it has them again: only what the commit says counts. Latin1. */
export async function putBackRules(git: Git, call: GitCall, rules: readonly string[]): Promise<void> {
  if (rules.length === 0) return;
  const input = Buffer.from(`${rules.join("\0")}\0`, "latin1");
  await git.run(["checkout-index", "--force", "-z", "--stdin"], { ...call, input, timeoutMs: gitLimits.intakeMs });
}

/** Patterns that ignore these very paths, latin1; they have no word for a line's end. */
export function asPatterns(paths: readonly string[]): Buffer {
  const patterns = paths.map((path) => `/${path.replace(/[\\*?[ ]/g, "\\$&").replace(/[\r\n]/g, "?")}\n`);
  return Buffer.from(patterns.join(""), "latin1");
}
