/** The package in a checkout: its modules and who requires whom, in either module system. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { compare } from "./sites.ts";

/** Paths of all modules below `root`, relative, with forward slashes, sorted. */
export function modulesIn(root: string): string[] {
  const found = readdirSync(root, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const folder = entry.parentPath.slice(root.length).replaceAll("\\", "/").replace(/^\/+/, "");
    const outside = folder.split("/").some((part) => part.startsWith(".") || part === "node_modules");
    return entry.isFile() && !outside && entry.name.endsWith(".js") ? [posix.join(folder, entry.name)] : [];
  });
  return found.toSorted(compare);
}

export const readModule = (root: string, path: string): string => readFileSync(join(root, path), "utf8");

/** The modules that `path` names with a literal, as files of the package. */
export function requiredBy(root: string, path: string, source = readModule(root, path)): string[] {
  const named = source.matchAll(/\brequire\(\s*'([^']+)'\s*\)|^import\s[^']*'([^']+)';/gm);
  return [...named].flatMap((match) => {
    const specifier = resolveIn(root, path, (match[1] ?? match[2])!);
    return specifier === null ? [] : [posix.join(posix.dirname(path), specifier)];
  });
}

/** The specifier an ES module needs, with its extension; null where the package has no such file. */
export function resolveIn(root: string, from: string, specifier: string): string | null {
  if (!specifier.startsWith("./") && !specifier.startsWith("../")) return null;
  const candidates = [specifier, `${specifier}.js`, `${specifier}/index.js`].filter((c) => c.endsWith(".js"));
  return candidates.find((candidate) => existsSync(join(root, dirname(from), candidate))) ?? null;
}

/** `start` and every module that it reaches. */
export function closureOf(root: string, start: string): string[] {
  const seen = new Set([start]);
  for (const path of seen) if (existsSync(join(root, path))) for (const next of requiredBy(root, path)) seen.add(next);
  return [...seen].toSorted(compare);
}
