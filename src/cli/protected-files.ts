/** Protected files have to be there at the commit where a run begins: what is not cannot be put back. */
import { environment } from "../config.ts";
import { protectedPaths } from "../domain/protected.ts";
import type { AcceptanceCommand, RunConfig } from "../domain/run-config.ts";
import type { Run } from "../domain/run.ts";
import { Git } from "../git/git-process.ts";
import { absentAt } from "../git/protected.ts";
import { openGitTrunk } from "../git/trunk.ts";
import type { UserRepository } from "../git/user-repository.ts";
import { UsageError } from "./exit.ts";
import type { Project } from "./project.ts";

export type Absent = { command: AcceptanceCommand; path: string };

/** Protected paths that the user has not committed: a run would begin without them. */
export async function uncommitted({ gitDir }: UserRepository, config: RunConfig): Promise<Absent[]> {
  return named(config, await absentAt(new Git(environment), gitDir, "HEAD", protectedPaths(config.acceptance)));
}

/** Throws a `UsageError` that names the first of them. `where`: the configuration. */
export async function requireCommitted(repository: UserRepository, config: RunConfig, where: string): Promise<void> {
  refuse(
    await uncommitted(repository, config),
    where,
    "is not in the commit that is checked out, from which the run would begin",
  );
}

/** The same for a run that has begun and is to go on with another configuration. */
export async function requireAtBase(project: Project, run: Run, config: RunConfig, where: string): Promise<void> {
  const trunk = await openGitTrunk({ repository: project.repository, stateFolder: project.stateFolder, environment });
  const absent = await trunk.absentAt(run.base, protectedPaths(config.acceptance));
  refuse(named(config, absent), where, `is not in commit ${run.base.slice(0, 10)}, from which the run began`);
}

function named({ acceptance }: RunConfig, absent: readonly string[]): Absent[] {
  return acceptance.flatMap((command) =>
    command.protected.filter((path) => absent.includes(path)).map((path) => ({ command, path })),
  );
}

function refuse([first, ...more]: Absent[], where: string, why: string): void {
  if (!first) return;
  const others = more.length === 0 ? "" : ` (and ${more.length} more)`;
  throw new UsageError(
    `${where}: acceptance ${JSON.stringify(first.command.name)}: the protected path ${JSON.stringify(first.path)}${others} ${why}. Commit it first, mend the path, or take it out of "protected".`,
  );
}
