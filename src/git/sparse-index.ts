/**
 * Owns the reading of git's sparse index: one entry, a folder with a slash at its end, stands for all that is in it, of which
 * nothing is checked out. Such a folder is closed; `open` has what is in it told one by one. Pure.
 */
import { IndexFile, type Noted } from "./index-file.ts";
import { folderMode, isFolder, submoduleMode, type Entry } from "./objects.ts";

const neverSeen = { changedAt: 0, modifiedAt: 0, inode: 0, bytes: 0 };

export class SparseIndex extends IndexFile {
  readonly #closed = new Set<string>();
  /** What has come of opening; folders among it are closed. */
  readonly #added = new Map<string, Entry>();
  readonly #opened = new Set<string>();

  /** As `IndexFile`. */
  constructor(content: Buffer<ArrayBuffer>, like: string) {
    super(content, like);
    for (const path of super.paths())
      if (path.endsWith("/") && super.get(path)?.mode === folderMode) this.#closed.add(path);
  }

  closedFolders(): string[] {
    return [...this.#closed];
  }

  isClosed(folder: string): boolean {
    return this.#closed.has(folder);
  }

  /** `entries`: of the closed folder's tree. */
  open(folder: string, entries: readonly Entry[]): void {
    this.#closed.delete(folder);
    this.#opened.add(folder);
    for (const entry of entries) {
      const path = isFolder(entry) ? `${folder}${entry.name}/` : folder + entry.name;
      this.#added.set(path, entry);
      if (isFolder(entry)) this.#closed.add(path);
      if (entry.mode === submoduleMode) this.submodules.push(path);
    }
  }

  override *paths(): Iterable<string> {
    for (const path of super.paths()) if (!this.#opened.has(path)) yield path;
    for (const path of this.#added.keys()) if (!this.#opened.has(path)) yield path;
  }

  override has(path: string): boolean {
    return !this.#opened.has(path) && (super.has(path) || this.#added.has(path));
  }

  /** Also of what is in a closed folder. */
  override isSkipped(path: string): boolean {
    if (super.has(path)) return super.isSkipped(path);
    return this.#added.has(path) || this.#isInClosed(path);
  }

  #isInClosed(path: string): boolean {
    if (this.#closed.size === 0) return false;
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1))
      if (this.#closed.has(path.slice(0, end + 1))) return true;
    return false;
  }

  override get(path: string): Noted | undefined {
    const added = this.#added.get(path);
    return added ? { mode: added.mode, oid: added.oid, ...neverSeen } : super.get(path);
  }
}
