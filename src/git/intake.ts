/**
 * Owns how a worker's files become a change. Invariants: nothing of the workspace is parsed as git data, but the worker's
 * index, by our own reader; nothing of it is read but by `readSafely`; what the rules refuse is in no change.
 */
import { realpathSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import type { Commit } from "../domain/ids.ts";
import { gitLimits, laneLimits } from "../domain/limits.ts";
import { byWorkersGit } from "./by-workers-git.ts";
import { GitChange } from "./change.ts";
import type { Suspects } from "./untracked.ts";
import { attributesIn, attributesName, Conversions, Copies, type Attributes, type Taken } from "./conversion.ts";
import { byFolder, type Change, type Edits } from "./edits.ts";
import { showPath } from "./entry-rules.ts";
import { toLatin1, toText } from "./latin1.ts";
import { isFolder, linkMode, nameObject, type Entry } from "./objects.ts";
import type { ObjectStore } from "./object-store.ts";
import { packBlob, type PackedObject } from "./pack.ts";
import { readSafely } from "./safe-read.ts";
import type { Trees } from "./trees.ts";
import type { TrunkRepository } from "./trunk-repository.ts";
import type { GitWorkspace } from "./workspace.ts";

export type Intake = { ok: true; change: GitChange } | { ok: false; reasons: string[] };

/** The workspace's files as a change against its base. */
export async function takeIn(trunk: TrunkRepository, workspace: GitWorkspace): Promise<Intake> {
  const store = trunk.objects(workspace.run);
  const root = (workspace.root ??= toLatin1(realpathSync.native(workspace.path)));
  const changed = await workspace.checkout.changedPaths(trunk, workspace, root);
  const suspects = await byWorkersGit(trunk, workspace, root, changed);
  if (suspects.reasons.length > 0) return refused(suspects.reasons);

  const checkedOut = (workspace.checkedOut ??= await store.trees.rootOf(workspace.base));
  const made = await new Taking(trunk, workspace, checkedOut).run(root, suspects);
  if (!made.ok) return refused(made.reasons);
  const edits = await againstBase(store.trees, workspace.base, checkedOut, made.edits);
  const change = new GitChange(workspace.base, edits, made.objects);
  workspace.taken = change;
  return { ok: true, change };
}

/** What was checked out may hold work already, after a conflict or when it was kept. */
async function againstBase(trees: Trees, base: Commit, checkedOut: string, edits: Edits): Promise<Edits> {
  const before = await trees.rootOf(base);
  return checkedOut === before
    ? edits
    : trees.difference(before, await trees.edit(checkedOut, byFolder(edits), new Map()));
}

function refused(reasons: string[]): Intake {
  const more = reasons.length - gitLimits.reasonsMax;
  return { ok: false, reasons: more > 0 ? [...reasons.slice(0, gitLimits.reasonsMax), `and ${more} more`] : reasons };
}

/**
 * Turns paths into edits of what was checked out. One file's content is in memory at a time, besides what waits for its
 * landing, which is bounded.
 */
class Taking {
  readonly #trunk: TrunkRepository;
  readonly #workspace: GitWorkspace;
  readonly #checkedOut: string;
  readonly #store: ObjectStore;
  readonly #edits = new Map<string, Change | null>();
  readonly #reasons: string[] = [];
  #objects: PackedObject[] = [];
  #bytes = 0;

  constructor(trunk: TrunkRepository, workspace: GitWorkspace, checkedOut: string) {
    this.#trunk = trunk;
    this.#workspace = workspace;
    this.#checkedOut = checkedOut;
    this.#store = trunk.objects(workspace.run);
  }

  async run(
    root: string,
    suspects: Suspects,
  ): Promise<{ ok: true; edits: Edits; objects: PackedObject[] } | { ok: false; reasons: string[] }> {
    const { present } = suspects;
    for (const path of suspects.gone) this.#edits.set(path, null);
    // They say how the others are to be taken.
    const attributes = new Map<string, Attributes>();
    for (const path of present.filter(isAttributes)) {
      const file = await this.#read(root, path);
      if (file && file.body.length > gitLimits.attributesBytesMax) this.#refuse(path, attributesTooBig);
      else if (file) attributes.set(path, attributesIn(file.body));
    }
    const conversions = new Conversions(this.#store, this.#checkedOut, attributes, this.#edits);
    const copies = new Copies(this.#trunk, this.#workspace);
    for (const [n, path] of present.entries()) {
      if (n % gitLimits.stepsAtOnce === gitLimits.stepsAtOnce - 1) await setImmediate();
      const file = await this.#read(root, path);
      if (!file || this.#reasons.length > 0) continue;
      const oid = nameObject("blob", file.body, this.#workspace.base);
      const was = await this.#was(path);
      // The very bytes that the trunk has are nobody's change, also where git would not take them in as they are.
      if (was?.oid !== oid && (await conversions.mayConvert(file))) await copies.add(file);
      else await this.#keep(file, oid, was);
    }
    if (this.#reasons.length > 0) return { ok: false, reasons: this.#reasons.toSorted() };
    const gone = [...this.#edits].flatMap(([path, entry]) => (entry === null ? [path] : []));
    const converted = await copies.convert(this.#readAgain(root, attributes.keys()), gone);
    if (!converted.ok) return { ok: false, reasons: [converted.reason] };
    for (const [path, entry] of converted.edits) this.#edits.set(path, entry);
    return { ok: true, edits: this.#edits, objects: this.#objects };
  }

  async #read(root: string, path: string): Promise<Taken | null> {
    const outcome = await readSafely(root, path);
    if (outcome.kind === "refused" && !(await this.#isOld(path, outcome.link))) this.#refuse(path, outcome.reason);
    if (outcome.kind === "gone" && (await this.#was(path))) this.#edits.set(path, null);
    return outcome.kind === "read" ? { path, mode: outcome.mode, body: outcome.body } : null;
  }

  /** A link that may not enter, and that is there already: the operator's own. */
  async #isOld(path: string, link: Buffer | null): Promise<boolean> {
    if (link === null) return false;
    const was = await this.#was(path);
    return was?.mode === linkMode && was.oid === nameObject("blob", link, this.#workspace.base);
  }

  async *#readAgain(root: string, paths: Iterable<string>): AsyncGenerator<Taken> {
    for (const path of paths) {
      const file = await this.#read(root, path);
      if (file) yield file;
    }
  }

  #refuse(path: string, reason: string): void {
    this.#reasons.push(`${showPath(toText(path))}: ${reason}`);
  }

  /** The file that was checked out there. */
  async #was(path: string): Promise<Entry | undefined> {
    const entry = await this.#store.trees.find(this.#checkedOut, path);
    return isFolder(entry) ? undefined : entry;
  }

  async #keep({ path, mode, body }: Taken, oid: string, was: Entry | undefined): Promise<void> {
    if (was?.oid === oid && was.mode === mode) return;
    this.#edits.set(path, { mode, oid });
    if (was?.oid === oid) return;
    const object = await packBlob(oid, body);
    this.#objects.push(object);
    this.#bytes += object.packed.length;
    if (this.#bytes < laneLimits.changeBytesMax) return;
    await this.#store.write(this.#objects);
    [this.#objects, this.#bytes] = [[], 0];
  }
}

const attributesTooBig = `larger than ${gitLimits.attributesBytesMax / 1_048_576} MB`;
const isAttributes = (path: string) => path === attributesName || path.endsWith(`/${attributesName}`);
