/** Whatever a worker does, an overlay tells the same changes as a folder of copies in which every file is looked at. */
import * as fc from "fast-check";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { TakenIn, Workspace } from "../engine/ports.ts";
import type { GitChange } from "./change.ts";
import { openAt, put, userGit, type GitWorld } from "./git-world.testsuite.ts";
import { applyEdit, editedFiles, randomEdit, type Edit } from "./random-edits.testsuite.ts";
import { landNow, named, runA, submission } from "./trunk-steps.testsuite.ts";

/** What takes place of the commit below: the layers of an overlay are then more than one. */
const landedBefore: Edit[] = [
  { kind: "remove", at: "d/e" },
  { kind: "write", at: "d/e", text: "1" },
  { kind: "remove", at: "f" },
  { kind: "write", at: "f/n/h", text: "1" },
  { kind: "write", at: "a", text: "2" },
];

const plainOf = (taken: TakenIn) =>
  taken.kind !== "taken"
    ? taken
    : { kind: taken.kind, edits: [...(taken.change as GitChange).edits].toSorted(([a], [b]) => (a < b ? -1 : 1)) };

/** `world` has overlays, and is empty but for a commit. */
export function testSameIntake(makeWorld: (files: { [path: string]: string }) => Promise<GitWorld>): void {
  test("an overlay tells what a copy tells, whatever is done to both", async () => {
    const world = await makeWorld(Object.fromEntries(editedFiles.map((name) => [name, `${name}\n`])));
    const { trunk } = world;
    await trunk.begin(runA, world.base);
    const copies = await openAt(world.repository);
    const opened = { overlays: trunk, copies };
    let sessions = 0;
    const open = async (kind: keyof typeof opened) =>
      opened[kind].openWorkspace(runA, named(++sessions), await trunk.tip(runA));
    const before = await open("overlays");
    // A base has to be there before the tip moves on from it.
    for (const one of landedBefore) await applyEdit(before.path, one);
    expect(await landNow(trunk, runA, before, submission(1))).toMatchObject({ kind: "landed" });
    const kinds = new Set<string>();
    const property = fc.asyncProperty(fc.array(randomEdit, { minLength: 1, maxLength: 12 }), async (edits) => {
      const [overlay, copy]: [Workspace, Workspace] = [await open("overlays"), await open("copies")];
      expect(await userGit(overlay.path, "status", "--porcelain")).toBe("");
      for (const one of edits) {
        await applyEdit(overlay.path, one);
        await applyEdit(copy.path, one);
      }
      const [seen, wanted] = [plainOf(await trunk.takeIn(runA, overlay)), plainOf(await copies.takeIn(runA, copy))];
      expect(seen).toEqual(wanted);
      // Taken in again, nothing has changed.
      expect(plainOf(await trunk.takeIn(runA, overlay))).toEqual(wanted);
      kinds.add(wanted.kind);
      await Promise.all([overlay.remove(), copy.remove()]);
    });
    await fc.assert(property, { numRuns: 40 });
    expect(kinds).toContain("taken");
    await before.remove();
    await world.close();
  });

  test("a worker's git finds a clean tree on a tip that moved, and its history", async () => {
    const world = await makeWorld({ "d/a": "a\n", "d/b": "b\n", "e/c": "c\n" });
    const { trunk } = world;
    await trunk.begin(runA, world.base);
    const before = await trunk.openWorkspace(runA, named(1), world.base);
    await rm(join(before.path, "d"), { recursive: true });
    await put(before.path, { d: "now a file\n", "e/c": "changed\n", "n/m/o": "new\n" });
    await landNow(trunk, runA, before, submission(1));
    const after = await trunk.openWorkspace(runA, named(2), await trunk.tip(runA));
    expect(await userGit(after.path, "status", "--porcelain")).toBe("");
    expect(await userGit(after.path, "diff-files", "--name-only")).toBe("");
    expect(await userGit(after.path, "rev-parse", "HEAD")).toBe(await trunk.tip(runA));
    expect((await userGit(after.path, "log", "--format=%s")).split("\n")).toEqual(["Task 1", "base"]);
    await put(after.path, { "e/c": "mine\n" });
    await userGit(after.path, "commit", "-qam", "own");
    expect(await userGit(after.path, "status", "--porcelain")).toBe("");
    expect(await trunk.takeIn(runA, after)).toMatchObject({ kind: "taken", change: { files: ["e/c"] } });
    await world.close();
  });
}
