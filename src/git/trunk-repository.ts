/**
 * Owns the bare repository `trunk.git` and its refs. Invariants: it needs nothing of the user's object store once made; a
 * ref moves by compare-and-swap, and is on disk before the move is acknowledged.
 */
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { EnvironmentError } from "../domain/environment-error.ts";
import type { Commit, EngineId, RunId } from "../domain/ids.ts";
import { gitLimits } from "../domain/limits.ts";
import { GitError, type Git, type GitCall, type Identity } from "./git-process.ts";
import { makeTrunk, uploadPack } from "./make-trunk.ts";
import { commitBody, nameObject } from "./objects.ts";
import { buildingPrefixes, ObjectStore, syncFolder, type OnStep } from "./object-store.ts";
import { packObject, type PackedObject } from "./pack.ts";
import { exists, ignoreMissing } from "./remove-tree.ts";
import { RefTransactions } from "./ref-transactions.ts";
import type { UserRepository } from "./user-repository.ts";

const objectName = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

export function asCommit(text: string): Commit {
  if (!objectName.test(text)) throw new Error(`not an object name: ${JSON.stringify(text.slice(0, 80))}`);
  return text as Commit;
}

/** `signOff`: landed commits carry the identity's `Signed-off-by`. */
export type TrunkSettings = { identity: Identity; signOff: boolean; onStep: OnStep };

export class TrunkRepository {
  readonly git: Git;
  readonly gitDir: string;
  readonly identity: Identity;
  /** Who signs landed commits off; null: nobody. */
  readonly signer: Identity | null;
  readonly onStep: OnStep;
  readonly #user: UserRepository;
  /** What `takeOver` wrote, by run. */
  readonly #marks = new Map<RunId, string>();
  readonly #stores = new Map<RunId, ObjectStore>();
  readonly #moves: RefTransactions;
  /** A git of their own: what is kept does not wait for landings, nor they for it. */
  readonly #pins: RefTransactions;

  private constructor(git: Git, gitDir: string, user: UserRepository, { identity, signOff, onStep }: TrunkSettings) {
    this.git = git;
    this.onStep = onStep;
    this.gitDir = gitDir;
    this.identity = identity;
    this.signer = signOff ? identity : null;
    this.#user = user;
    this.#moves = new RefTransactions(git, gitDir);
    this.#pins = new RefTransactions(git, gitDir, ["--no-deref"]);
  }

  /** Opens `<stateFolder>/trunk.git`, made from the user's repository if it is not there yet. */
  static async open(
    git: Git,
    user: UserRepository,
    stateFolder: string,
    settings: TrunkSettings,
  ): Promise<TrunkRepository> {
    const gitDir = join(stateFolder, "trunk.git");
    if (!(await exists(gitDir))) await makeTrunk(git, user, gitDir);
    return new TrunkRepository(git, gitDir, user, settings);
  }

  /** A call on this repository in the name of `run`. */
  at(run: RunId, more: GitCall = {}): GitCall {
    return { gitDir: this.gitDir, run, ...more };
  }

  /** Brings `commit` and what it needs from the user's repository, if it is not here. */
  async ensureCommit(run: RunId, commit: Commit): Promise<void> {
    if (await this.#has(run, asCommit(commit))) return;
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

  /** What the run reads and writes here. */
  objects(run: RunId): ObjectStore {
    const known = this.#stores.get(run);
    if (known) return known;
    const store = new ObjectStore(this.git, this.gitDir, run, this.onStep);
    this.#stores.set(run, store);
    return store;
  }

  /** A commit that is not in the store yet, and that no ref leads to. */
  makeCommit(
    tree: string,
    parents: readonly [Commit, ...Commit[]],
    message: string,
  ): { commit: Commit; object: PackedObject } {
    const body = commitBody({ tree, parents, identity: this.identity, at: new Date(), message });
    const commit = asCommit(nameObject("commit", body, parents[0]));
    return { commit, object: packObject("commit", commit, body) };
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

  /** Has it come from a trunk of this repository: is it behind one of its branches? */
  async isOurs(run: RunId, commit: string): Promise<boolean> {
    if (!(await this.#has(run, commit))) return false;
    const behind = ["for-each-ref", "--count=1", "--format=%(refname)", "--contains", commit, "refs/heads"];
    return (await this.git.text(behind, this.at(run))) !== "";
  }

  async #has(run: RunId, commit: string): Promise<boolean> {
    const found = await this.git.run(["cat-file", "-e", `${commit}^{commit}`], this.at(run, { exits: [0, 1, 128] }));
    return found.exitCode === 0;
  }

  /** Writes whose the branch is: a ref to a blob with the engine's id, which every later move of ours verifies. */
  async takeOver(run: RunId, engine: EngineId): Promise<void> {
    const mark = await this.git.text(["hash-object", "-w", "--stdin"], this.at(run, { input: engine }));
    await this.git.run(["update-ref", engineRef(run), mark], this.at(run));
    this.#marks.set(run, mark);
  }

  /**
   * Moves the branch from `from` (null: not there) to `to`, durably; with both the same it only looks. false: it was not
   * at `from` (any more), or the run was taken over by another engine. One transaction of refs, so an engine that slept
   * through a take-over moves nothing.
   */
  async moveBranch(run: RunId, from: Commit | null, to: Commit): Promise<boolean> {
    const old = from ?? "0".repeat(to.length);
    const mark = this.#marks.get(run);
    const lines = [
      ...(mark ? [`verify ${engineRef(run)} ${mark}`] : []),
      from === to ? `verify ${branch(run)} ${to}` : `update ${branch(run)} ${to} ${old}`,
    ];
    return this.#moves.alone(async () => {
      for (let tries = 1; ; tries++) {
        try {
          await this.#moves.commit(run, lines);
          break;
        } catch (error) {
          if (!(error instanceof GitError)) throw error;
          if ((await this.tipOrNull(run)) !== from || (mark && (await this.#readMark(run)) !== mark)) return false;
          // A git that stayed may have been gone before it was asked.
          if (tries === 2) throw error;
        }
      }
      // git has flushed the ref's file, but not the folder that names it.
      if (from !== to) await syncFolder(dirname(join(this.gitDir, branch(run))));
      return true;
    });
  }

  /** Makes objects last by refs that lead to them, durably, and lets go of others. Repeatable. */
  async pin(
    run: RunId,
    refs: { add: readonly { ref: string; oid: string }[]; remove: readonly string[] },
  ): Promise<void> {
    const lines = [
      ...refs.add.map(({ ref, oid }) => `update ${ref} ${oid}`),
      ...refs.remove.map((ref) => `delete ${ref}`),
    ];
    const pin = () => this.#pins.commit(run, lines);
    await this.#pins.alone(() =>
      pin().catch(async (error: unknown) => {
        if (!(error instanceof GitError)) throw error;
        await this.#clearDeadLock();
        // A git that stayed may have been gone before it was asked.
        return pin();
      }),
    );
    const folders = new Set(refs.add.map(({ ref }) => dirname(join(this.gitDir, ref))));
    for (const folder of folders) await syncFolder(folder);
  }

  /** Lets its git processes end; the next call starts others. */
  rest(): void {
    this.#moves.rest();
    this.#pins.rest();
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

  /** The lock that every removal of a ref takes, of whichever run, where a git died with it: no other holds it so long. */
  async #clearDeadLock(): Promise<void> {
    const lock = join(this.gitDir, "packed-refs.lock");
    const takenAt = await stat(lock).then(({ mtimeMs }) => mtimeMs, ignoreMissing(Infinity));
    if (Date.now() - takenAt > gitLimits.answerMs) await rm(lock, { force: true });
  }

  /** Removes locks that a killed git left on this run's refs, and packs that a killed engine had not finished. */
  async clearLocks(run: RunId): Promise<void> {
    await rm(join(this.gitDir, `${branch(run)}.lock`), { force: true });
    const folder = dirname(join(this.gitDir, greenRef(run)));
    const names = await readdir(folder, { recursive: true }).catch(ignoreMissing<string[]>([]));
    for (const name of names) if (name.endsWith(".lock")) await rm(join(folder, name), { force: true });
    const packs = join(this.gitDir, "objects", "pack");
    for (const name of await readdir(packs))
      if (buildingPrefixes(run).some((prefix) => name.startsWith(prefix))) await rm(join(packs, name), { force: true });
  }
}

export const branch = (run: RunId) => `refs/heads/${run}`;
const engineRef = (run: RunId) => `refs/longhaul/${run}/engine`;
/** Where the followed branch of the remote was fetched to. */
export const followedRef = (run: RunId) => `refs/longhaul/${run}/base`;
/** What conflicted of it the last time, and what that was begun from: `theirs` and `base` below it. */
export const contestedRefs = (run: RunId) => `refs/longhaul/${run}/contested`;
/** What sessions have kept: `<session>/<tree>` below it. */
export const keptRefs = (run: RunId) => `refs/longhaul/${run}/kept`;
export const greenRef = (run: RunId) => `refs/longhaul/${run}/green`;

/** The lines of `shallow` when the user's repository is a shallow clone: every git folder over these objects needs them. */
export async function readShallow(gitDir: string): Promise<string | null> {
  return readFile(join(gitDir, "shallow"), "utf8").catch(ignoreMissing<string | null>(null));
}
