/** What a worker does to the files of one task. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { foldDetection } from "./codemod/detection.ts";
import { convertPlain } from "./codemod/plain.ts";
import { convertReadme, describePackage } from "./codemod/package.ts";
import { loosenWrites } from "./codemod/sloppy.ts";
import { readManifest, type Manifest } from "./manifest.ts";
import { readSites, type Site } from "./sites.ts";
import { readModule, resolveIn } from "./tree.ts";

export type Work = { root: string; paths: string[]; instructions: string };
export type Result = {
  changed: string[];
  /** Entries of the record that this task writes. */
  record: Manifest;
  findings: string[];
  concerns: string[];
  deviations: string[];
};
export type Pass = (work: Work) => Result;

const nothing = (): Result => ({ changed: [], record: {}, findings: [], concerns: [], deviations: [] });

function plain({ root, paths }: Work): Result {
  const result = nothing();
  for (const path of paths) {
    const source = readModule(root, path);
    const { text, exported, left } = convertPlain(source, path, (specifier) => resolveIn(root, path, specifier));
    result.findings.push(...left.map((reason) => `${path}: ${reason}`));
    if (text === source) continue;
    writeFileSync(join(root, path), text);
    result.changed.push(path);
    result.record[path] = { was: exported ?? "no export", passes: ["plain"] };
  }
  return result;
}

function repair({ root, paths, instructions }: Work): Result {
  const result = nothing();
  const sites = readSites(instructions);
  for (const path of paths) {
    const mended = mend(
      readModule(root, path),
      sites.filter((site) => site.file === path),
    );
    result.concerns.push(...mended.left.map((reason) => `${path}: ${reason}`));
    if (mended.done.length === 0) {
      result.concerns.push(`${path}: this pass found nothing that it could mend`);
      continue;
    }
    writeFileSync(join(root, path), mended.text);
    result.changed.push(path);
    const before = readManifest(root)[path] ?? { was: "a universal wrapper", passes: [] };
    result.record[path] = { was: before.was, passes: [...before.passes, ...mended.done] };
  }
  return result;
}

function mend(source: string, sites: Site[]): { text: string; done: string[]; left: string[] } {
  const places = sites.flatMap((s) =>
    s.kind === "strict" && s.line !== null ? [{ line: s.line, column: s.column ?? 1 }] : [],
  );
  const loosened = places.length > 0 ? loosenWrites(source, places) : { text: source, done: [], left: [] };
  const folded = foldDetection(loosened.text);
  return {
    text: folded.text,
    done: [...new Set([...loosened.done, ...folded.done])],
    left: [...loosened.left, ...folded.left],
  };
}

function describe({ root, paths }: Work): Result {
  const result = nothing();
  for (const path of paths) {
    const source = readFileSync(join(root, path), "utf8");
    const text = path.endsWith(".json") ? describePackage(source) : convertReadme(source);
    if (text === source) continue;
    writeFileSync(join(root, path), text);
    result.changed.push(path);
    if (path.endsWith(".json"))
      result.deviations.push(
        "A CommonJS caller now gets the functions under `default`: require() of an ES module gives its namespace.",
      );
  }
  return result;
}

export const passes: { [name: string]: Pass } = { plain, repair, package: describe };
