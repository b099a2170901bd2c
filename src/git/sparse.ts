/**
 * Owns what is checked out of a sparse workspace, as git's own sparse checkout in cone mode. Two git folders know of it:
 * the worker's, and one of the engine's beside the workspace, through which the engine's git sees these files and no others.
 * Invariant: the engine's is written by the engine alone.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { foldersAbove, widened, type Cone } from "../domain/cone.ts";
import type { Commit } from "../domain/ids.ts";
import { closedIndex } from "./closed-index.ts";
import type { GitCall } from "./git-process.ts";
import type { TrunkRepository } from "./trunk-repository.ts";
import { patternsFile, writeGitFolder } from "./worker-git.ts";
import { indexOf, type WorkspacePlace } from "./workspace.ts";

export class Sparse {
  /** Latin1. */
  cone: Cone;
  readonly #trunk: TrunkRepository;
  readonly #gitDir: string;

  private constructor(trunk: TrunkRepository, place: WorkspacePlace, cone: Cone) {
    this.#trunk = trunk;
    this.#gitDir = join(place.folder, "sparse.git");
    this.cone = expressible(cone);
  }

  /** `place.folder` is there; nothing is checked out yet, as the index says that lies there then. */
  static async begin(trunk: TrunkRepository, place: WorkspacePlace, commit: Commit, cone: Cone): Promise<Sparse> {
    const sparse = new Sparse(trunk, place, cone);
    const how = { bare: false, sha256: commit.length === 64, patterns: conePatterns(sparse.cone) };
    await writeGitFolder(trunk, sparse.#gitDir, { HEAD: `${commit}\n` }, how);
    const { trees } = trunk.objects(place.run);
    if (sparse.cone) await writeFile(indexOf(place), await closedIndex(trees, await trees.rootOf(commit), sparse.cone));
    return sparse;
  }

  /** How git sees the workspace's part. What it writes of objects lies with the trunk's. */
  get call(): GitCall {
    return { gitDir: this.#gitDir, objects: join(this.#trunk.gitDir, "objects") };
  }

  /** For the next `read-tree -u`. */
  async reshape(cone: Cone): Promise<void> {
    this.cone = expressible(cone);
    await writeFile(join(this.#gitDir, patternsFile), conePatterns(this.cone));
  }
}

/** As `git sparse-checkout set` writes them. */
export function conePatterns(cone: Cone): Buffer {
  const lines = ["/*"];
  if (cone !== null) {
    lines.push("!/*/");
    for (const folder of foldersAbove(cone)) lines.push(`/${escaped(folder)}/`, `!/${escaped(folder)}/*/`);
    for (const path of cone) lines.push(`/${escaped(path)}/`);
  }
  return Buffer.from(`${lines.join("\n")}\n`, "latin1");
}

const escaped = (path: string) => path.replace(/[*?[\\]/g, "\\$&");

/** A line of patterns has no word for a name with a line end: what lies above it counts in its place. */
function expressible(cone: Cone): Cone {
  if (!cone?.some((path) => path.includes("\n"))) return cone;
  return widened(
    [],
    cone.map((path) => path.replace(/(?:^|\/)[^/]*\n.*$/s, "")),
  );
}
