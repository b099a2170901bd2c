/** Work that stands on what was prepared: files that lie there, and that neither the commit has nor git ignores, are in nobody's way. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { put, userGit, type GitWorld } from "./git-world.testsuite.ts";
import { landNow, named, runA, submission } from "./trunk-steps.testsuite.ts";

export function testPreparedBelow(makeWorld: (files: { [path: string]: string }) => Promise<GitWorld>): void {
  const enter = async (files: { [path: string]: string }) => {
    const world = await makeWorld(files);
    onTestFinished(() => world.close());
    await world.trunk.begin(runA, world.base);
    return world;
  };
  const lies = (files: { [path: string]: string }) => async (directory: string) => {
    await put(directory, files);
    return true;
  };

  test("work that changes a prepared file is put back where that file lies again", async () => {
    const world = await enter({ "a.txt": "a\n" });
    const { trunk, base } = world;
    await trunk.prepare(runA, "prepare-1", base, lies({ "lock.json": "prepared\n", "gen/x": "x\n" }));
    const workspace = await trunk.openWorkspace(runA, named(1), base);
    await rm(join(workspace.path, "gen"), { recursive: true });
    await put(workspace.path, { "lock.json": "mine\n", gen: "now a file\n" });
    const kept = await trunk.keep(runA, workspace);
    await workspace.remove();
    const again = await trunk.openWorkspace(runA, named(2), base, { kept: kept.ok ? kept.kept : null });
    expect([await world.read(again, "lock.json"), await world.read(again, "gen")]).toEqual(["mine\n", "now a file\n"]);
    expect(await userGit(again.path, "diff-files", "--name-only")).toBe("");
    expect(await trunk.takeIn(runA, again)).toMatchObject({ kind: "taken", change: { files: ["gen", "lock.json"] } });
  });

  test("what was prepared and git does not ignore is nothing new where work is put back, or conflicts", async () => {
    const world = await enter({ "a.txt": "a\n" });
    const { trunk, base } = world;
    await trunk.prepare(runA, "prepare-1", base, lies({ "gen/x": "x\n" }));
    const [first, other] = [
      await trunk.openWorkspace(runA, named(1), base),
      await trunk.openWorkspace(runA, named(2), base),
    ];
    for (const { path } of [first, other]) await put(path, { "a.txt": `${path}\n` });
    const kept = await trunk.keep(runA, first);
    await first.remove();
    const again = await trunk.openWorkspace(runA, named(3), base, { kept: kept.ok ? kept.kept : null });
    expect(await userGit(again.path, "status", "--porcelain")).toBe("M  a.txt");
    await landNow(trunk, runA, other, submission(2));
    await trunk.takeIn(runA, again);
    await trunk.placeConflict(again, await trunk.tip(runA));
    expect(await userGit(again.path, "status", "--porcelain")).toMatch(/^.. a\.txt$/);
  });

  test("a protected file that the trunk has lost, and that was prepared since, is put back", async () => {
    const world = await enter({ "a.txt": "a\n", "lock.json": "base\n" });
    const worker = await world.trunk.openWorkspace(runA, named(1), world.base);
    await rm(join(worker.path, "lock.json"));
    await landNow(world.trunk, runA, worker, submission(1));
    await worker.remove();
    // What its workspaces stand on has never had the file: nothing hides the prepared one.
    const trunk = await world.restart();
    const tip = await trunk.tip(runA);
    await trunk.prepare(runA, "prepare-1", tip, lies({ "lock.json": "prepared\n" }));
    const protect = { at: world.base, paths: ["lock.json"] };
    const { workspace, putBack } = await trunk.openProtected(runA, named(2), tip, protect);
    expect([await world.read(workspace, "lock.json"), putBack.files]).toEqual([
      "base\n",
      [{ path: "lock.json", change: "deleted" }],
    ]);
    await workspace.remove();
  });
}
