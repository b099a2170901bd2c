/** `longhaul doctor`: whether the remote that a run is published to can be reached. */
import { environment } from "../../config.ts";
import { doubtful, good, type Finding } from "../../domain/finding.ts";
import { withoutCredentials } from "../../domain/publish-config.ts";
import type { RunConfig } from "../../domain/run-config.ts";
import { Git } from "../../git/git-process.ts";
import { locateRemote } from "../../git/operator-settings.ts";
import { lookAtRemote } from "../../git/remote.ts";
import type { UserRepository } from "../../git/user-repository.ts";

/** A run starts without it, and tries again and again: so it is not lacking. */
export async function remoteFindings(config: RunConfig | null, repository: UserRepository | null): Promise<Finding[]> {
  const publish = config?.publish;
  if (!publish || repository === null) return [];
  const at = { group: "repository", name: "remote" } as const;
  const git = new Git(environment);
  const remote = withoutCredentials(publish.remote);
  if ((await locateRemote(git, repository, publish.remote, "push")) === null)
    return [
      doubtful(
        at,
        `the repository has no remote of the name ${remote}, which publish.remote names`,
        `git remote add ${remote} URL, or name another.`,
      ),
    ];
  const { faults, missing } = await lookAtRemote(git, repository, publish);
  const mend =
    "Try the same with git itself: git ls-remote. What it asks for has to come from a credential helper or an ssh agent.";
  if (faults.length > 0) return [doubtful(at, `${remote} cannot be reached: ${faults.join("; ")}`, mend)];
  return missing === null
    ? [good(at, `${remote} answers; a run is pushed to it`)]
    : [doubtful(at, `${remote} has no branch ${missing}, which publish.follow names`, "Push it, or name another.")];
}
