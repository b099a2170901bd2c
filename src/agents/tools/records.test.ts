import * as fc from "fast-check";
import { expect, test } from "vitest";
import { toolLimits } from "../../domain/limits.ts";
import { FolderCounts } from "./folder-counts.ts";
import { Records } from "./records.ts";

test("records come out the same however the text is cut into pieces, and none is longer than the bound", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom("a", "\n"), maxLength: 12 })), (pieces) => {
      const got: [string, boolean][] = [];
      const records = new Records("\n", 5, (record, whole) => got.push([record, whole]));
      for (const piece of pieces) records.add(piece);
      records.flush();
      const lines = pieces.join("").split("\n");
      if (lines.at(-1) === "") lines.pop();
      expect(got).toEqual(lines.map((line) => [line.slice(0, 5), line.length <= 5]));
    }),
  );
});

test("millions of names are counted in bounded memory, the first by name are kept, folders counted", () => {
  const counts = new FolderCounts(10);
  for (let i = 0; i < 300_000; i++) counts.add(`d${i % 7}/${String(999_999 - i).padStart(7, "0")}/f`);
  counts.add("top");
  expect(counts.total).toBe(300_001);
  expect(counts.files()[0]).toBe("d0/0700000/f");
  expect(counts.files()).toHaveLength(10);
  expect(counts.tree(1)).toEqual({
    entries: [...[0, 1, 2, 3, 4, 5, 6].map((i) => `d${i}/ (${i < 1 ? 42_858 : 42_857} files)`), "top"],
    total: 8,
  });
  expect(counts.depthFor(100)).toBe(1);
});

test("as many levels are shown as fit", () => {
  const counts = new FolderCounts();
  for (let i = 0; i < 2_000; i++) counts.add(`a/b${i % 3}/c${i % 60}/${i}`);
  expect(counts.depthFor(2_000)).toBe(4);
  expect(counts.depthFor(1_999)).toBe(3);
  expect(counts.depthFor(59)).toBe(2);
  expect(counts.depthFor(2)).toBe(1);
  expect(counts.tree(2).entries).toEqual(["a/b0/ (667 files)", "a/b1/ (667 files)", "a/b2/ (666 files)"]);
  const deep = new FolderCounts();
  deep.add(`${"d/".repeat(100)}f`);
  expect(deep.files()).toEqual([`${"d/".repeat(100)}f`]);
  expect(deep.depthFor(toolLimits.entriesMax)).toBe(toolLimits.folderDepthMax + 1);
});
