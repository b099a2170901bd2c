/**
 * Owns the bare repository `trunk.git`: how it comes to be, and its refs. Invariants: it is there whole or not at
 * all; it needs nothing of the user's object store once made; a ref moves by compare-and-swap, and is on disk before
 * the move is acknowledged.
 */
import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { EnvironmentError } from "../domain/environment-error.ts";
import type { Commit, EngineId, RunId } from "../domain/ids.ts";
import { GitError, type Git, type GitCall, type Identity } from "./git-process.ts";
import { exists, ignoreMissing } from "./remove-tree.ts";
import type { UserRepository } from "./user-repository.ts";

/** upload-pack does not see our `-c`; it reads the user's repository, which `findRepository` has accepted. */
const uploadPack =
  "--upload-pack=git -c 'safe.directory=*' -c uploadpack.allowAnySHA1InWant=true -c core.hooksPath=/dev/null upload-pack";
const objectName = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

export function asCommit(text: string): Commit {
  if (!objectName.test(text)) throw new Error(`not an object name: ${JSON.stringify(text.slice(0, 80))}`);
  return text as Commit;
}

export class TrunkRepository {
  readonly git: Git;
  readonly gitDir: string;
  readonly identity: Identity;
  readonly #user: UserRepository;
  /** What `takeOver` wrote, by run. */
  readonly #marks = new Map<RunId, string>();

  private constructor(git: Git, gitDir: string, user: UserRepository, identity: Identity) {
    this.git = git;
    this.gitDir = gitDir;
    this.identity = identity;
    this.#user = user;
  }

  /** Opens `<stateFolder>/trunk.git`, made from the user's repository if it is not there yet. */
  static async open(git: Git, user: UserRepository, stateFolder: string, identity: Identity): Promise<TrunkRepository> {
    const gitDir = join(stateFolder, "trunk.git");
    if (!(await exists(gitDir))) await create(git, user, gitDir);
    return new TrunkRepository(git, gitDir, user, identity);
  }

  /** A call on this repository in the name of `run`. */
  at(run: RunId, more: GitCall = {}): GitCall {
    return { gitDir: this.gitDir, run, ...more };
  }

  /** Brings `commit` and what it needs from the user's repository, if it is not here. */
  async ensureCommit(run: RunId, commit: Commit): Promise<void> {
    const found = await this.git.run(
      ["cat-file", "-e", `${asCommit(commit)}^{commit}`],
      this.at(run, { exits: [0, 1, 128] }),
    );
    if (found.exitCode === 0) return;
    await this.git.run(
      [
        "fetch",
        "--quiet",
        "--no-tags",
        "--no-recurse-submodules",
        "--no-write-fetch-head",
        "--no-auto-maintenance",
        "--update-shallow",
        uploadPack,
        "--",
        this.#user.commonDir,
        commit,
      ],
      this.at(run),
    );
  }

  /** A partial clone may lack files; git fetches them on demand over the network, which the trunk never does. */
  async requireComplete(run: RunId, commit: Commit): Promise<void> {
    const promisor = await this.git.run(
      ["config", "--get-regexp", "^(extensions\\.partialclone|remote\\..*\\.promisor)$"],
      { gitDir: this.#user.commonDir, exits: [0, 1] },
    );
    if (promisor.exitCode === 1) return;
    const listed = await this.git.run(
      ["rev-list", "--objects", "--no-walk", "--missing=print", "--no-object-names", commit],
      this.at(run),
    );
    const missing = listed.stdout
      .toString()
      .split("\n")
      .filter((line) => line.startsWith("?")).length;
    if (missing === 0) return;
    throw new EnvironmentError(
      this.#user.topLevel,
      `this is a partial clone that lacks ${missing} objects of ${commit.slice(0, 12)}`,
      `Fetch them first: git fetch --refetch --no-filter, or work in a full clone.`,
    );
  }

  /** The same empty commit every time: the start of a run in a repository without commits. */
  async emptyRoot(): Promise<Commit> {
    const call = { gitDir: this.gitDir };
    const tree = await this.git.text(["mktree"], call);
    const identity = { name: "Longhaul", email: "longhaul@localhost" };
    return asCommit(
      await this.git.text(["commit-tree", tree], { ...call, identity, date: "@0 +0000", input: "Empty start\n" }),
    );
  }

  /** A commit that no ref leads to yet. On the base of some work it also serves to give a merge the right merge base. */
  async commit(run: RunId, tree: string, parent: Commit, message: string): Promise<Commit> {
    return asCommit(
      await this.git.text(
        ["commit-tree", tree, "-p", parent],
        this.at(run, { input: message, identity: this.identity }),
      ),
    );
  }

  async tip(run: RunId): Promise<Commit> {
    return asCommit(await this.git.text(["rev-parse", "--verify", `${branch(run)}^{commit}`], this.at(run)));
  }

  /** The branch's commit, or null when there is no such branch. */
  async tipOrNull(run: RunId): Promise<Commit | null> {
    const answer = await this.git.run(
      ["rev-parse", "--verify", "--quiet", `${branch(run)}^{commit}`],
      this.at(run, { exits: [0, 1] }),
    );
    return answer.exitCode === 0 ? asCommit(answer.stdout.toString().trim()) : null;
  }

  /** Writes whose the branch is: a ref to a blob with the engine's id, which every later move of ours verifies. */
  async takeOver(run: RunId, engine: EngineId): Promise<void> {
    const mark = await this.git.text(["hash-object", "-w", "--stdin"], this.at(run, { input: engine }));
    await this.git.run(["update-ref", engineRef(run), mark], this.at(run));
    this.#marks.set(run, mark);
  }

  /**
   * Moves the branch from `from` (null: not there) to `to`, durably. false: it was not at `from` (any more), or the run
   * was taken over by another engine. One transaction of refs, so an engine that slept through a take-over moves nothing.
   */
  async moveBranch(run: RunId, from: Commit | null, to: Commit): Promise<boolean> {
    const old = from ?? "0".repeat(to.length);
    const mark = this.#marks.get(run);
    const input = [...(mark ? [`verify ${engineRef(run)} ${mark}`] : []), `update ${branch(run)} ${to} ${old}`];
    const moved = await this.git.run(
      ["update-ref", "--stdin"],
      this.at(run, { exits: [0, 1, 128], input: `${input.join("\n")}\n` }),
    );
    if (moved.exitCode === 0) {
      // git has flushed the ref's file, but not the folder that names it.
      await syncFolder(dirname(join(this.gitDir, branch(run))));
      return true;
    }
    if ((await this.tipOrNull(run)) !== from || (mark && (await this.#readMark(run)) !== mark)) return false;
    throw new GitError(["update-ref"], `failed with exit code ${moved.exitCode}`, moved.exitCode, moved.stderr);
  }

  async #readMark(run: RunId): Promise<string> {
    const answer = await this.git.run(
      ["rev-parse", "--verify", "--quiet", engineRef(run)],
      this.at(run, { exits: [0, 1] }),
    );
    return answer.stdout.toString().trim();
  }

  async setGreen(run: RunId, green: Commit): Promise<void> {
    await this.git.run(["update-ref", greenRef(run), asCommit(green)], this.at(run));
  }

  /** Removes locks that a killed git left on this run's refs. */
  async clearLocks(run: RunId): Promise<void> {
    await rm(join(this.gitDir, `${branch(run)}.lock`), { force: true });
    const folder = dirname(join(this.gitDir, greenRef(run)));
    const names = await readdir(folder).catch(ignoreMissing<string[]>([]));
    for (const name of names) if (name.endsWith(".lock")) await rm(join(folder, name), { force: true });
  }
}

export const branch = (run: RunId) => `refs/heads/${run}`;
const engineRef = (run: RunId) => `refs/longhaul/${run}/engine`;
export const greenRef = (run: RunId) => `refs/longhaul/${run}/green`;

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function create(git: Git, user: UserRepository, gitDir: string): Promise<void> {
  await mkdir(dirname(gitDir), { recursive: true });
  await removeDeadBuilds(gitDir);
  const building = `${gitDir}.building-${process.pid}-${randomUUID()}`;
  await cloneInto(git, user, building);
  await git.run(["config", "--remove-section", "remote.origin"], { gitDir: building });
  await rm(join(building, "packed-refs"), { force: true });
  await rm(join(building, "refs", "heads"), { recursive: true, force: true });
  await mkdir(join(building, "refs", "heads"), { recursive: true });
  await mkdir(join(building, "objects", "info"), { recursive: true });
  await writeFile(join(building, "HEAD"), "ref: refs/heads/none\n");
  await rename(building, gitDir).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    // Another process was faster.
    await rm(building, { recursive: true, force: true });
  });
}

/** Objects are linked, which costs nothing, or copied where the state folder lies on another disk. */
async function cloneInto(git: Git, user: UserRepository, building: string): Promise<void> {
  // --dissociate copies what the user's repository itself only borrows.
  const clone = (how: string) =>
    git.run([
      "clone",
      "--quiet",
      "--bare",
      how,
      "--dissociate",
      "--no-tags",
      "--template=",
      uploadPack,
      "--",
      user.commonDir,
      building,
    ]);
  try {
    await clone("--local");
  } catch (error) {
    if (!(error instanceof GitError) || !/cross-device|failed to create link/i.test(error.stderr)) throw error;
    await rm(building, { recursive: true, force: true });
    await clone("--no-hardlinks");
  }
}

async function removeDeadBuilds(gitDir: string): Promise<void> {
  for (const name of await readdir(dirname(gitDir))) {
    const pid = /^trunk\.git\.building-(\d+)-/.exec(name)?.[1];
    if (pid && !lives(Number(pid))) await rm(join(dirname(gitDir), name), { recursive: true, force: true });
  }
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** The lines of `shallow` when the user's repository is a shallow clone: every git folder over these objects needs them. */
export async function readShallow(gitDir: string): Promise<string | null> {
  return readFile(join(gitDir, "shallow"), "utf8").catch(ignoreMissing<string | null>(null));
}
