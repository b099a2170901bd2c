/** Which part of the tree a sparse workspace holds, as git's cone mode understands it. Pure; names may be text or latin1. */

/**
 * Paths, sorted, none below another. The workspace holds what is in and below them, and the files that lie directly in the
 * folders on the way to them, the top included; so a path may also be a file, or nothing yet. null: all.
 */
export type Cone = readonly string[] | null;

/** What a scope of paths and globs needs. A glob counts as far as it is fixed; what is not bound to a path needs all. */
export function coneOf(scope: readonly string[]): Cone {
  return scope.length === 0 ? null : coneWith(scope.map(fixedPart));
}

export function widened(cone: Cone, paths: Iterable<string>): Cone {
  return cone === null ? null : coneWith([...cone, ...paths]);
}

/** The folders on the way to the paths, sorted, without the top. */
export function foldersAbove(cone: readonly string[]): string[] {
  return [...new Set(cone.flatMap(above))].toSorted();
}

/** Two of the same part. */
export function isSameCone(one: Cone, other: Cone): boolean {
  return one === null || other === null
    ? one === other
    : one.length === other.length && one.every((path, n) => path === other[n]);
}

function coneWith(paths: readonly string[]): Cone {
  return paths.includes("") ? null : outermost(new Set(paths));
}

/** Those that lie below none of the others, sorted. */
export function outermost(paths: ReadonlySet<string>): string[] {
  return [...paths].filter((path) => !above(path).some((folder) => paths.has(folder))).toSorted();
}

function above(path: string): string[] {
  const names = path.split("/").slice(0, -1);
  return names.map((_, depth) => names.slice(0, depth + 1).join("/"));
}

/** "": the whole. */
function fixedPart(path: string): string {
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  const open = names.findIndex((name) => /[*?[{]/.test(name));
  return names.slice(0, open === -1 ? names.length : open).join("/");
}
