/**
 * Owns how git writes objects down: names, trees and commits, byte for byte. Pure. Names of files are kept as latin1
 * strings, one character for each byte, so that nothing is lost and comparing strings compares bytes.
 */
import { createHash } from "node:crypto";
import type { Identity } from "./git-process.ts";

export type ObjectKind = "commit" | "tree" | "blob";

/** One line of a tree. `mode` as git writes it there: `40000` is a folder. */
export type Entry = { readonly mode: string; readonly name: string; readonly oid: string };

export const folderMode = "40000";
export const submoduleMode = "160000";
export const linkMode = "120000";

/** `like`: any object name of the same repository, for it tells which hash names its objects. */
export function nameObject(kind: ObjectKind, body: Buffer, like: string): string {
  const hash = createHash(like.length === 64 ? "sha256" : "sha1");
  return hash.update(`${kind} ${body.length}\0`).update(body).digest("hex");
}

export const isFolder = (entry: Entry | undefined): entry is Entry & { readonly mode: typeof folderMode } =>
  entry?.mode === folderMode;

export function sameEntry(one: Entry | undefined, other: Entry | undefined): boolean {
  return one?.oid === other?.oid && one?.mode === other?.mode;
}

/** The lines of one folder, in git's order: a folder is compared as if its name ended in a slash. */
export class Tree {
  readonly entries: readonly Entry[];

  /** `entries` must be in order. */
  constructor(entries: readonly Entry[]) {
    this.entries = entries;
  }

  static parse(body: Buffer, like: string): Tree {
    const text = body.toString("latin1");
    const bytes = like.length / 2;
    const entries: Entry[] = [];
    for (let at = 0; at < text.length;) {
      const space = text.indexOf(" ", at);
      const end = text.indexOf("\0", space);
      if (space < at || end < space || end + bytes >= text.length) throw new Error("a tree object is cut off");
      const oid = body.toString("hex", end + 1, end + 1 + bytes);
      // Trees of long ago have `040000`.
      entries.push({ mode: text.slice(at, space).replace(/^0+/, ""), name: text.slice(space + 1, end), oid });
      at = end + 1 + bytes;
    }
    for (let n = 1; n < entries.length; n++) {
      const [before, after] = [entries[n - 1], entries[n]];
      if (before && after && keyOf(before) >= keyOf(after))
        throw new Error("a tree object is out of order: git fsck tells more");
    }
    return new Tree(entries);
  }

  body(): Buffer {
    const text = this.entries.map(
      ({ mode, name, oid }) => `${mode} ${name}\0${Buffer.from(oid, "hex").toString("latin1")}`,
    );
    return Buffer.from(text.join(""), "latin1");
  }

  find(name: string): Entry | undefined {
    const file = this.entries[this.#position(name)];
    if (file?.name === name) return file;
    const folder = this.entries[this.#position(`${name}/`)];
    return folder?.name === name ? folder : undefined;
  }

  /** The same folder with these names changed; null: removed. */
  with(changes: ReadonlyMap<string, Omit<Entry, "name"> | null>): Tree {
    const entries = this.entries.filter(({ name }) => !changes.has(name));
    const added = [...changes].flatMap(([name, entry]) => (entry === null ? [] : [{ ...entry, name }]));
    if (added.length > 8) return new Tree([...entries, ...added].toSorted(inOrder));
    for (const entry of added) entries.splice(positionIn(entries, keyOf(entry)), 0, entry);
    return new Tree(entries);
  }

  #position(key: string): number {
    return positionIn(this.entries, key);
  }
}

export const emptyTree = new Tree([]);

const keyOf = (entry: Entry) => (entry.mode === folderMode ? `${entry.name}/` : entry.name);
const inOrder = (one: Entry, other: Entry) => (keyOf(one) < keyOf(other) ? -1 : 1);

/** Where `key` is, or would be. */
function positionIn(entries: readonly Entry[], key: string): number {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = entries[middle];
    if (entry && keyOf(entry) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

export type CommitText = { tree: string; parents: readonly string[]; identity: Identity; at: Date; message: string };

export function commitBody({ tree, parents, identity, at, message }: CommitText): Buffer {
  const minutes = -at.getTimezoneOffset();
  const zone = [Math.trunc(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map((part) =>
    String(part).padStart(2, "0"),
  );
  const who = `${identityText(identity)} ${Math.floor(at.getTime() / 1000)} ${minutes < 0 ? "-" : "+"}${zone.join("")}`;
  const above = parents.map((parent) => `parent ${parent}\n`).join("");
  return Buffer.from(`tree ${tree}\n${above}author ${who}\ncommitter ${who}\n\n${message}`);
}

export const identityText = ({ name, email }: Identity): string => `${plainName(name)} <${plainName(email)}>`;

/** As git does it: what would end the name, and the dots and quotes around it, are left out. */
function plainName(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[<>\n\u0000]/g, "").replace(/^[\u0000-\u0020.,:;"\\']+|[\u0000-\u0020.,:;"\\']+$/g, "");
}

/** The tree of a commit object. */
export function treeOfCommit(body: Buffer): string {
  const tree = /^tree ([0-9a-f]+)\n/.exec(body.toString("latin1", 0, 80))?.[1];
  if (tree === undefined) throw new Error("a commit object has no tree");
  return tree;
}
