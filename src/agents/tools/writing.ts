/**
 * Owns changing one file of the workspace. Invariants: nothing is written through a link or outside of the workspace,
 * also when folders are swapped for links meanwhile; a file is replaced whole or not at all; git's own folder is not
 * touched; what somebody else changed since it was read is not overwritten.
 */
import { randomUUID } from "node:crypto";
import { constants, type BigIntStats } from "node:fs";
import { mkdir, open, realpath, rename, rm, type FileHandle } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { found, refuse, type Outcome, type Refusal } from "./answer.ts";
import { changed, entryOf, isGitOwn, isIn, nameIn, notAFile, openInside, pathFault, statsOf } from "./place.ts";

export type Target = { root: string; real: string; shown: string };

/** A new content that lies beside its file and needs only to be put in place. Ends with `commit` or `discard`. */
export type Staged = {
  shown: string;
  /** What is replaced; null: nothing. */
  replaces: BigIntStats | null;
  /** null: done. */
  commit(): Promise<Refusal | null>;
  /** Repeatable; does nothing after a commit. */
  discard(): Promise<void>;
};

export type Expected = {
  /** null: must not exist; absent: anything. */
  was?: BigIntStats | null;
  /** Of a file that is new. Default: what the system gives. */
  mode?: number;
};

/** Creates or replaces a file, in folders that are made when they are missing. */
export async function stageFile(
  workspace: string,
  path: string,
  content: string | Buffer,
  expected: Expected = {},
): Promise<Outcome<Staged>> {
  return stage(workspace, path, expected, async (folder, name, replaces, shown) => {
    const draft = entryOf(folder, `.longhaul-${randomUUID()}`);
    const discard = () => rm(draft, { force: true });
    try {
      await writeDraft(draft, content, replaces ? Number(replaces.mode) : expected.mode);
    } catch (error) {
      await discard();
      throw error;
    }
    return { shown, replaces, discard, commit: () => rename(draft, entryOf(folder, name)) };
  });
}

/** Removes a file. Not through a link, which would stay. */
export async function stageRemoval(workspace: string, path: string, expected: Expected = {}): Promise<Outcome<Staged>> {
  const named = await nameIn(workspace, path);
  if (!named.ok) return named;
  const entry = await statsOf(join(named.value.root, named.value.name));
  if (entry?.isSymbolicLink()) return refuse(`${named.value.shown} is a symbolic link; remove it with a command`);
  return stage(workspace, path, expected, async (folder, name, replaces, shown) => {
    const commit = () => rm(entryOf(folder, name));
    return { shown, replaces, discard: async () => {}, commit };
  });
}

/** One file, now. */
export async function replaceFile(
  workspace: string,
  path: string,
  content: string | Buffer,
  expected: Expected = {},
): Promise<Outcome<{ shown: string; replaces: BigIntStats | null }>> {
  const staged = await stageFile(workspace, path, content, expected);
  if (!staged.ok) return staged;
  const fault = await staged.value.commit();
  return fault ?? found(staged.value);
}

type Folder = { handle: FileHandle; real: string };
type Prepared = Omit<Staged, "commit"> & { commit(): Promise<void> };

/** Opens the folder, prepares the change in it, and makes sure that the folder is closed in the end. */
async function stage(
  workspace: string,
  path: string,
  { was }: Expected,
  prepare: (folder: Folder, name: string, replaces: BigIntStats | null, shown: string) => Promise<Prepared>,
): Promise<Outcome<Staged>> {
  const named = await target(workspace, path);
  if (!named.ok) return named;
  const { root, real, shown } = named.value;
  let folder: Folder | null = null;
  let prepared: Prepared | null = null;
  try {
    folder = await openFolder(root, dirname(real));
    if (folder === null) return changed(shown);
    const name = basename(real);
    const replaces = await statsOf(entryOf(folder, name));
    const kind = replaces && notAFile(replaces);
    if (kind) return refuse(`${shown} is ${kind}; it cannot be written`);
    if (was !== undefined && !isSame(was, replaces)) return changed(shown);
    prepared = await prepare(folder, name, replaces, shown);
    return found(finish(prepared, folder, name));
  } catch (error) {
    return pathFault(error, shown);
  } finally {
    if (prepared === null) await folder?.handle.close();
  }
}

function finish(prepared: Prepared, folder: Folder, name: string): Staged {
  const { shown, replaces } = prepared;
  let pending = true;
  const discard = async () => {
    if (!pending) return;
    pending = false;
    await prepared.discard();
    await folder.handle.close();
  };
  const commit = async () => {
    try {
      if (!isSame(replaces, await statsOf(entryOf(folder, name)))) return changed(shown);
      await prepared.commit();
      return null;
    } catch (error) {
      return pathFault(error, shown);
    } finally {
      await discard();
    }
  };
  return { shown, replaces, commit, discard };
}

/** Where a write to `path` really goes: a link that stays in the workspace is followed, so that it stays a link. */
async function target(workspace: string, path: string): Promise<Outcome<Target>> {
  const named = await nameIn(workspace, path);
  if (!named.ok) return named;
  const { root, name, shown } = named.value;
  if (name === ".") return refuse("path: is the workspace itself; name a file in it");
  try {
    const real = await intended(join(root, name));
    if (real === null)
      return refuse(`${shown} is a symbolic link to something that does not exist; remove the link first`);
    if (!isIn(root, real) || real === root)
      return refuse(`${shown} is or lies behind a symbolic link that leads out of the workspace; it cannot be written`);
    if (isGitOwn(relative(root, real)) || isGitOwn(name))
      return refuse(`${shown} belongs to git itself and is not written by hand`);
    return found({ root, real, shown });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTDIR") return refuse(`${shown}: a part of this path is a file, not a folder`);
    return pathFault(error, shown);
  }
}

/** With links resolved in what exists of it; null: a link to nothing. */
async function intended(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  if ((await statsOf(path)) !== null) return null;
  const above = await intended(dirname(path));
  return above && join(above, basename(path));
}

/** Makes what is missing of it. null: it was swapped for something outside of the workspace. */
async function openFolder(root: string, real: string): Promise<Folder | null> {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY;
  const steps: string[] = [];
  let existing = real;
  for (; existing !== root && (await statsOf(existing)) === null; existing = dirname(existing))
    steps.unshift(basename(existing));
  const handle = await openInside({ root, real: existing, shown: "" }, flags);
  let folder = handle && { handle, real: existing };
  for (const step of steps) {
    if (folder === null) return null;
    const parent: Folder = folder;
    try {
      // Made and opened in the open folder itself, and never through a link: it cannot lie elsewhere.
      await mkdir(entryOf(parent, step)).catch(unless("EEXIST"));
      folder = {
        handle: await open(entryOf(parent, step), flags | constants.O_NOFOLLOW),
        real: join(parent.real, step),
      };
    } finally {
      await parent.handle.close();
    }
  }
  return folder;
}

const unless = (code: string) => (error: unknown) => {
  if ((error as NodeJS.ErrnoException).code !== code) throw error;
};

async function writeDraft(draft: string, content: string | Buffer, mode: number | undefined): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = await open(draft, flags, 0o666);
  try {
    await file.writeFile(content);
    if (mode !== undefined) await file.chmod(mode & 0o777);
  } finally {
    await file.close();
  }
}

function isSame(a: BigIntStats | null, b: BigIntStats | null): boolean {
  if (a === null || b === null) return a === b;
  return a.ino === b.ino && a.dev === b.dev && a.mtimeNs === b.mtimeNs && a.size === b.size;
}
