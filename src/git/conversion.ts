/**
 * Owns what git makes of a file's bytes when it takes them in: line ends and encodings, as `.gitattributes` say. Filters
 * are never run: none is configured. Where nothing can change, nothing is run at all; else git converts copies which
 * the worker cannot reach.
 */
import { copyFile, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gitLimits } from "../domain/limits.ts";
import type { Change, Edits } from "./edits.ts";
import { showPath } from "./entry-rules.ts";
import { GitError } from "./git-process.ts";
import { IndexFile } from "./index-file.ts";
import { asPath, toLatin1, toText } from "./latin1.ts";
import { isFolder, linkMode, type Entry } from "./objects.ts";
import type { ObjectStore } from "./object-store.ts";
import { removeTree } from "./remove-tree.ts";
import type { GitWorkspace } from "./workspace.ts";
import type { TrunkRepository } from "./trunk-repository.ts";

/** A file as it was read. `path` is latin1. */
export type Taken = { path: string; mode: string; body: Buffer };

export const attributesName = ".gitattributes";

/** What a `.gitattributes` says that matters here. `differs`: files may be written with other bytes than git keeps. */
export type Attributes = { encodings: boolean; differs: boolean };
export const attributesIn = (body: Buffer): Attributes => {
  const encodings = body.includes("working-tree-encoding");
  return { encodings, differs: encodings || body.includes("ident") || body.includes("eol=crlf") };
};

export class Conversions {
  readonly #store: ObjectStore;
  readonly #tree: string;
  readonly #changed: ReadonlyMap<string, Attributes>;
  readonly #edits: Edits;
  /** By folder: does a file there, or above, say something of encodings; null: there is no such file. */
  readonly #known = new Map<string, Attributes | null>();

  /** `tree`: what was checked out. `changed`: the `.gitattributes` that have changed since; `edits`: what is gone. */
  constructor(store: ObjectStore, tree: string, changed: ReadonlyMap<string, Attributes>, edits: Edits) {
    this.#store = store;
    this.#tree = tree;
    this.#changed = changed;
    this.#edits = edits;
  }

  /** May git change these bytes? */
  async mayConvert({ path, mode, body }: Taken): Promise<boolean> {
    if (mode === linkMode) return false;
    const attributes = await this.#above(path);
    if (attributes === null) return false;
    return attributes.encodings || body.includes("\r") || body.includes("$Id");
  }

  /** May git write a file at this path with other bytes than it keeps? */
  async mayDiffer(path: string): Promise<boolean> {
    return (await this.#above(path))?.differs ?? false;
  }

  async #above(path: string): Promise<Attributes | null> {
    const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : null;
    const key = folder ?? "";
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const above = folder === null ? null : await this.#above(folder);
    const own = await this.#attributes(folder === null ? attributesName : `${folder}/${attributesName}`);
    const either = (what: keyof Attributes) => Boolean(own?.[what]) || Boolean(above?.[what]);
    const both = own || above ? { encodings: either("encodings"), differs: either("differs") } : null;
    this.#known.set(key, both);
    return both;
  }

  async #attributes(path: string): Promise<Attributes | null> {
    const changed = this.#changed.get(path);
    if (changed) return changed;
    if (this.#edits.get(path) === null) return null;
    const entry: Entry | undefined = await this.#store.trees.find(this.#tree, path);
    if (!entry || isFolder(entry)) return null;
    const body = await this.#store.reader.readUpTo(entry.oid, gitLimits.attributesBytesMax);
    // One that is too large to be read may say anything.
    return body ? attributesIn(body) : { encodings: true, differs: true };
  }
}

/** Files that git has to convert: copies in a folder of the engine's own. */
export class Copies {
  readonly #trunk: TrunkRepository;
  readonly #workspace: GitWorkspace;
  readonly #folder: string;
  readonly #files: Pick<Taken, "path" | "mode">[] = [];

  constructor(trunk: TrunkRepository, workspace: GitWorkspace) {
    this.#trunk = trunk;
    this.#workspace = workspace;
    this.#folder = join(workspace.folder, "intake");
  }

  async add(file: Taken): Promise<void> {
    if (this.#files.length === 0) {
      await removeTree(this.#folder);
      await mkdir(this.#folder);
    }
    this.#files.push({ path: file.path, mode: file.mode });
    await placeCopy(this.#folder, file);
  }

  /**
   * What git makes of them, written into the trunk's store; or why it would not have one of them. `attributes`: the
   * `.gitattributes` that have changed.
   */
  async convert(
    attributes: AsyncIterable<Taken>,
    gone: readonly string[],
  ): Promise<{ ok: true; edits: Edits } | { ok: false; reason: string }> {
    if (this.#files.length === 0) return { ok: true, edits: new Map() };
    const workspace = this.#workspace;
    const indexFile = join(workspace.folder, "intake-index");
    await workspace.checkout.needIndex();
    // The index tells of attributes that are as they were, and which files have had other line ends all along.
    if (workspace.checkout.sparse) await this.#writeIndex(indexFile);
    else await copyFile(workspace.indexFile, indexFile);
    const before = new IndexFile(await readFile(indexFile), workspace.base);
    const copied = new Set(this.#files.map(({ path }) => path));
    for await (const file of attributes) if (!copied.has(file.path)) await placeCopy(this.#folder, file);
    const failure = await this.#updateIndex(indexFile, gone);
    if (failure !== null) return { ok: false, reason: failure };
    const index = new IndexFile(await readFile(indexFile), workspace.base);
    const edits = new Map<string, Change>();
    for (const { path, mode } of this.#files) {
      const [noted, was] = [index.get(path), before.get(path)];
      if (!noted) throw new Error(`git did not take ${showPath(toText(path))} in`);
      if (noted.oid !== was?.oid || mode !== was.mode) edits.set(path, { mode, oid: noted.oid });
    }
    return { ok: true, edits };
  }

  /** git changes nothing, and reads no attributes, where nothing is checked out: an index that knows of no such place. */
  async #writeIndex(indexFile: string): Promise<void> {
    const { run, checkedOut, base } = this.#workspace;
    await rm(indexFile, { force: true });
    await this.#trunk.git.run(["read-tree", checkedOut ?? base], this.#trunk.at(run, { indexFile }));
  }

  /** Answers why git would not have the change, or null. */
  async #updateIndex(indexFile: string, gone: readonly string[]): Promise<string | null> {
    const update = (how: string[], paths: readonly string[]) => {
      const input = Buffer.from(`${paths.join("\0")}\0`, "latin1");
      const call = { workTree: this.#folder, indexFile, input, timeoutMs: gitLimits.intakeMs };
      return this.#trunk.git.run(["update-index", "-z", ...how, "--stdin"], this.#trunk.at(this.#workspace.run, call));
    };
    try {
      if (gone.length > 0) await update(["--force-remove"], gone);
      const paths = this.#files.map(({ path }) => path);
      await update(["--add", "--replace"], paths);
      return null;
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
      const said = /(failed to encode .*|BOM is (?:required|prohibited) in .*|Invalid path .*)/i.exec(
        error.stderr,
      )?.[1];
      if (said === undefined) throw error;
      return `git does not take this change: ${showPath(said)}`;
    } finally {
      await removeTree(this.#folder);
    }
  }
}

async function placeCopy(folder: string, { path, mode, body }: Taken): Promise<void> {
  const copy = `${toLatin1(folder)}/${path}`;
  await mkdir(asPath(dirname(copy)), { recursive: true });
  if (mode === linkMode) await symlink(body, asPath(copy));
  else await writeFile(asPath(copy), body, { flag: "wx", mode: mode === "100755" ? 0o755 : 0o644 });
}
