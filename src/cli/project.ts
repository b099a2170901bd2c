/** The repository a command works on, its `.longhaul/` folder, and the store: SQLite there, or PostgreSQL by DATABASE_URL. */
import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { databaseUrl, environment } from "../config.ts";
import { EnvironmentError } from "../domain/environment-error.ts";
import type { RunId } from "../domain/ids.ts";
import type { Run } from "../domain/run.ts";
import type { Store } from "../engine/store-port.ts";
import type { Views } from "../engine/views.ts";
import { Git } from "../git/git-process.ts";
import { excludeStateFolder, findRepository, type UserRepository } from "../git/user-repository.ts";
import { StoreTooNewError } from "../store/migrations.ts";
import { openPostgres } from "../store/postgres.ts";
import { openSqlite } from "../store/sqlite.ts";
import { openStore } from "../store/store.ts";
import { openViews } from "../store/views.ts";
import { UsageError } from "./exit.ts";

export type Project = { repository: UserRepository; stateFolder: string; store: Store; views: Views };

/** `create`: make `.longhaul/` when it is not there; otherwise its absence means that there are no runs. */
export async function openProject(create: boolean): Promise<Project> {
  const git = new Git(environment);
  const repository = await findRepository(git, process.cwd());
  const stateFolder = join(repository.topLevel, ".longhaul");
  if (create) {
    try {
      await mkdir(stateFolder, { recursive: true });
      await excludeStateFolder(git, repository);
    } catch (cause) {
      throw unwritable(stateFolder, cause);
    }
  } else if (!databaseUrl) {
    await access(join(stateFolder, "longhaul.db")).catch((cause: unknown) => {
      throw new EnvironmentError(
        repository.topLevel,
        "there is no run in this repository",
        'Start one with: longhaul run "GOAL"',
        { cause },
      );
    });
  }
  const place = databaseUrl ? "DATABASE_URL" : join(stateFolder, "longhaul.db");
  try {
    const database = databaseUrl ? openPostgres(databaseUrl) : openSqlite(place, Date);
    return { repository, stateFolder, store: await openStore(database), views: openViews(database) };
  } catch (cause) {
    throw storeFault(cause, place);
  }
}

/** A file or folder that could not be written, for a person. */
export const unwritable = (place: string, cause: unknown): EnvironmentError =>
  new EnvironmentError(
    place,
    `it cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
    "Is the disk full or the folder read-only? Nothing was deleted.",
    { cause },
  );

/** What kept a store from being opened, for a person. */
export function storeFault(cause: unknown, place: string): EnvironmentError {
  if (cause instanceof EnvironmentError) return cause;
  if (cause instanceof StoreTooNewError)
    return new EnvironmentError(place, "it was written by a newer version of Longhaul", "Update Longhaul.", { cause });
  const mend = databaseUrl
    ? "Is the server reachable, and is the address right?"
    : "Is the disk full or the folder read-only? Nothing was deleted.";
  return new EnvironmentError(
    place,
    `the store cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}`,
    mend,
    { cause },
  );
}

/** Opens the project for one command and closes it again, whatever happens. */
export async function withProject<T>(create: boolean, work: (project: Project) => Promise<T>): Promise<T> {
  const project = await openProject(create);
  try {
    return await work(project);
  } finally {
    await project.store.close();
  }
}

/** The run that a command means: the one named, or the newest of this repository. */
export async function chooseRun(project: Project, named: string | undefined): Promise<Run> {
  const { repository, views } = project;
  if (named === undefined) {
    const [newest] = await views.runs(repository.topLevel);
    if (!newest)
      throw new EnvironmentError(
        repository.topLevel,
        "there is no run in this repository",
        'Start one with: longhaul run "GOAL"',
      );
    return newest;
  }
  const run = await views.run(named as RunId);
  if (run) return run;
  const known = (await views.runs(repository.topLevel)).slice(0, 5).map(({ id }) => id);
  throw new UsageError(
    `There is no run ${JSON.stringify(named)}. ${known.length > 0 ? `The newest are: ${known.join(", ")}` : "This repository has none."}`,
  );
}
