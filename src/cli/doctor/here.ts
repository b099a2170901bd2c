/** `longhaul doctor`: the tool chain and the repository around this folder. */
import { environment } from "../../config.ts";
import { EnvironmentError } from "../../domain/environment-error.ts";
import { absent, doubtful, good, lacking, type Finding } from "../../domain/finding.ts";
import { Git, GitError } from "../../git/git-process.ts";
import {
  checkGit,
  findRepository,
  readUserHead,
  type UserHead,
  type UserRepository,
} from "../../git/user-repository.ts";
import { counted } from "../../terminal/amounts.ts";
import { version } from "../version.ts";

export type Here = {
  /** What git says of itself. */
  git: string | EnvironmentError;
  /** null: without git nobody can tell. */
  repository: UserRepository | EnvironmentError | null;
  head: UserHead | EnvironmentError | null;
};

export async function lookHere(directory: string): Promise<Here> {
  const git = new Git(environment);
  const said = await orFault("git", checkGit(git));
  if (said instanceof EnvironmentError) return { git: said, repository: null, head: null };
  const repository = await orFault(directory, findRepository(git, directory));
  if (repository instanceof EnvironmentError) return { git: said, repository, head: null };
  return { git: said, repository, head: await orFault(repository.topLevel, readUserHead(git, repository)) };
}

async function orFault<T>(place: string, looking: Promise<T>): Promise<T | EnvironmentError> {
  return looking.catch((error: unknown) => {
    if (error instanceof EnvironmentError) return error;
    if (error instanceof GitError)
      return new EnvironmentError(place, error.message, "Try the same with git itself.", { cause: error });
    throw error;
  });
}

export function toolChainFindings({ git }: Pick<Here, "git">): Finding[] {
  const group = "tool chain";
  const at = { group, name: "git" } as const;
  return [
    good({ group, name: "longhaul" }, version),
    good({ group, name: "node" }, `${process.versions.node} on ${process.platform} ${process.arch}`),
    git instanceof EnvironmentError ? lacking(at, git.problem, git.mend) : good(at, git.replace(/^git version /, "")),
  ];
}

export function repositoryFindings({ repository, head }: Pick<Here, "repository" | "head">): Finding[] {
  const group = "repository";
  const folder = { group, name: "folder" } as const;
  if (repository === null) return [absent(folder, "not looked at: that takes git")];
  if (repository instanceof EnvironmentError)
    return [lacking(folder, `${repository.place}: ${repository.problem}`, repository.mend)];
  return [good(folder, repository.topLevel), ...headFindings(head)];
}

function headFindings(head: Here["head"]): Finding[] {
  const commit = { group: "repository", name: "commit" } as const;
  if (head === null) return [];
  if (head instanceof EnvironmentError) return [lacking(commit, head.problem, head.mend)];
  const { dirty } = head;
  const start =
    head.commit === null
      ? good(commit, "none yet: a run begins from an empty tree")
      : good(commit, `${head.commit.slice(0, 10)}, from which a run begins`);
  if (dirty === 0) return [start];
  const changes = `${counted(dirty, "uncommitted change")} ${dirty === 1 ? "is" : "are"} not part of a run`;
  return [start, doubtful({ ...commit, name: "changes" }, changes, "Commit them first if they should be.")];
}
