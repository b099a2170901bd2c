/**
 * Owns the sweeping of a folder that a worker has had: what was not checked out there is removed, so that the next worker
 * finds nothing of it. What was checked out and changed goes too, for git to write it again: git itself would not see a
 * change within the second in which a clone was made, if the worker puts the old time back.
 */
import { chmodSync, lstatSync, mkdirSync, readdirSync, statSync, type Dirent } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { gitLimits } from "../domain/limits.ts";
import { isAsNoted, type IndexFile, type Noted } from "./index-file.ts";
import { asPath, toLatin1 } from "./latin1.ts";
import { submoduleMode } from "./objects.ts";
import { removeTree } from "./remove-tree.ts";

/** `path`: absolute. Rejects where it cannot be done; then the folder is of no more use. Nobody else may be at work there. */
export async function sweep(path: string, index: IndexFile): Promise<void> {
  const root = toLatin1(path);
  const folders = index.folders();
  const open = [""];
  let steps = 0;
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    const place = folder === "" ? root : `${root}/${folder}`;
    openUp(place);
    for (const entry of readdirSync(asPath(place), { encoding: "latin1", withFileTypes: true })) {
      const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && folders.has(name)) open.push(name);
      else await sweepOne(`${root}/${name}`, entry, index.get(name));
      if (++steps % gitLimits.stepsAtOnce === 0) await setImmediate();
    }
  }
}

/** `noted`: of what was checked out there. */
async function sweepOne(place: string, entry: Dirent, noted: Noted | undefined): Promise<void> {
  const mode = noted?.mode;
  if (mode === submoduleMode && entry.isDirectory()) {
    openUp(place);
    if (readdirSync(asPath(place)).length === 0) return;
  } else if (noted && !entry.isDirectory() && isAsNoted(noted, lstatSync(asPath(place)))) {
    return;
  }
  await removeTree(asPath(place));
  if (mode === submoduleMode) mkdirSync(asPath(place));
}

const usual = 0o755;

function openUp(place: string): void {
  if ((statSync(asPath(place)).mode & 0o7777) !== usual) chmodSync(asPath(place), usual);
}
