/** Owns the seam between workspaces of plain files and how such a folder is begun and filled: written by git, or cloned. */
import { mkdir } from "node:fs/promises";
import type { Commit, RunId } from "../domain/ids.ts";
import { copyFiles, copying } from "./copy-files.ts";
import type { Environment } from "./git-process.ts";
import type { WorkspacePlace } from "./workspace.ts";

/** `bytes`: in whole blocks of the disk. */
export type Size = { files: number; bytes: number };

/** How a folder is begun: what it holds then its index tells, for git to write what differs. */
export interface Fresh {
  /**
   * `place.path` is not there yet, `place.folder` is. `room`: a folder of ours for the run, that goes with its pool. Answers
   * the commit that the folder holds then; null: none.
   */
  fill(place: WorkspacePlace, commit: Commit, room: string): Promise<Commit | null>;
  /** What these take of the disk. */
  bytesOf(files: Size): number;
  /** Puts more into it: files and folders into the folder `to`, all absolute, with the times they have. */
  copy(run: RunId, from: readonly string[], to: string): Promise<void>;
  /** `room` is gone. */
  forget(run: RunId): void;
}

/** An empty folder is one in which everything differs. `environment`: this process's own. */
export const writtenByGit = (environment: Environment): Fresh => ({
  fill: async (place) => {
    await mkdir(place.path);
    return null;
  },
  bytesOf: ({ bytes }) => bytes,
  copy: (run, from, to) => copyFiles(copying, from, to, environment, run),
  forget: () => undefined,
});
