/**
 * Owns the two branches that a run has in the user's repository. Invariant: besides these branches and the objects
 * they need, nothing there changes: no working copy, index, HEAD, tag or other branch. Nor do these, where somebody else
 * has committed on them.
 */
import { EnvironmentError } from "../domain/environment-error.ts";
import type { Commit, RunId } from "../domain/ids.ts";
import { GitError } from "./git-process.ts";
import { branch, greenRef, type TrunkRepository } from "./trunk-repository.ts";
import type { UserRepository } from "./user-repository.ts";

export async function publish(
  trunk: TrunkRepository,
  user: UserRepository,
  run: RunId,
  green: Commit | null,
): Promise<{ trunk: string; green: string | null }> {
  const names = { trunk: `longhaul/${run}`, green: green === null ? null : `longhaul/${run}-green` };
  if (green !== null) await trunk.setGreen(run, green);
  const wanted = [{ from: branch(run), to: names.trunk, commit: await trunk.tip(run) }];
  if (green !== null && names.green !== null) wanted.push({ from: greenRef(run), to: names.green, commit: green });

  const specs: string[] = [];
  for (const { from, to, commit } of wanted) {
    const now = await readBranch(trunk, user, run, to);
    if (now?.commit === commit) continue;
    if (now?.checkedOutAt) {
      throw new EnvironmentError(
        now.checkedOutAt,
        `the branch ${to} is checked out there, so it cannot be moved`,
        `Check out something else there (git switch --detach), then run: longhaul resume --run ${run}`,
      );
    }
    if (now !== null && !(await trunk.isOurs(run, now.commit))) {
      throw new EnvironmentError(
        user.topLevel,
        `the branch ${to} has commits that are not from this run (${now.commit.slice(0, 12)}), so it is left alone`,
        `Give them a branch of their own (git branch -m ${to} NAME), then run: longhaul resume --run ${run}`,
      );
    }
    specs.push(`+${from}:refs/heads/${to}`);
  }
  if (specs.length > 0) await fetchInto(trunk, user, run, specs);
  return names;
}

async function readBranch(
  trunk: TrunkRepository,
  user: UserRepository,
  run: RunId,
  name: string,
): Promise<{ commit: string; checkedOutAt: string } | null> {
  const lines = await trunk.git.text(["for-each-ref", "--format=%(objectname) %(worktreepath)", `refs/heads/${name}`], {
    gitDir: user.commonDir,
    run,
  });
  const match = /^(\S+) (.*)$/m.exec(lines);
  return match ? { commit: match[1] ?? "", checkedOutAt: match[2] ?? "" } : null;
}

async function fetchInto(trunk: TrunkRepository, user: UserRepository, run: RunId, specs: string[]): Promise<void> {
  const how = [
    "--quiet",
    "--no-tags",
    "--no-recurse-submodules",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--no-prune",
    "--atomic",
    "--update-shallow",
  ];
  const uploadPack = "--upload-pack=git -c 'safe.directory=*' -c core.hooksPath=/dev/null upload-pack";
  try {
    await trunk.git.run(["fetch", ...how, uploadPack, "--", trunk.gitDir, ...specs], { gitDir: user.commonDir, run });
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    const said = error.stderr.trim().split("\n").at(-1) ?? "";
    throw new EnvironmentError(
      user.topLevel,
      `the branch longhaul/${run} cannot be written (${said})`,
      `Mend that, then run: longhaul resume --run ${run}. The run's own branch is safe in .longhaul/trunk.git.`,
      { cause: error },
    );
  }
}
