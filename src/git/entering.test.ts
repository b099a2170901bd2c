/** What one worker lands, every other one can work with, and no merge makes of it what may not enter. */
import { mkdir, rename, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Workspace } from "../engine/ports.ts";
import { makeGitWorld, put, userGit } from "./git-world.testsuite.ts";
import { landNow, lines, named, runA, submission } from "./trunk-steps.testsuite.ts";

vi.setConfig({ testTimeout: 60_000 });

async function enter(files: { [path: string]: string }) {
  const world = await makeGitWorld(files);
  onTestFinished(() => world.close());
  const { trunk, state } = world;
  await trunk.begin(runA, world.base);
  return {
    ...world,
    open: async (n: number) => trunk.openWorkspace(runA, named(n), await trunk.tip(runA)),
    land: (workspace: Workspace, n: number) => landNow(trunk, runA, workspace, submission(n)),
    links: async () =>
      (await userGit(join(state, "trunk.git"), "ls-tree", "-r", `refs/heads/${runA}`))
        .split("\n")
        .flatMap((line) => (line.startsWith("120000") ? [line.slice(line.indexOf("\t") + 1)] : [])),
  };
}

const refusal = (reason: string) => ({ kind: "refused", reasons: [expect.stringContaining(reason)] });

test.each([".gitmodules.", ".gitmodules/x", "GITMOD~1", "gi7eba~1", ".git\u200cmodules", "d\\.gitmodules"])(
  "a link named %j, with which git checks nothing out any more",
  async (name) => {
    const { open, land } = await enter({ "a.txt": "a\n" });
    const workspace = await open(1);
    await mkdir(dirname(join(workspace.path, name)), { recursive: true });
    await symlink("a.txt", join(workspace.path, name));
    expect(await land(workspace, 1)).toMatchObject(refusal("no symbolic link may be named .gitmodules"));
  },
);

test("a path that only fits where it was made", async () => {
  const { open, land } = await enter({ "a.txt": "a\n" });
  const workspace = await open(1);
  await put(workspace.path, { [[...Array.from({ length: 10 }, () => "d".repeat(200)), "f".repeat(48)].join("/")]: "" });
  expect(await land(workspace, 1)).toMatchObject(refusal("its path is too long"));
});

/** Both links are inside the tree where they are; where the merge puts them they would lead out of it. */
async function movedLink() {
  const entered = await enter({ "a.txt": "a\n", "deep/d/f": "f\n" });
  const { open, land } = entered;
  const before = await open(1);
  await symlink("somewhere-or-other", join(before.path, "deep/d/l"));
  await land(before, 1);
  const [mover, changer] = [await open(2), await open(3)];
  await rename(join(mover.path, "deep/d/l"), join(mover.path, "l"));
  await rm(join(changer.path, "deep/d/l"));
  await symlink("../../somewhere-or-other", join(changer.path, "deep/d/l"));
  expect(await land(mover, 2)).toMatchObject({ kind: "landed" });
  return { ...entered, changer };
}

test("a link that somebody moves while another leads it higher up is a conflict, and the trunk's stays", async () => {
  const { trunk, land, links, changer } = await movedLink();
  const tip = await trunk.tip(runA);
  expect(await land(changer, 3)).toEqual({ kind: "conflict", files: ["l"] });
  const { files } = await trunk.placeConflict(changer, tip);
  expect(files).toMatchObject([{ path: "l", trunk: expect.any(String), yours: expect.any(String) }]);
  expect(await land(changer, 3)).toMatchObject(refusal("the trunk's version is in place"));
  expect(await land(changer, 3)).toEqual({ kind: "unchanged" });
  expect([await trunk.tip(runA), await links()]).toEqual([tip, ["l"]]);
  await symlink("../a.txt", join(changer.path, "deep", "l"));
  expect(await land(changer, 3)).toMatchObject({ kind: "landed", files: ["deep/l"] });
});

test("a link that follows a folder to where it would lead out of the tree does not land unseen", async () => {
  const { open, land, trunk, links } = await enter({ "a.txt": "a\n", "deep/d/f": lines(), "deep/d/g": "g\n" });
  const [mover, adder] = [await open(1), await open(2)];
  await rename(join(mover.path, "deep/d"), join(mover.path, "moved"));
  await symlink("../../a.txt", join(adder.path, "deep/d/l"));
  await put(adder.path, { "b.txt": "b\n" });
  await land(mover, 1);
  expect(await land(adder, 2)).toMatchObject({ kind: "conflict" });
  const { files } = await trunk.placeConflict(adder, await trunk.tip(runA));
  expect(files).toMatchObject([{ path: "moved/l", yours: expect.any(String) }]);
  expect(await land(adder, 2)).toMatchObject({ kind: "landed", files: ["b.txt"] });
  expect(await links()).toEqual([]);
});
