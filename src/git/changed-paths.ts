/** Which paths of a workspace may differ from what was checked out there: what the taking in of work begins with. */
import type { IndexFile } from "./index-file.ts";

/** Paths are latin1, relative, and none of them is ignored. */
export type Suspects = {
  /** Files and links that may have changed, or are new. */
  present: string[];
  /** Files that were checked out and are not there any more. */
  gone: string[];
  /** What may not be there, as sentences: nothing of the workspace may land. */
  reasons: string[];
};

/**
 * Answers every path that differs; may answer more. null: only git can tell. Opens no file but `.gitignore`, follows
 * no link. `root`: the workspace, absolute, links resolved, latin1. `noted`: what was checked out.
 */
export type ChangedPaths = (root: string, noted: CheckedOut) => Promise<Suspects | null>;

/** `writtenAt`: when the index was written, ms since 1970; a file changed since then may look as it was. */
export type CheckedOut = { index: IndexFile; writtenAt: number };
