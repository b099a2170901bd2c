/**
 * Owns the staging of changes in groups. Invariants: one landing is one commit, in the order they were given, each
 * merged onto the one before; all objects are on disk before anything is answered, so that one move of the branch is all
 * that is left to do.
 */
import type { Commit, RunId } from "../domain/ids.ts";
import type { LandAnswer, Landing, Staged } from "../engine/ports.ts";
import { GitChange, packTrees, pathsOf, wholeOf } from "./change.ts";
import { landedMessage } from "./commit-message.ts";
import { merge, withoutSides } from "./merge.ts";
import type { ObjectStore } from "./object-store.ts";
import { needsMerge } from "./overlap.ts";
import type { PackedObject } from "./pack.ts";
import { withoutStrays } from "./stray-links.ts";
import type { MadeTrees } from "./trees.ts";
import type { TrunkRepository } from "./trunk-repository.ts";

export async function stageGroup(
  trunk: TrunkRepository,
  run: RunId,
  onto: Commit,
  landings: readonly Landing[],
): Promise<Staged> {
  const group = new Group(trunk, run, onto, await trunk.objects(run).trees.rootOf(onto));
  const answers: LandAnswer[] = [];
  for (const landing of landings) answers.push(await group.add(landing));
  await group.finish();
  return { tip: group.tip, answers };
}

type Merged = { clean: true; tree: string; files: readonly string[] } | { clean: false; files: string[] };

class Group {
  /** Of what has been added so far. */
  tip: Commit;
  #tree: string;
  readonly #trunk: TrunkRepository;
  readonly #run: RunId;
  readonly #store: ObjectStore;
  #pending: PackedObject[] = [];

  constructor(trunk: TrunkRepository, run: RunId, onto: Commit, tree: string) {
    this.#trunk = trunk;
    this.#run = run;
    this.#store = trunk.objects(run);
    this.tip = onto;
    this.#tree = tree;
  }

  async add(landing: Landing): Promise<LandAnswer> {
    if (!(landing.change instanceof GitChange)) throw new Error("a change of another trunk");
    const merged = await this.#merge(landing.change);
    if (!merged.clean) return { kind: "conflict", files: merged.files };
    if (merged.tree === this.#tree) return { kind: "contained" };
    const { commit, object } = this.#trunk.makeCommit(
      merged.tree,
      [this.tip],
      landedMessage(this.#run, landing, this.#trunk.signer),
    );
    this.#pending.push(object);
    this.#store.trees.keepRoot(commit, merged.tree);
    [this.tip, this.#tree] = [commit, merged.tree];
    return { kind: "landed", commit, files: [...merged.files] };
  }

  /** Makes everything durable. */
  finish(): Promise<void> {
    return this.#write([]);
  }

  async #merge(change: GitChange): Promise<Merged> {
    const { trees } = this.#store;
    const base = await trees.rootOf(change.base);
    if (await needsMerge(trees, base, this.#tree, change.folders)) return this.#mergeByGit(change);
    const made: MadeTrees = new Map();
    const tree = await trees.edit(this.#tree, change.folders, made);
    this.#pending.push(...change.objects, ...packTrees(made));
    return { clean: true, tree, files: change.files };
  }

  /** git sees only what is in the store, so the group so far is written first. */
  async #mergeByGit(change: GitChange): Promise<Merged> {
    const { tree, objects } = await wholeOf(this.#store.trees, change);
    const work = this.#trunk.makeCommit(tree, [change.base], "work\n");
    await this.#write([...objects, work.object]);
    const sides = { trunk: this.tip, yours: work.commit };
    const merged = await withoutStrays(
      this.#store,
      sides,
      await merge(this.#trunk, this.#run, sides.trunk, sides.yours),
    );
    if (!merged.clean) return { clean: false, files: withoutSides(merged.files, [this.tip, work.commit]) };
    return {
      clean: true,
      tree: merged.tree,
      files: pathsOf(await this.#store.trees.difference(this.#tree, merged.tree)),
    };
  }

  async #write(more: PackedObject[]): Promise<void> {
    const objects = [...this.#pending, ...more];
    if (objects.length > 0) await this.#store.write(objects);
    this.#pending = [];
  }
}
