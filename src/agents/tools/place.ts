/**
 * Owns what a path from a model means. Invariant: a file or folder that is opened here lies in the workspace, also
 * when somebody swaps folders for links at that very moment: it is not the path that is trusted, but where the opened
 * handle lies. Links that stay in the workspace are followed.
 */
import { constants, type BigIntStats } from "node:fs";
import { lstat, open, readlink, realpath, type FileHandle } from "node:fs/promises";
import { dirname, isAbsolute, join, normalize, relative, sep } from "node:path";
import { toolLimits } from "../../domain/limits.ts";
import { found, refuse, shownPath, type Outcome, type Refusal } from "./answer.ts";

export type Place = {
  /** Of the workspace; links resolved. */
  root: string;
  /** Links resolved; in `root`. */
  real: string;
  /** As the model should name it. */
  shown: string;
};

const linux = process.platform === "linux";

/** What exists at `path`, links followed. */
export async function placeOf(workspace: string, path: string): Promise<Outcome<Place>> {
  const named = await nameIn(workspace, path);
  if (!named.ok) return named;
  const { root, name, shown } = named.value;
  try {
    const real = await realpath(join(root, name));
    return isIn(root, real) ? found({ root, real, shown }) : leadsOut(shown);
  } catch (error) {
    return (await missing(root, name, error)) ?? pathFault(error, shown);
  }
}

/** The name in the workspace that the text stands for; whether it exists is not looked at. */
export async function nameIn(
  workspace: string,
  path: string,
): Promise<Outcome<{ root: string; name: string; shown: string }>> {
  const shown = shownPath(path.slice(0, 200));
  if (path === "") return refuse('path: is empty; "." is the workspace itself');
  if (path.includes("\0")) return refuse(`path: ${shown} contains a NUL, which no file name can`);
  if (Buffer.byteLength(path) > toolLimits.pathBytesMax)
    return refuse(`path: has more than ${toolLimits.pathBytesMax} bytes`);
  if (!path.isWellFormed()) return refuse(`path: ${shown} is not well-formed Unicode`);
  const root = await realpath(workspace);
  const name = isAbsolute(path) ? relativeTo([workspace, root], path) : normalize(path);
  if (name === null || name === ".." || name.startsWith(`..${sep}`))
    return refuse(`path: ${shown} lies outside of the workspace; name files relative to it, such as "src/main.ts"`);
  const trimmed = name.replace(/\/+$/, "") || ".";
  return found({ root, name: trimmed, shown: shownPath(trimmed) });
}

function relativeTo(roots: string[], path: string): string | null {
  const root = roots.find((each) => isIn(each, normalize(path)));
  return root === undefined ? null : relative(root, normalize(path)) || ".";
}

export const isIn = (root: string, path: string): boolean => path === root || path.startsWith(`${root}${sep}`);

/** Git's own folder, at any depth, also as file systems that ignore case would find it. */
export const isGitOwn = (name: string): boolean => name.split(sep).some((part) => part.toLowerCase() === ".git");

/** Opens a regular file to read it. Whoever calls closes it. */
export async function openFile(
  workspace: string,
  path: string,
): Promise<Outcome<{ handle: FileHandle; stats: BigIntStats; place: Place }>> {
  const placed = await placeOf(workspace, path);
  if (!placed.ok) return placed;
  const place = placed.value;
  try {
    // Before it is opened: to open a pipe or a device already does something.
    const before = await lstat(place.real, { bigint: true });
    const kind = notAFile(before);
    if (kind !== null) return refuse(`${place.shown} is ${kind}`);
    const handle = await openInside(place, constants.O_RDONLY | constants.O_NONBLOCK);
    if (handle === null) return changed(place.shown);
    const stats = await handle.stat({ bigint: true });
    if (stats.isFile()) return found({ handle, stats, place });
    await handle.close();
    return changed(place.shown);
  } catch (error) {
    return pathFault(error, place.shown);
  }
}

/** null: what was opened does not lie in the workspace; it has been closed again, unread. */
export async function openInside({ root, real }: Place, flags: number): Promise<FileHandle | null> {
  const handle = await open(real, flags | constants.O_NOFOLLOW);
  let inside = false;
  try {
    inside = isIn(root, await whereIs(handle, real));
  } finally {
    if (!inside) await handle.close();
  }
  return inside ? handle : null;
}

/** Where the open file really lies: a folder above it may have been swapped for a link. */
async function whereIs(handle: FileHandle, path: string): Promise<string> {
  if (linux) return readlink(`/proc/self/fd/${handle.fd}`);
  const [real, opened] = await Promise.all([realpath(path), handle.stat()]);
  const there = await lstat(real);
  return there.ino === opened.ino && there.dev === opened.dev ? real : "";
}

/** Names an entry of an open folder: whatever happens to the folder's own name, it is this folder's entry. */
export function entryOf(folder: { handle: FileHandle; real: string }, name: string): string {
  return linux ? `/proc/self/fd/${folder.handle.fd}/${name}` : join(folder.real, name);
}

/** Of the entry itself, no link followed; null: there is none. */
export async function statsOf(path: string): Promise<BigIntStats | null> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw error;
  }
}

export function notAFile(stats: BigIntStats): string | null {
  if (stats.isFile()) return null;
  if (stats.isDirectory()) return "a folder; list_files shows what is in it";
  if (stats.isSymbolicLink()) return "a symbolic link that changed just now; try again";
  return `${stats.isFIFO() ? "a named pipe" : stats.isSocket() ? "a socket" : "a device"}, not a file`;
}

const leadsOut = (shown: string): Refusal =>
  refuse(`${shown} is or lies behind a symbolic link that leads out of the workspace; such links are not followed`);

export const changed = (shown: string): Refusal =>
  refuse(`${shown} was changed by somebody else at this moment; look at it again and repeat the call`);

/** For a name that does not exist: what of it does. null: something else is wrong. */
async function missing(root: string, name: string, error: unknown): Promise<Refusal | null> {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "ENOENT" && code !== "ENOTDIR") return null;
  const shown = shownPath(name);
  const link = await statsOf(join(root, name));
  if (link?.isSymbolicLink()) return refuse(`${shown} is a symbolic link to something that does not exist`);
  let above = dirname(name);
  for (; above !== "."; above = dirname(above)) {
    const there = await statsOf(join(root, above));
    if (there?.isDirectory() || there?.isSymbolicLink()) break;
    if (there) return refuse(`${shown} does not exist: ${shownPath(above)} is a file, not a folder`);
  }
  const sparse = (await statsOf(join(root, ".git", "info", "sparse-checkout"))) === null ? "" : notCheckedOut;
  return refuse(
    `${shown} does not exist (${above === "." ? "the workspace" : shownPath(above)} does); see list_files${sparse}`,
  );
}

const notCheckedOut =
  "; or it is not checked out, for the workspace is sparse: git ls-files lists all, git sparse-checkout add FOLDER checks a folder out";

/** Faults of paths that a model can mend or that somebody made on purpose. Anything else is thrown again. */
export function pathFault(error: unknown, shown: string): Refusal {
  const { code = "" } = error as NodeJS.ErrnoException;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
    case "EEXIST":
    case "EINVAL":
    case "ENXIO":
    case "EISDIR":
    case "ENOTEMPTY":
      return changed(shown);
    case "ELOOP":
      return refuse(`${shown} is or lies behind a symbolic link that leads in a circle or was swapped just now`);
    case "EACCES":
    case "EPERM":
      return refuse(`${shown}: the file's or folder's permissions do not allow this`);
    case "ENAMETOOLONG":
      return refuse(`${shown}: a name in this path is longer than the file system allows (255 bytes)`);
    case "ENOSPC":
    case "EDQUOT":
      return refuse(`${shown}: the disk is full`);
    case "EROFS":
      return refuse(`${shown}: the file system is read-only`);
    default:
      throw error;
  }
}
