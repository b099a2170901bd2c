/**
 * Owns work on trees in this process: reading them once, changing touched paths, comparing two. Its cost follows the
 * paths that are touched, not the size of the tree.
 */
import { laneLimits } from "../domain/limits.ts";
import type { EditFolder, Edits } from "./edits.ts";
import { emptyTree, folderMode, isFolder, nameObject, sameEntry, Tree, treeOfCommit, type Entry } from "./objects.ts";
import type { ObjectReader } from "./object-reader.ts";

/** New trees, by their names. */
export type MadeTrees = Map<string, Tree>;

export class Trees {
  readonly #reader: ObjectReader;
  /** The most recently used last. */
  readonly #cache = new Map<string, Tree>();
  #entries = 0;
  readonly #roots = new Map<string, string>();

  constructor(reader: ObjectReader) {
    this.#reader = reader;
  }

  /** The tree of a commit. */
  async rootOf(commit: string): Promise<string> {
    const known = this.#roots.get(commit);
    if (known !== undefined) return known;
    const root = treeOfCommit(await this.#reader.read(commit, "commit"));
    this.keepRoot(commit, root);
    return root;
  }

  keepRoot(commit: string, root: string): void {
    if (this.#roots.size >= laneLimits.rootsCachedMax) this.#roots.delete(this.#roots.keys().next().value ?? "");
    this.#roots.set(commit, root);
  }

  async read(oid: string): Promise<Tree> {
    const cached = this.#cache.get(oid);
    if (cached) {
      this.#cache.delete(oid);
      this.#cache.set(oid, cached);
      return cached;
    }
    const tree = Tree.parse(await this.#reader.read(oid, "tree"), oid);
    this.#keep(oid, tree);
    return tree;
  }

  /** What is at `path`; undefined: nothing. */
  async find(root: string, path: string): Promise<Entry | undefined> {
    let entry: Entry | undefined = { mode: folderMode, name: "", oid: root };
    for (const name of path.split("/")) {
      if (!isFolder(entry)) return undefined;
      entry = (await this.read(entry.oid)).find(name);
    }
    return entry;
  }

  /** `root` with the edits made; `made` gets the trees that are new. */
  async edit(root: string, edits: EditFolder, made: MadeTrees): Promise<string> {
    return (await this.#edit(root, root, edits, made)) ?? this.#make(emptyTree, root, made);
  }

  /** null: nothing is left of it. */
  async #edit(oid: string | null, like: string, { children }: EditFolder, made: MadeTrees): Promise<string | null> {
    const before = oid === null ? emptyTree : await this.read(oid);
    const changes = new Map<string, Omit<Entry, "name"> | null>();
    for (const [name, child] of children) {
      const there = before.find(name);
      if (child.kind === "file") changes.set(name, child.entry);
      else if (child.kind === "gone") changes.set(name, null);
      else {
        const below = await this.#edit(isFolder(there) ? there.oid : null, like, child, made);
        changes.set(name, below === null ? null : { mode: folderMode, oid: below });
      }
    }
    const after = before.with(changes);
    return after.entries.length === 0 ? null : this.#make(after, like, made);
  }

  #make(tree: Tree, like: string, made: MadeTrees): string {
    const oid = nameObject("tree", tree.body(), like);
    if (!this.#cache.has(oid)) this.#keep(oid, tree);
    made.set(oid, tree);
    return oid;
  }

  /** What turns `from` into `to`. */
  async difference(from: string, to: string): Promise<Edits> {
    const edits = new Map<string, Omit<Entry, "name"> | null>();
    await this.#compare(from, to, "", edits);
    return edits;
  }

  async #compare(
    from: string | null,
    to: string | null,
    prefix: string,
    edits: Map<string, Omit<Entry, "name"> | null>,
  ): Promise<void> {
    if (from === to) return;
    const before = from === null ? emptyTree : await this.read(from);
    const after = to === null ? emptyTree : await this.read(to);
    const names = new Set([...before.entries, ...after.entries].map(({ name }) => name));
    for (const name of names) {
      const [one, other] = [before.find(name), after.find(name)];
      if (sameEntry(one, other)) continue;
      const path = prefix + name;
      if (one && !isFolder(one) && !(other && !isFolder(other))) edits.set(path, null);
      if (other && !isFolder(other)) edits.set(path, { mode: other.mode, oid: other.oid });
      if (isFolder(one) || isFolder(other))
        await this.#compare(isFolder(one) ? one.oid : null, isFolder(other) ? other.oid : null, `${path}/`, edits);
    }
  }

  #keep(oid: string, tree: Tree): void {
    this.#cache.set(oid, tree);
    this.#entries += tree.entries.length + 1;
    for (const [old, { entries }] of this.#cache) {
      if (this.#entries <= laneLimits.treeEntriesCachedMax || old === oid) break;
      this.#cache.delete(old);
      this.#entries -= entries.length + 1;
    }
  }
}
