/** Remotes that are folders of this machine, as git finds them. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { publishDefaults } from "../domain/publish-config.ts";
import { environment, makeGitWorld, openAt, put, userGit, type GitWorld } from "./git-world.testsuite.ts";
import { runA, runB } from "./trunk-steps.testsuite.ts";

let world: GitWorld;
const folder = (...path: string[]) => join(world.repository, "..", ...path);

beforeEach(async () => {
  world = await makeGitWorld({ "a.txt": "a\n" });
  await world.trunk.begin(runA, world.base);
});
afterEach(() => world.close());

test.runIf(process.getuid?.() === 0)("one of another user is used where the operator's git trusts it", async () => {
  // A name that a shell would take apart.
  const remote = folder("it's theirs.git");
  await userGit(world.repository, "clone", "-q", "--bare", world.repository, remote);
  await userGit(world.repository, "remote", "add", "origin", "../it's theirs.git");
  execFileSync("chown", ["-R", "12345", remote]);
  const trunk = await openAt(world.repository, undefined, { environment: { ...environment, HOME: folder("home") } });
  const exchange = () => trunk.remote({ remote: "origin", ...publishDefaults, follow: "main" }).exchange(runA, null);
  // What the repository says of itself does not count.
  await userGit(world.repository, "config", "safe.directory", "*");
  expect((await exchange()).faults.join()).toMatch(/dubious ownership/);
  await put(folder("home"), { ".gitconfig": `[safe]\n\tdirectory = "${remote}"\n` });
  expect(await exchange()).toMatchObject({ faults: [], pushed: [{}], followed: world.base });
});

test("one that is further than the user's clone, and shows nothing that the trunk knows, is sent what it lacks alone", async () => {
  await put(world.repository, { "a.txt": "b\n" });
  await userGit(world.repository, "commit", "-qam", "two");
  await userGit(world.repository, "config", "uploadpack.allowFilter", "true");
  // What is not there cannot be sent.
  await userGit(folder(), "clone", "-q", "--filter=blob:none", `file://${world.repository}`, "partial");
  const trunk = await openAt(folder("partial"));
  const { base } = await trunk.resolveBase();
  await trunk.begin(runB, base);
  await userGit(world.repository, "commit", "-q", "--allow-empty", "-m", "three");
  const remote = trunk.remote({ remote: "origin", ...publishDefaults, follow: null });
  expect(await remote.exchange(runB, null)).toMatchObject({ faults: [], pushed: [{ commit: base }] });
});

test("the branch of a shallow one cannot be followed: a fault that says so, and the trunk is pushed", async () => {
  await put(world.repository, { "a.txt": "b\n" });
  await userGit(world.repository, "commit", "-qam", "two");
  await userGit(folder(), "clone", "-q", "--bare", "--depth=1", `file://${world.repository}`, "shallow.git");
  const remote = world.trunk.remote({ remote: folder("shallow.git"), ...publishDefaults, follow: "main" });
  const { pushed, faults } = await remote.exchange(runA, null);
  expect([pushed.length, faults]).toEqual([1, ["the branch main there is shallow: it cannot be followed"]]);
});
