/** Owns the cache of trees within an index file (its extension `TREE`, gitformat-index): which of them are still true. Pure. */

/** Where a folder stands in the cache, and how it stands there once it is not true any more. */
type Place = { from: number; to: number; forgotten: Buffer };

export class CacheTree {
  readonly #content: Buffer;
  /** By path, latin1; "" is the top. Those that are true. */
  readonly #places = new Map<string, Place>();

  /** `content`: of the extension, as git wrote it. */
  constructor(content: Buffer, nameBytes: number) {
    this.#content = content;
    /** Folders of which some subfolders are still to come, from the top. */
    const open: { path: string; left: number }[] = [];
    for (let from = 0; from < content.length;) {
      const [name, counts] = [content.indexOf(0, from), content.indexOf("\n", from)];
      const above = open.at(-1);
      const own = content.toString("latin1", from, name);
      const path = above && above.path !== "" ? `${above.path}/${own}` : own;
      const [entries = "", subfolders = ""] = content.toString("latin1", name + 1, counts).split(" ");
      const isTrue = Number(entries) >= 0;
      const to = counts + 1 + (isTrue ? nameBytes : 0);
      const forgotten = Buffer.from(`${own}\0-1 ${subfolders}\n`, "latin1");
      if (isTrue) this.#places.set(path, { from, to, forgotten });
      from = to;
      if (above) above.left--;
      open.push({ path, left: Number(subfolders) });
      while (open.at(-1)?.left === 0) open.pop();
    }
  }

  /** The extension, without what it says of these folders themselves; what is below them stays. */
  without(folders: Iterable<string>): Buffer {
    const places = [...folders].flatMap((folder) => this.#places.get(folder) ?? []);
    const parts: Buffer[] = [];
    let from = 0;
    for (const place of places.toSorted((one, other) => one.from - other.from)) {
      parts.push(this.#content.subarray(from, place.from), place.forgotten);
      from = place.to;
    }
    return Buffer.concat([...parts, this.#content.subarray(from)]);
  }
}
