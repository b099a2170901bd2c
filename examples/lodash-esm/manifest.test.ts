import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { mergeManifests, parseManifest, printManifest, type Manifest } from "./manifest.ts";

// Real files and processes on a shared machine: the bound is there to end a hang, not to measure.
vi.setConfig({ testTimeout: 10 * 60_000, hookTimeout: 20 * 60_000 });

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "manifest-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const entry = (path: string) => ({ was: "module.exports", passes: [path] });
const withAll = (base: Manifest, batch: string[]): Manifest => ({
  ...base,
  ...Object.fromEntries(batch.map((path) => [path, entry(path)])),
});

/** What the trunk holds after git merges one task's change, and the worker resolves where git cannot. */
function land(base: string, trunk: string, yours: string): { text: string; conflict: boolean } {
  const [a, b, c] = ["yours", "base", "trunk"].map((name) => join(folder, name)) as [string, string, string];
  writeFileSync(a, yours);
  writeFileSync(b, base);
  writeFileSync(c, trunk);
  try {
    execFileSync("git", ["merge-file", "--quiet", a, b, c]);
    return { text: readFileSync(a, "utf8"), conflict: false };
  } catch {
    const [from, theirs, ours] = [base, trunk, yours].map((text) => parseManifest(text, "test")) as [
      Manifest,
      Manifest,
      Manifest,
    ];
    return { text: printManifest(mergeManifests(from, theirs, ours)), conflict: true };
  }
}

test("tasks that start from one trunk leave the same bytes in whatever order they land", () => {
  const paths = fc.uniqueArray(fc.stringMatching(/^_?[a-e]{1,3}\.js$/), { minLength: 4, maxLength: 14 });
  const scenario = paths.chain((all) =>
    fc.record({
      all: fc.constant(all),
      homes: fc.array(fc.nat(4), { minLength: all.length, maxLength: all.length }),
      order: fc.shuffledSubarray([1, 2, 3, 4], { minLength: 4 }),
    }),
  );
  let conflicts = 0;
  fc.assert(
    fc.property(scenario, ({ all, homes, order }) => {
      const batch = (home: number) => all.filter((_, index) => homes[index] === home);
      const base = withAll({}, batch(0));
      let trunk = printManifest(base);
      for (const home of order) {
        const landed = land(printManifest(base), trunk, printManifest(withAll(base, batch(home))));
        if (landed.conflict) conflicts++;
        trunk = landed.text;
      }
      expect(trunk).toBe(printManifest(withAll({}, all)));
    }),
    { numRuns: 60, seed: 7 },
  );
  // Without real conflicts this would have shown nothing.
  expect(conflicts).toBeGreaterThan(20);
});

test("two tasks that recorded one module differently are an error, not a silent choice", () => {
  const other = { "a.js": { was: "exports", passes: [] } };
  expect(() => mergeManifests({}, other, withAll({}, ["a.js"]))).toThrow(/recorded a\.js differently/);
});

test("a removed entry stays removed", () => {
  expect(
    mergeManifests(withAll({}, ["a.js", "b.js"]), withAll({}, ["a.js", "b.js", "c.js"]), withAll({}, ["a.js"])),
  ).toEqual(withAll({}, ["a.js", "c.js"]));
});

test("a record that is no JSON is named", () => {
  expect(() => parseManifest("<<<<<<< HEAD", "esm-modules.json")).toThrow("esm-modules.json is not JSON");
});
