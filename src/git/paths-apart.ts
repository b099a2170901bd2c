/** Owns a look at two index files side by side, as quick as their size allows: what is the same in both is read into nothing. Pure. */
import { setImmediate } from "node:timers/promises";
import { gitLimits } from "../domain/limits.ts";
import { extensionOf, IndexEntries } from "./index-entries.ts";

/** Paths that only one of them has, submodules left out; latin1. */
export type PathsApart = { onlyOurs: string[]; onlyTheirs: string[] };

/**
 * null: theirs is no whole list of what is checked out. `like`: any object name of the same repository. Lets others have their turn. Throws
 * `IndexFormatError`.
 */
export async function pathsApart(ours: Buffer, theirs: Buffer, like: string): Promise<PathsApart | null> {
  const apart: PathsApart = { onlyOurs: [], onlyTheirs: [] };
  const [our, their] = [new IndexEntries(ours, like), new IndexEntries(theirs, like)];
  const onlyOurs = () => {
    if (!our.isSubmodule) apart.onlyOurs.push(our.path);
    our.next();
  };
  if (!their.isThere) return null;
  for (let steps = 1; their.isThere; steps++) {
    if (steps % gitLimits.stepsAtOnce === 0) await setImmediate();
    if (their.isSkipped || their.pathBytes > gitLimits.indexPathBytesMax) return null;
    const order = our.isThere ? our.compare(their) : 1;
    if (order < 0) onlyOurs();
    else if (order > 0) {
      const path = their.path;
      if (!their.isSubmodule && apart.onlyTheirs.at(-1) !== path) apart.onlyTheirs.push(path);
      their.next();
    } else {
      // In the middle of a merge a path has up to three.
      do their.next();
      while (their.isThere && our.compare(their) === 0);
      our.next();
    }
  }
  while (our.isThere) onlyOurs();
  return extensionOf(theirs, their.at, "link", like) ? null : apart;
}
