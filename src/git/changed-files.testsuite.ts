/** The look at what changed between two commits, for every `Trunk`. */
import { expect, test } from "vitest";
import type { ChangedFile } from "../domain/weakened-tests.ts";
import { readTip, runA, work, type Enter } from "./trunk-steps.testsuite.ts";

const text = Array.from({ length: 20 }, (_, n) => `line ${n}\n`).join("");

export function changedFilesTests(enter: Enter): void {
  test("changed files are visited with both texts: what is gone first, what is new last, and renames as such", async () => {
    const world = await enter({ "a.txt": "a\n", "gone.txt": "gone\n", "other.md": "x\n", "old/name.txt": text });
    await work(world, 1, world.base, {
      "a.txt": "A\n",
      "0.txt": "new\n",
      "gone.txt": null,
      "other.md": "y\n",
      "old/name.txt": null,
      "new/name.txt": `${text}more\n`,
    });
    const tip = await world.trunk.tip(runA);
    const seen: ChangedFile[] = [];
    const look = { wanted: (path: string) => path.endsWith(".txt"), visit: (file: ChangedFile) => seen.push(file) };
    expect(await world.trunk.changedFiles(runA, [world.base, tip], look)).toEqual({ omitted: 0 });
    expect(seen).toEqual([
      { before: { path: "gone.txt", text: "gone\n" }, after: null },
      { before: { path: "a.txt", text: "a\n" }, after: { path: "a.txt", text: "A\n" } },
      { before: { path: "old/name.txt", text }, after: { path: "new/name.txt", text: `${text}more\n` } },
      { before: null, after: { path: "0.txt", text: "new\n" } },
    ]);
    expect(await readTip(world, "a.txt")).toBe("A\n");
  });

  test("what is no text is not read, and between one commit and itself nothing has changed", async () => {
    const world = await enter({ "a.txt": "a\n" });
    await work(world, 1, world.base, { "a.txt": "a\0b" });
    const tip = await world.trunk.tip(runA);
    const seen: ChangedFile[] = [];
    const look = { wanted: () => true, visit: (file: ChangedFile) => seen.push(file) };
    await world.trunk.changedFiles(runA, [world.base, tip], look);
    expect(seen).toEqual([{ before: { path: "a.txt", text: "a\n" }, after: { path: "a.txt", text: null } }]);
    seen.length = 0;
    expect(await world.trunk.changedFiles(runA, [tip, tip], look)).toEqual({ omitted: 0 });
    expect(seen).toEqual([]);
  });
}
