/**
 * `esm-modules.json`, the record of the migration: one line per module, sorted. Every task writes its own lines into it,
 * so tasks that run at the same time collide here. A task owns the keys of its modules and no line depends on another,
 * so merging key by key gives the same bytes in whatever order the tasks land.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compare } from "./sites.ts";

export const manifestPath = "esm-modules.json";

export type Entry = {
  /** How the module exported before. */
  was: string;
  /** What was done to it, in the order of the passes. */
  passes: string[];
};
export type Manifest = { [path: string]: Entry };

export function readManifest(root: string): Manifest {
  const path = join(root, manifestPath);
  return existsSync(path) ? parseManifest(readFileSync(path, "utf8"), manifestPath) : {};
}

export function parseManifest(text: string, name: string): Manifest {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Manifest;
  } catch (error) {
    throw new Error(`${name} is not JSON`, { cause: error });
  }
  throw new Error(`${name} is not a JSON object`);
}

export function printManifest(manifest: Manifest): string {
  const lines = Object.keys(manifest)
    .toSorted(compare)
    .map((path) => `  ${JSON.stringify(path)}: ${JSON.stringify(manifest[path])}`);
  return lines.length === 0 ? "{}\n" : `{\n${lines.join(",\n")}\n}\n`;
}

export const writeManifest = (root: string, manifest: Manifest): void =>
  writeFileSync(join(root, manifestPath), printManifest(manifest));

/** The trunk's record with this task's changes on it: a three-way merge, key by key. */
export function mergeManifests(base: Manifest, trunk: Manifest, yours: Manifest): Manifest {
  const merged: Manifest = { ...trunk };
  for (const path of new Set([...Object.keys(base), ...Object.keys(yours)])) {
    const [before, theirs, ours] = [base, trunk, yours].map((m) => JSON.stringify(m[path]));
    if (ours === before || ours === theirs) continue;
    if (theirs !== before)
      throw new Error(
        `two tasks recorded ${path} differently: ${theirs ?? "removed"} on the trunk, ${ours ?? "removed"} here`,
      );
    const mine = yours[path];
    if (mine) merged[path] = mine;
    else delete merged[path];
  }
  return merged;
}
