/** A trunk whose changes are made of nothing but texts, for tests of the lane that need many. */
import { join } from "node:path";
import type { Commit, SessionId, TaskId } from "../domain/ids.ts";
import type { Landing } from "../engine/ports.ts";
import { GitChange, packTrees } from "./change.ts";
import { byFolder, type Change } from "./edits.ts";
import { Git } from "./git-process.ts";
import { environment, makeRepository, temporaryFolder, userGit } from "./git-world.testsuite.ts";
import { toLatin1 } from "./latin1.ts";
import { stageGroup } from "./landing.ts";
import { nameObject } from "./objects.ts";
import type { ObjectStore } from "./object-store.ts";
import { packObject, type PackedObject } from "./pack.ts";
import type { MadeTrees } from "./trees.ts";
import { runA, type GroupAnswer } from "./trunk-steps.testsuite.ts";
import { TrunkRepository } from "./trunk-repository.ts";
import { findRepository } from "./user-repository.ts";

/** Content by path; one that begins with `#!` is executable, with `->` a link. */
export type Texts = ReadonlyMap<string, string>;

export class LaneWorld {
  readonly trunk: TrunkRepository;
  readonly root: Commit;
  readonly gitDir: string;
  readonly close: () => Promise<void>;

  private constructor(trunk: TrunkRepository, root: Commit, gitDir: string, close: () => Promise<void>) {
    this.trunk = trunk;
    this.root = root;
    this.gitDir = gitDir;
    this.close = close;
  }

  static async make(format: "sha1" | "sha256" = "sha1"): Promise<LaneWorld> {
    const folder = await temporaryFolder();
    const user = join(folder.path, "user");
    await makeRepository(user, {}, format);
    await userGit(user, "commit", "-q", "--allow-empty", "-m", "root");
    const git = new Git(environment);
    const settings = { identity: { name: "Lane", email: "lane@localhost" }, signOff: false, onStep: () => undefined };
    const trunk = await TrunkRepository.open(git, await findRepository(git, user), folder.path, settings);
    const root = (await userGit(user, "rev-parse", "HEAD")) as Commit;
    await trunk.ensureCommit(runA, root);
    return new LaneWorld(trunk, root, join(folder.path, "trunk.git"), folder.remove);
  }

  get store(): ObjectStore {
    return this.trunk.objects(runA);
  }

  git(...args: string[]): Promise<string> {
    return userGit(this.gitDir, ...args);
  }

  /** Stages the group and moves the branch to it. */
  async land(onto: Commit, landings: readonly Landing[]): Promise<GroupAnswer> {
    const staged = await stageGroup(this.trunk, runA, onto, landings);
    return (await this.trunk.moveBranch(runA, onto, staged.tip)) ? { kind: "settled", ...staged } : { kind: "moved" };
  }

  /** What turns `before` into `after`. */
  change(base: Commit, before: Texts, after: Texts): GitChange {
    const edits = new Map<string, Change | null>();
    const objects: PackedObject[] = [];
    for (const path of before.keys()) if (!after.has(path)) edits.set(toLatin1(path), null);
    for (const [path, text] of after) {
      if (before.get(path) === text) continue;
      const body = Buffer.from(text.replace(/^->/, ""));
      const oid = nameObject("blob", body, base);
      const mode = text.startsWith("->") ? "120000" : text.startsWith("#!") ? "100755" : "100644";
      edits.set(toLatin1(path), { mode, oid });
      objects.push(packObject("blob", oid, body));
    }
    return new GitChange(base, edits, objects);
  }

  /** A commit of these files on `parent`, whose files are `before`. */
  async commit(parent: Commit, before: Texts, after: Texts): Promise<Commit> {
    const change = this.change(parent, before, after);
    const made: MadeTrees = new Map();
    const tree = await this.store.trees.edit(await this.store.trees.rootOf(parent), byFolder(change.edits), made);
    const { commit, object } = this.trunk.makeCommit(tree, [parent], "made\n");
    await this.store.write([...change.objects, ...packTrees(made), object]);
    return commit;
  }

  /** The run's branch, at `commit`. */
  async branchAt(commit: Commit): Promise<void> {
    await this.trunk.moveBranch(runA, await this.trunk.tipOrNull(runA), commit);
  }
}

export const landing = (n: number, change: GitChange): Landing => ({
  change,
  cycle: 1,
  task: n as TaskId,
  session: n as SessionId,
  message: `Task ${n}`,
});
