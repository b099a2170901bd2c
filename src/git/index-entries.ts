/** Owns the way through the entries of an index file (gitformat-index, versions 2 and 3), which are ordered by their paths' bytes. Pure. */
import { extended, skipped } from "./index-entry.ts";
import { submoduleMode } from "./objects.ts";

/** No index file, or one that is cut or of a kind that is not read here. */
export class IndexFormatError extends Error {
  override readonly name = "IndexFormatError";
}

const submodule = Number.parseInt(submoduleMode, 8);

/** Stands at one entry after the other, and after the last behind all. */
export class IndexEntries {
  /** Where the entry begins; behind all: where the extensions do. */
  at = 12;
  readonly #content: Buffer;
  readonly #nameBytes: number;
  #left: number;
  #flags = 0;
  #from = 0;
  #to = 0;

  /** `like`: any object name of the same repository. This and `next` throw `IndexFormatError`. */
  constructor(content: Buffer, like: string) {
    this.#content = content;
    this.#nameBytes = like.length / 2;
    if (content.length < 12 + this.#nameBytes || content.toString("latin1", 0, 4) !== "DIRC")
      throw new IndexFormatError("not an index file");
    const version = content.readUInt32BE(4);
    if (version !== 2 && version !== 3)
      throw new IndexFormatError(`an index file of version ${version} cannot be read`);
    this.#left = content.readUInt32BE(8);
    if (this.isThere) this.#look();
  }

  get isThere(): boolean {
    return this.#left > 0;
  }

  next(): void {
    // Padded with one to eight zeros.
    this.at += (this.#to - this.at + 8) & ~7;
    this.#left--;
    if (this.isThere) this.#look();
  }

  /** Latin1. */
  get path(): string {
    return this.#content.toString("latin1", this.#from, this.#to);
  }

  get pathBytes(): number {
    return this.#to - this.#from;
  }

  /** As git orders them: below 0 where this one's path comes first. */
  compare(other: IndexEntries): number {
    return this.#content.compare(other.#content, other.#from, other.#to, this.#from, this.#to);
  }

  get isSubmodule(): boolean {
    return this.#content.readUInt32BE(this.at + 24) === submodule;
  }

  /** Is it noted, but not checked out? */
  get isSkipped(): boolean {
    const flags = (at: number) => this.#content.readUInt16BE(at);
    return Boolean(flags(this.#flags) & extended && flags(this.#flags + 2) & skipped);
  }

  #look(): void {
    const content = this.#content;
    this.#flags = this.at + 40 + this.#nameBytes;
    const fixed = this.#flags + 2;
    this.#from = fixed <= content.length && content.readUInt16BE(this.#flags) & extended ? fixed + 2 : fixed;
    this.#to = content.indexOf(0, this.#from);
    if (this.#from > content.length || this.#to === -1)
      throw new IndexFormatError("the index file ends within an entry");
  }
}

/** The content of an extension; null: there is none. `at`: where the extensions begin. */
export function extensionOf(content: Buffer, at: number, name: string, like: string): Buffer | null {
  for (let from = at; from + 8 <= content.length - like.length / 2;) {
    const bytes = content.readUInt32BE(from + 4);
    if (content.toString("latin1", from, from + 4) === name) return content.subarray(from + 8, from + 8 + bytes);
    from += 8 + bytes;
  }
  return null;
}
