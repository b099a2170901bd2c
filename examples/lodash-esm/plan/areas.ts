/** How a scope is divided: by what the tree shows, not by a list of files. */
import { posix } from "node:path";
import { compare } from "../sites.ts";
import { readModule, requiredBy } from "../tree.ts";

export type Group = { label: string; paths: string[]; /** Made of the others: goes after them. */ last: boolean };

/** A group of at most this many modules is one task. */
export const batchFilesMax = 16;
/** A scope with more modules than this is divided among sub-planners, where the depth allows it. */
const scopeFilesMax = 60;
/** Smaller groups are put together: a planner for two modules is not worth its turns. */
const groupFilesMin = 12;

/** Has it forms that the plain pass converts? Builds that detect their module system at run time have none. */
export const hasPlainForm = (source: string): boolean =>
  /^module\.exports\s*=|^exports\.\w+\s*=|^(var|let|const)\b[^;]*=\s*require\('/m.test(source);

/** The parts of a scope, or null where it is small enough or cannot be divided. */
export function divide(root: string, paths: string[]): Group[] | null {
  if (paths.length <= scopeFilesMax) return null;
  const categories = categoriesIn(root);
  const dividers: ((path: string) => string)[] = [
    (path) => folderOf(path),
    (path) => kindOf(path, readModule(root, path)),
    (path) => familyOf(path) ?? categories.get(nameOf(path)) ?? "others",
    (path) => nameOf(path).replace(/^_/, "").charAt(0).toLowerCase(),
  ];
  for (const divider of dividers) {
    const groups = gathered(paths, divider);
    if (groups.length > 1) return groups;
  }
  return null;
}

function gathered(paths: string[], label: (path: string) => string): Group[] {
  const byLabel = Map.groupBy(paths, label);
  const small = [...byLabel].filter(([name, members]) => members.length < groupFilesMin && name !== "aggregates");
  // Two small groups or more become one; a single one stays what it is.
  if (small.length > 1) {
    for (const [name] of small) byLabel.delete(name);
    byLabel.set("others", [...(byLabel.get("others") ?? []), ...small.flatMap(([, members]) => members)]);
  }
  return [...byLabel]
    .map(([name, members]) => ({ label: name, paths: members.toSorted(compare), last: name === "aggregates" }))
    .toSorted((a, b) => compare(a.label, b.label));
}

const folderOf = (path: string): string => (posix.dirname(path) === "." ? "root" : posix.dirname(path));
const nameOf = (path: string): string => posix.basename(path, ".js");

/** By the shape of the source: a table of requires is an aggregate, a module that only passes another one on is an alias. */
function kindOf(path: string, source: string): string {
  if (/^module\.exports\s*=\s*\{\s*'[^']*':\s*require\(/.test(source)) return "aggregates";
  if (/^module\.exports\s*=\s*require\('[^']*'\);\s*$/.test(source)) return "aliases";
  if (nameOf(path).startsWith("_")) return "helpers";
  if (/^module\.exports\s*=\s*\w+\(require\('[^']*'\)\);\s*$/m.test(source)) return "aggregates";
  return "functions";
}

/** `_baseClone` belongs to the family `base`. */
const familyOf = (path: string): string | null => /^_([a-z]+)(?=[A-Z])/.exec(nameOf(path))?.[1] ?? null;

/** The category of each public function, as the package's own aggregates list them, converted or not. */
function categoriesIn(root: string): Map<string, string> {
  const categories = new Map<string, string>();
  for (const name of [
    "array",
    "collection",
    "date",
    "function",
    "lang",
    "math",
    "number",
    "object",
    "seq",
    "string",
    "util",
  ]) {
    const path = `${name}.js`;
    const members = readIfThere(root, path) === null ? [] : requiredBy(root, path);
    for (const member of members) if (!categories.has(nameOf(member))) categories.set(nameOf(member), name);
  }
  return categories;
}

function readIfThere(root: string, path: string): string | null {
  try {
    return readModule(root, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

export type Batch = {
  paths: string[];
  /** Indexes of the batches that hold what this one requires. */ after: number[];
};

/** Cut into batches, required modules first, so that the dependencies between batches can have no circle. */
export function batches(root: string, paths: string[]): Batch[] {
  const requires = new Map(paths.map((path) => [path, requiredBy(root, path)]));
  const ordered: string[] = [];
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path) || !requires.has(path)) return;
    seen.add(path);
    for (const next of requires.get(path)!) visit(next);
    ordered.push(path);
  };
  for (const path of paths) visit(path);
  const count = Math.ceil(ordered.length / batchFilesMax);
  const size = Math.ceil(ordered.length / count);
  const home = new Map(ordered.map((path, index) => [path, Math.floor(index / size)]));
  return Array.from({ length: count }, (_, batch) => {
    const own = ordered.slice(batch * size, (batch + 1) * size);
    const needed = new Set(own.flatMap((path) => requires.get(path)!).flatMap((path) => home.get(path) ?? []));
    // A circle of requires inside the scope would make a batch wait for a later one.
    return {
      paths: own.toSorted(compare),
      after: [...needed].filter((other) => other < batch).toSorted((a, b) => a - b),
    };
  });
}
