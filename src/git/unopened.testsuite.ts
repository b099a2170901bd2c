/** What cannot be opened leaves nothing: nobody would know of it. */
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Commit } from "../domain/ids.ts";
import type { GitWorld } from "./git-world.testsuite.ts";
import { exists } from "./remove-tree.ts";
import { named, runA } from "./trunk-steps.testsuite.ts";

export function testUnopened(makeWorld: (files: { [path: string]: string }) => Promise<GitWorld>): void {
  test("a workspace that cannot be opened, or not be given what was kept, leaves nothing", async () => {
    const world = await makeWorld({ "a.txt": "a\n" });
    onTestFinished(() => world.close());
    const { trunk, base } = world;
    await trunk.begin(runA, base);
    const nowhere = "1".repeat(40) as Commit;
    const kept = JSON.stringify({ base, tree: nowhere, marked: [] });
    await expect(trunk.openWorkspace(runA, named(1), base, { kept })).rejects.toThrow(/1{40}/);
    await expect(trunk.openWorkspace(runA, named(2), nowhere)).rejects.toThrow(/1{40}/);
    await expect(trunk.openWorkspace(runA, named(3), nowhere, { scope: ["a.txt"] })).rejects.toThrow(/1{40}/);
    const folders = ["workspaces", "intake"].flatMap((folder) => [1, 2, 3].map((n) => join(folder, runA, named(n))));
    for (const folder of folders) expect([folder, await exists(join(world.state, folder))]).toEqual([folder, false]);
  });
}
