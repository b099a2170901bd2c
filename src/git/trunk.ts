/** The `Trunk` port on git itself: puts the parts together and knows which workspace is which. */
import { mkdir, realpath } from "node:fs/promises";
import pLimit from "p-limit";
import { invariant } from "../domain/assert.ts";
import { coneOf } from "../domain/cone.ts";
import { gitLimits, layerLimits } from "../domain/limits.ts";
import type { Commit, EngineId, RunId } from "../domain/ids.ts";
import type { PublishConfig } from "../domain/publish-config.ts";
import type {
  FollowAnswer,
  FollowHow,
  Landed,
  Landing,
  LookAtFiles,
  MaintenanceOrder,
  OpenHow,
  PrepareWork,
  Protect,
  ProtectedWorkspace,
  Remote,
  Staged,
  TakenIn,
  Trunk,
  Workspace,
} from "../engine/ports.ts";
import { changedFiles } from "./changed-files.ts";
import type { CheckoutHow, Checkouts } from "./checkouts.ts";
import { chooseCheckouts, type CheckoutsChoice } from "./choose-checkouts.ts";
import { parseLanded } from "./commit-message.ts";
import { placeConflict, unresolved } from "./conflict.ts";
import { stageFollowed } from "./follow.ts";
import { Git, type Environment, type Identity } from "./git-process.ts";
import { takeIn } from "./intake.ts";
import { keep, putBack, readKept } from "./keep.ts";
import { toLatin1 } from "./latin1.ts";
import { stageGroup } from "./landing.ts";
import { lastMaintained, maintain, measureStore } from "./maintenance.ts";
import type { OnStep } from "./object-store.ts";
import { Passed } from "./passed.ts";
import { Places } from "./places.ts";
import { absentAt, putProtectedBack } from "./protected.ts";
import { publish } from "./publish.ts";
import { GitRemote } from "./remote.ts";
import { asCommit, TrunkRepository } from "./trunk-repository.ts";
import { checkGit, readUserHead, type UserRepository } from "./user-repository.ts";
import { GitWorkspace, removePlace, type WorkspacePlace } from "./workspace.ts";

export type GitTrunkOptions = Partial<CheckoutsChoice> & {
  repository: UserRepository;
  /** `<top level>/.longhaul`. */
  stateFolder: string;
  /** This process's own environment; git sees of it only PATH. */
  environment: Environment;
  /** Author and committer of what lands. */
  identity?: Identity;
  /** Landed commits carry its `Signed-off-by`. */
  signOff?: boolean;
  onStep?: OnStep;
};

export const defaultIdentity: Identity = { name: "Longhaul", email: "longhaul@localhost" };

/** Opens the trunk below `stateFolder` and makes it if it is not there. Throws `EnvironmentError`. */
export async function openGitTrunk(options: GitTrunkOptions): Promise<GitTrunk> {
  const git = new Git(options.environment);
  await checkGit(git);
  await mkdir(options.stateFolder, { recursive: true });
  const stateFolder = await realpath(options.stateFolder);
  const { identity = defaultIdentity, signOff = false, onStep = () => undefined } = options;
  const trunk = await TrunkRepository.open(git, options.repository, stateFolder, { identity, signOff, onStep });
  const checkouts = await chooseCheckouts(trunk, stateFolder, options);
  return new GitTrunk(trunk, options.repository, stateFolder, checkouts);
}

export class GitTrunk implements Trunk {
  readonly #trunk: TrunkRepository;
  readonly #user: UserRepository;
  readonly #checkouts: Checkouts;
  /** A burst of sessions must not starve everything else. */
  readonly #openings = pLimit(layerLimits.openingsAtOnce);
  readonly #open = new Map<string, GitWorkspace>();
  readonly #passed = new Map<RunId, Passed>();
  readonly #places: Places;

  constructor(trunk: TrunkRepository, user: UserRepository, stateFolder: string, checkouts: Checkouts) {
    this.#trunk = trunk;
    this.#user = user;
    this.#checkouts = checkouts;
    this.#places = new Places(stateFolder);
  }

  /**
   * Where a run starts: the commit that the user has checked out, or, in a repository without commits, an empty one.
   * `dirty` counts changed and untracked paths of theirs, which the run will not see.
   */
  async resolveBase(): Promise<{ base: Commit; dirty: number; unborn: boolean }> {
    const head = await readUserHead(this.#trunk.git, this.#user);
    return { base: head.commit ?? (await this.#trunk.emptyRoot()), dirty: head.dirty, unborn: head.commit === null };
  }

  async begin(run: RunId, base: Commit): Promise<void> {
    requireRunId(run);
    await this.#trunk.ensureCommit(run, base);
    await this.#trunk.requireComplete(run, base);
    if ((await this.#trunk.tipOrNull(run)) === null) await this.#trunk.moveBranch(run, null, base);
  }

  takeOver(run: RunId, engine: EngineId): Promise<void> {
    requireRunId(run);
    return this.#trunk.takeOver(run, engine);
  }

  tip(run: RunId): Promise<Commit> {
    requireRunId(run);
    return this.#trunk.tip(run);
  }

  async openWorkspace(run: RunId, name: string, commit: Commit, how: OpenHow = {}): Promise<Workspace> {
    requireRunId(run);
    const { kept = null, orLater = false, scope = [] } = how;
    const before = kept === null ? null : readKept(kept);
    const passed = orLater && before === null ? this.#passedBy(run) : null;
    const cone = coneOf(scope.map(toLatin1));
    const workspace = await this.#openAt(run, name, before?.base ?? asCommit(commit), { passed, cone });
    if (before) await orRemoved(workspace, () => putBack(this.#trunk, workspace, before));
    return workspace;
  }

  async openProtected(run: RunId, name: string, commit: Commit, protect: Protect): Promise<ProtectedWorkspace> {
    requireRunId(run);
    const workspace = await this.#openAt(run, name, asCommit(commit), { passed: null, cone: null });
    return orRemoved(workspace, async () => ({
      workspace,
      putBack: await putProtectedBack(this.#trunk, workspace, protect),
    }));
  }

  /** Those of `paths` that a run could not protect, because they are not there at `base`, where it began. */
  absentAt(base: Commit, paths: readonly string[]): Promise<string[]> {
    return absentAt(this.#trunk.git, this.#trunk.gitDir, base, paths);
  }

  prepare(run: RunId, name: string, commit: Commit, work: PrepareWork): Promise<boolean> {
    requireRunId(run);
    return this.#inPlace(run, name, (place) => this.#checkouts.prepare(place, asCommit(commit), work));
  }

  /** At the end, when no workspace is open any more. */
  async close(): Promise<void> {
    this.#trunk.rest();
    await this.#checkouts.close();
    await this.#places.close();
  }

  workspaceBytes(run: RunId): number {
    return this.#checkouts.bytesOfNext(run);
  }

  async clearLeftovers(run: RunId): Promise<void> {
    requireRunId(run);
    await this.#checkouts.clear(run);
    await this.#places.clear(run);
    this.#open.clear();
    await this.#trunk.clearLocks(run);
  }

  async takeIn(run: RunId, workspace: Workspace): Promise<TakenIn> {
    invariant(run === workspace.run, "a workspace lands on its own run");
    const ours = this.#ours(workspace);
    const intake = await takeIn(this.#trunk, ours);
    if (!intake.ok) return { kind: "refused", reasons: intake.reasons };
    const reasons = await unresolved(this.#trunk, ours, intake.change);
    if (reasons.length > 0) return { kind: "refused", reasons };
    const { change } = intake;
    return change.edits.size === 0 ? { kind: "unchanged" } : { kind: "taken", change };
  }

  stage(run: RunId, onto: Commit, landings: readonly Landing[]): Promise<Staged> {
    requireRunId(run);
    return stageGroup(this.#trunk, run, asCommit(onto), landings);
  }

  async moveTo(run: RunId, from: Commit, to: Commit): Promise<boolean> {
    requireRunId(run);
    const moved = await this.#trunk.moveBranch(run, asCommit(from), asCommit(to));
    if (moved) this.#trunk.onStep("branch moved");
    if (moved) this.#passedBy(run).moved(from, to);
    return moved;
  }

  async keep(run: RunId, workspace: Workspace) {
    invariant(run === workspace.run, "a workspace is kept for its own run");
    const kept = await keep(this.#trunk, this.#ours(workspace));
    await this.tidy(run);
    return kept;
  }

  tidy(run: RunId): Promise<void> {
    requireRunId(run);
    return this.#trunk.objects(run).tidy();
  }

  async storeSize(run: RunId) {
    requireRunId(run);
    const { gitDir } = this.#trunk;
    return { size: await measureStore(gitDir), last: await lastMaintained(gitDir) };
  }

  maintain(run: RunId, order: MaintenanceOrder): Promise<void> {
    requireRunId(run);
    return maintain(this.#trunk, run, order);
  }

  placeConflict(workspace: Workspace, tip: Commit) {
    return placeConflict(this.#trunk, this.#ours(workspace), tip);
  }

  async landedSince(run: RunId, since: Commit, paths: readonly string[] = []): Promise<Landed[]> {
    requireRunId(run);
    const tip = await this.#trunk.tip(run);
    const which = paths.slice(0, gitLimits.pathsOfLogMax).map((path) => `:(top,literal)${path}`);
    const log = await this.#trunk.git.list(
      ["log", "-z", "--first-parent", "--reverse", "--format=%H%n%B", `${asCommit(since)}..${tip}`, "--", ...which],
      this.#trunk.at(run),
    );
    return log.flatMap((entry) => {
      const end = entry.indexOf("\n");
      const landed = parseLanded(run, asCommit(entry.slice(0, end)), entry.slice(end + 1));
      return landed === null ? [] : [landed];
    });
  }

  changedFiles(run: RunId, between: readonly [Commit, Commit], look: LookAtFiles) {
    requireRunId(run);
    return changedFiles(this.#trunk, run, between, look);
  }

  stageFollowed(run: RunId, onto: Commit, theirs: Commit, how: FollowHow): Promise<FollowAnswer> {
    requireRunId(run);
    return stageFollowed(this.#trunk, run, { onto: asCommit(onto), theirs: asCommit(theirs), how });
  }

  /** The remote that a run is published to. */
  remote(config: PublishConfig): Remote {
    return new GitRemote(this.#trunk, this.#user, config);
  }

  publish(run: RunId, green: Commit | null) {
    requireRunId(run);
    return publish(this.#trunk, this.#user, run, green);
  }

  #passedBy(run: RunId): Passed {
    const passed = this.#passed.get(run) ?? new Passed();
    this.#passed.set(run, passed);
    return passed;
  }

  async #openAt(run: RunId, name: string, commit: Commit, how: CheckoutHow): Promise<GitWorkspace> {
    return this.#inPlace(run, name, async (place) => {
      const checkout = await this.#openings(() => this.#checkouts.open(place, commit, how));
      const workspace = new GitWorkspace(place, checkout, () => this.#open.delete(place.path));
      this.#open.set(place.path, workspace);
      return workspace;
    });
  }

  /** Where `open` fails, nothing is left there. */
  async #inPlace<T>(run: RunId, name: string, open: (place: WorkspacePlace) => Promise<T>): Promise<T> {
    const place = this.#places.of(run, name);
    if (!(await place.isOurs())) throw new Error(`run ${run} was taken over by another engine`);
    return orRemoved({ remove: () => removePlace(place) }, () => open(place));
  }

  /** The caller may hold a copy; the state is ours. */
  #ours(workspace: Workspace): GitWorkspace {
    const ours = this.#open.get(this.#places.of(workspace.run, workspace.name).path);
    invariant(ours, `workspace ${workspace.path} is open in this trunk`);
    return ours;
  }
}

/** Where `work` fails nothing is left: nobody would know of it, and the disk may be full of just that. */
async function orRemoved<T>(what: { remove(): Promise<void> }, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await what.remove();
    throw error;
  }
}

/** A run's id names a branch and folders. */
function requireRunId(run: RunId): void {
  invariant(/^[a-z0-9][a-z0-9-]{0,63}$/.test(run), "a run id is made of small letters, digits and dashes");
}
