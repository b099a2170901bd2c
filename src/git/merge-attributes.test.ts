/** What `.gitattributes` says of merging counts as in `git merge`. */
import { rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Workspace } from "../engine/ports.ts";
import { makeGitWorld, put, userGit } from "./git-world.testsuite.ts";
import { landNow, lines, named, readTip, runA, submission } from "./trunk-steps.testsuite.ts";

vi.setConfig({ testTimeout: 60_000 });

async function enter(files: { [path: string]: string }) {
  const world = await makeGitWorld(files);
  onTestFinished(() => world.close());
  const { trunk } = world;
  await trunk.begin(runA, world.base);
  const open = async (n: number) => trunk.openWorkspace(runA, named(n), await trunk.tip(runA));
  const land = (workspace: Workspace, n: number) => landNow(trunk, runA, workspace, submission(n));
  return { world, trunk, one: await open(1), two: await open(2), land };
}

test("lines that both sides add to a file of `merge=union` are both there, also by rules of its folder", async () => {
  const { world, one, two, land } = await enter({
    ".gitattributes": "[attr]both merge=union\nNEWS both\n",
    "d/.gitattributes": "log both\n",
    NEWS: "news\n",
    "d/log": "log\n",
    "d/other": "other\n",
  });
  await put(one.path, { NEWS: "news\none\n", "d/log": "log\none\n" });
  await put(two.path, { NEWS: "news\ntwo\n", "d/log": "log\ntwo\n" });
  expect(await land(one, 1)).toMatchObject({ kind: "landed" });
  expect(await land(two, 2)).toMatchObject({ kind: "landed", files: ["NEWS", "d/log"] });
  expect(await readTip(world, "NEWS")).toBe("news\none\ntwo\n");
  expect(await readTip(world, "d/log")).toBe("log\none\ntwo\n");
  expect((await userGit(world.repository, "status", "--porcelain")).trim()).toBe("");
});

test("a file that is not to be merged as text conflicts, and whoever submits it as it is given back is told once", async () => {
  const { trunk, one, two, land } = await enter({ ".gitattributes": "lock -merge\n", lock: lines(), "a.txt": "a\n" });
  await put(one.path, { lock: `first\n${lines()}` });
  await put(two.path, { lock: `${lines()}last\n`, "a.txt": "mine\n" });
  expect(await land(one, 1)).toMatchObject({ kind: "landed" });
  expect(await land(two, 2)).toEqual({ kind: "conflict", files: ["lock"] });
  await trunk.placeConflict(two, await trunk.tip(runA));
  const told = { kind: "refused", reasons: [expect.stringMatching(/^lock: it cannot be merged as text/)] };
  expect(await land(two, 2)).toEqual(told);
  await put(two.path, { lock: `first\n${lines()}last\n` });
  expect(await land(two, 2)).toMatchObject({ kind: "landed", files: ["a.txt", "lock"] });
});

test("whoever submits a conflict of links as it is given back is told once", async () => {
  const { trunk, one, two, land } = await enter({ "a.txt": "a\n", "b.txt": "b\n", "c.txt": "c\n" });
  const lead = async (workspace: Workspace, to: string) => {
    await rm(join(workspace.path, "link"), { force: true });
    await symlink(to, join(workspace.path, "link"));
  };
  await lead(one, "a.txt");
  await lead(two, "b.txt");
  expect(await land(one, 1)).toMatchObject({ kind: "landed" });
  expect(await land(two, 2)).toMatchObject({ kind: "conflict" });
  await trunk.placeConflict(two, await trunk.tip(runA));
  const told = { kind: "refused", reasons: [expect.stringMatching(/^link/)] };
  expect(await land(two, 2)).toEqual(told);
  await lead(two, "c.txt");
  expect(await land(two, 2)).toMatchObject({ kind: "landed" });
});
