/** The branches of a run in the user's repository, when the user works on them. */
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeGitWorld, put, userGit, type GitWorld } from "./git-world.testsuite.ts";
import { landed, runA, work } from "./trunk-steps.testsuite.ts";

let world: GitWorld;
const git = (...args: string[]) => userGit(world.repository, ...args);
const branch = `longhaul/${runA}`;

beforeEach(async () => {
  world = await makeGitWorld({ "a.txt": "a\n" });
  await world.trunk.begin(runA, world.base);
});
afterEach(() => world.close());

let tasks = 0;
async function land(): Promise<string> {
  const task = ++tasks;
  const [answer] = await work(world, task, await world.trunk.tip(runA), { [`${task}.txt`]: "x\n" });
  return landed(answer).commit;
}

test("what the user has committed on one is not overwritten; when they have moved it away, all is there", async () => {
  const first = await land();
  await world.trunk.publish(runA, null);
  await git("worktree", "add", "-q", "../theirs", branch);
  await put(join(world.repository, "../theirs"), { "by-hand.txt": "x\n" });
  await userGit(join(world.repository, "../theirs"), "add", "--all");
  await userGit(join(world.repository, "../theirs"), "commit", "-qm", "by hand");
  await git("worktree", "remove", "../theirs");
  const theirs = await git("rev-parse", branch);
  const later = await land();
  await expect(world.trunk.publish(runA, null)).rejects.toThrow(/commits that are not from this run.*left alone/);
  expect([await git("rev-parse", branch), await git("rev-parse", `${branch}~1`)]).toEqual([theirs, first]);
  await git("branch", "-m", branch, "kept");
  await world.trunk.publish(runA, null);
  expect([await git("rev-parse", branch), await git("rev-parse", "kept")]).toEqual([later, theirs]);
});

test("one that the user has set back to an earlier landing moves on", async () => {
  const first = await land();
  await land();
  await world.trunk.publish(runA, null);
  await git("branch", "-f", branch, first);
  const last = await land();
  await world.trunk.publish(runA, null);
  expect(await git("rev-parse", branch)).toBe(last);
});
