/** A trunk in memory: commits are lists of paths; two changes of one path since the base conflict. Survives engines, as a disk does. */
import type { Commit, EngineId, RunId, SessionId, TaskId } from "../../src/domain/ids.ts";
import { nothingPutBack } from "../../src/domain/protected.ts";
import type {
  Change,
  FollowAnswer,
  FollowHow,
  LandAnswer,
  Landed,
  Landing,
  Staged,
  TakenIn,
  Trunk,
  Workspace,
} from "../../src/engine/ports.ts";

export type SimCommit = { id: Commit; parent: Commit; task: TaskId; session: SessionId; files: string[] };
/** A merge of what people have pushed. */
type SimMerge = { id: Commit; parent: Commit; theirs: Commit; files: string[] };

/** What the simulated workers changed, by workspace path. */
export type Edits = Map<string, Set<string>>;

export class SimTrunk {
  readonly root = "c0" as Commit;
  /** Also those that were staged and never landed. */
  readonly #commits = new Map<Commit, SimCommit | SimMerge>();
  #tip: Commit = this.root;
  readonly edits: Edits = new Map();
  readonly open = new Set<string>();
  published: Commit = this.root;
  #owner: EngineId | null = null;
  readonly #takeTime: () => Promise<void>;
  readonly #fails: () => boolean;

  /** `takeTime`: a landing lasts, and much may happen meanwhile. `fails`: a fault of the disk, before or after the branch moves. */
  constructor(takeTime: () => Promise<void>, fails: () => boolean) {
    this.#takeTime = takeTime;
    this.#fails = fails;
  }

  #mayFail(): void {
    if (this.#fails()) throw new Error("the disk of the simulated trunk failed");
  }

  /** Of tasks. */
  landings(): SimCommit[] {
    return this.commits.filter((commit) => "task" in commit);
  }

  tip(): Commit {
    return this.#tip;
  }

  /** What has landed, oldest first. */
  get commits(): (SimCommit | SimMerge)[] {
    return this.#between(this.root, this.#tip);
  }

  /** `step` is a point at which the engine may die; `riskyStep` one at which it does so more often. */
  port(step: () => Promise<void>, riskyStep: () => Promise<void>): Trunk {
    let mark: EngineId | null = null;
    return {
      takeOver: async (_run, engine) => {
        await step();
        this.#owner = mark = engine;
      },
      begin: async () => step(),
      tip: () => step().then(() => this.tip()),
      ...this.#checkouts(step),
      prepare: async () => false,
      workspaceBytes: () => 0,
      takeIn: async (_run, workspace) => {
        await step();
        return this.#takeIn(workspace);
      },
      stage: async (_run, onto, landings) => {
        await riskyStep();
        await this.#takeTime();
        this.#mayFail();
        return this.#stage(onto, landings);
      },
      moveTo: async (_run, from, to) => {
        await riskyStep();
        const moved = this.#moveTo(mark, from, to);
        await riskyStep();
        this.#mayFail();
        return moved;
      },
      ...this.#upkeep(step),
      placeConflict: async (workspace, tip) => {
        await step();
        workspace.base = tip;
        return { base: tip, files: [] };
      },
      keep: async (_run, workspace) => {
        await step();
        return { ok: true, kept: JSON.stringify([...(this.edits.get(workspace.path) ?? [])]) };
      },
      stageFollowed: async (_run, onto, theirs, how) => {
        await step();
        return this.#stageFollowed(onto, theirs, how);
      },
      landedSince: async (_run, since) => {
        await step();
        return this.#landedSince(since);
      },
      changedFiles: async () => {
        await step();
        return { omitted: 0 };
      },
      publish: async () => {
        await step();
        this.published = this.tip();
        return { trunk: "longhaul/sim", green: null };
      },
    };
  }

  #checkouts(step: () => Promise<void>): Pick<Trunk, "openWorkspace" | "openProtected" | "clearLeftovers"> {
    return {
      openWorkspace: async (run, name, commit, { kept, orLater = false } = {}) => {
        await step();
        const base = orLater ? this.tip() : commit;
        return this.#openWorkspace(step, run, name, base, kept ? (JSON.parse(kept) as string[]) : []);
      },
      openProtected: async (run, name, commit) => {
        await step();
        return { workspace: this.#openWorkspace(step, run, name, commit, []), putBack: nothingPutBack };
      },
      clearLeftovers: async () => {
        await step();
        this.open.clear();
      },
    };
  }

  #upkeep(step: () => Promise<void>): Pick<Trunk, "tidy" | "storeSize" | "maintain"> {
    return {
      tidy: async () => {
        await step();
        this.#mayFail();
      },
      storeSize: async () => {
        await step();
        return { size: { packs: 1, looseObjects: this.commits.length * 100, bytes: 0 }, last: null };
      },
      maintain: async (_run, { signal }) => {
        await step();
        await this.#takeTime();
        this.#mayFail();
        if (signal.aborted) throw new Error("the maintenance was cut off");
      },
    };
  }

  #openWorkspace(step: () => Promise<void>, run: RunId, name: string, base: Commit, edits: string[]): Workspace {
    const path = `/sim/${name}`;
    if (this.open.has(path)) throw new Error(`workspace ${path} is open already`);
    this.open.add(path);
    this.edits.set(path, new Set(edits));
    return {
      run,
      name,
      path,
      base,
      sparse: null,
      remove: async () => {
        await step();
        this.open.delete(path);
        this.edits.delete(path);
      },
    };
  }

  async #takeIn(workspace: Workspace): Promise<TakenIn> {
    await this.#takeTime();
    this.#mayFail();
    const files = [...(this.edits.get(workspace.path) ?? [])];
    return files.length === 0 ? { kind: "unchanged" } : { kind: "taken", change: new SimChange(workspace.base, files) };
  }

  #stage(onto: Commit, landings: readonly Landing[]): Staged {
    let tip = onto;
    const answers = landings.map(({ change, task, session }): LandAnswer => {
      const { base, files } = asSim(change);
      const since = this.#between(base, tip);
      const conflicting = files.filter((file) => since.some((commit) => commit.files.includes(file)));
      if (conflicting.length > 0) return { kind: "conflict", files: conflicting };
      const id = `c${this.#commits.size + 1}` as Commit;
      this.#commits.set(id, { id, parent: tip, task, session, files });
      tip = id;
      return { kind: "landed", commit: id, files };
    });
    return { tip, answers };
  }

  #moveTo(mark: EngineId | null, from: Commit, to: Commit): boolean {
    this.#mayFail();
    if (mark !== this.#owner || from !== this.tip()) return false;
    this.#tip = to;
    return true;
  }

  /** Every other push conflicts. */
  #stageFollowed(onto: Commit, theirs: Commit, how: FollowHow): FollowAnswer {
    const before = this.#between(this.root, onto);
    if (before.some((commit) => "theirs" in commit && commit.theirs === theirs)) return { kind: "contained" };
    if (how === "merge" && /[13579]$/.test(theirs))
      return { kind: "conflict", files: ["file-0"], kept: JSON.stringify(["file-0"]) };
    const id = `c${this.#commits.size + 1}` as Commit;
    this.#commits.set(id, { id, parent: onto, theirs, files: [] });
    return { kind: "staged", tip: id, files: [] };
  }

  #landedSince(since: Commit): Landed[] {
    const after = this.#between(since, this.#tip).filter((commit) => "task" in commit);
    return after.map(({ id, task, session }) => ({ commit: id, task, session }));
  }

  /** Oldest first. */
  #between(since: Commit, to: Commit): (SimCommit | SimMerge)[] {
    const found: (SimCommit | SimMerge)[] = [];
    for (let at = this.#commits.get(to); at && at.id !== since; at = this.#commits.get(at.parent)) found.push(at);
    return found.toReversed();
  }
}

class SimChange implements Change {
  readonly base: Commit;
  readonly files: string[];

  constructor(base: Commit, files: string[]) {
    this.base = base;
    this.files = files;
  }
}

function asSim(change: Change): SimChange {
  if (change instanceof SimChange) return change;
  throw new Error("a change of another trunk");
}
