/** A user's repository in a temporary folder, for tests. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Commit } from "../domain/ids.ts";
import type { Workspace } from "../engine/ports.ts";
import { Git } from "./git-process.ts";
import type { OnStep } from "./object-store.ts";
import { openGitTrunk, type GitTrunk, type GitTrunkOptions } from "./trunk.ts";
import { runA, runB, type TrunkWorld } from "./trunk-steps.testsuite.ts";
import { excludeStateFolder, findRepository } from "./user-repository.ts";

const execute = promisify(execFile);

/** What tests hand in as the environment: nothing of the machine but where programs are. */
export const environment = { PATH: process.env["PATH"], HOME: "/nonexistent", GIT_CONFIG_NOSYSTEM: "1" };

/** Runs git as a user would, in `directory`. */
export async function userGit(directory: string, ...args: string[]): Promise<string> {
  const identity = [
    "-c",
    "user.name=User",
    "-c",
    "user.email=user@localhost",
    "-c",
    "commit.gpgsign=false",
    "-c",
    "init.defaultBranch=main",
    "-c",
    "protocol.file.allow=always",
  ];
  const options = { env: { ...environment, GIT_CONFIG_GLOBAL: "/dev/null" }, maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = await execute("git", ["-C", directory, ...identity, ...args], options);
  return stdout.replace(/\n$/, "");
}

export async function put(root: string, files: { [path: string]: string | Buffer }): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "longhaul-git-")));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** A repository with `files` committed; none: a repository without commits. */
export async function makeRepository(
  path: string,
  files: { [path: string]: string | Buffer },
  format: "sha1" | "sha256" = "sha1",
): Promise<void> {
  await mkdir(path, { recursive: true });
  await userGit(path, "init", "--quiet", `--object-format=${format}`);
  if (Object.keys(files).length === 0) return;
  await put(path, files);
  await userGit(path, "add", "-A");
  await userGit(path, "commit", "--quiet", "-m", "base");
}

export async function openAt(
  repository: string,
  onStep: OnStep = () => undefined,
  more: Partial<GitTrunkOptions> = {},
): Promise<GitTrunk> {
  const found = await findRepository(new Git(environment), repository);
  const stateFolder = join(found.topLevel, ".longhaul");
  return openGitTrunk({ repository: found, stateFolder, environment, onStep, ...more });
}

export type GitWorld = TrunkWorld & { trunk: GitTrunk; repository: string; state: string };

/** `mounts`: workspaces are overlays; `sparse`: they hold what is asked for. */
export async function makeGitWorld(
  files: { [path: string]: string | Buffer },
  how: Pick<GitTrunkOptions, "mounts" | "sparse"> = {},
): Promise<GitWorld> {
  const folder = await temporaryFolder();
  const repository = join(folder.path, "user");
  await makeRepository(repository, files);
  await excludeStateFolder(new Git(environment), await findRepository(new Git(environment), repository));
  const trunks: GitTrunk[] = [];
  const open = async () => {
    const opened = await openAt(repository, () => undefined, how);
    trunks.push(opened);
    return opened;
  };
  const trunk = await open();
  const { base } = await trunk.resolveBase();
  return {
    trunk,
    base,
    repository,
    state: join(repository, ".longhaul"),
    ...fileAccess(),
    pushed: (parent, changes) => pushed(repository, parent, changes),
    restart: open,
    another: open,
    async close() {
      // What is mounted cannot be removed.
      if (how.mounts) for (const each of trunks) for (const run of [runA, runB]) await each.clearLeftovers(run);
      await folder.remove();
    },
  };
}

/** As if everything in the trunk's store had been written an hour and a minute ago. */
export async function ageObjects(state: string): Promise<void> {
  const then = new Date(Date.now() - 3_660_000);
  const objects = join(state, "trunk.git", "objects");
  for (const entry of await readdir(objects, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) await utimes(join(entry.parentPath, entry.name), then, then);
}

async function pushed(repository: string, parent: Commit, changes: { [path: string]: string | null }): Promise<Commit> {
  await userGit(repository, "checkout", "-q", "--detach", parent);
  for (const [path, text] of Object.entries(changes)) {
    if (text === null) await rm(join(repository, path));
    else await put(repository, { [path]: text });
  }
  await userGit(repository, "add", "-A");
  await userGit(repository, "commit", "-q", "-m", "by hand");
  const commit = await userGit(repository, "rev-parse", "HEAD");
  await userGit(join(repository, ".longhaul", "trunk.git"), "fetch", "-q", repository, commit);
  return commit as Commit;
}

function fileAccess() {
  return {
    write: (workspace: Workspace, path: string, text: string) => put(workspace.path, { [path]: text }),
    remove: (workspace: Workspace, path: string) => rm(join(workspace.path, path)),
    read: async (workspace: Workspace, path: string) => {
      try {
        return await readFile(join(workspace.path, path), "utf8");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
        throw error;
      }
    },
    readVersion: (path: string) => readFile(path, "utf8"),
  };
}
