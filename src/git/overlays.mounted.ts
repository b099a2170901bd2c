/** Overlays, in a process with mounts of its own: `overlays.test.ts` starts it. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { makeGitWorld } from "./git-world.testsuite.ts";
import { testAttacks } from "./hostile.testsuite.ts";
import { Mounts } from "./mounts.ts";
import { testSameIntake } from "./same-intake.testsuite.ts";
import { named, runA } from "./trunk-steps.testsuite.ts";
import { testTrunk } from "./trunk.testsuite.ts";

const mounts = new Mounts();
const makeWorld = (files: { [path: string]: string }) => makeGitWorld(files, mounts);
testTrunk("git, with overlays", makeWorld);
testAttacks("overlays", makeWorld);
testSameIntake(makeWorld);

test("a workspace is a mount, and no mount any more once it is removed", async () => {
  const world = await makeWorld({ "a.txt": "a\n" });
  const mounted = async (path: string) => (await readFile("/proc/self/mountinfo", "utf8")).includes(` ${path} `);
  await world.trunk.begin(runA, world.base);
  const workspace = await world.trunk.openWorkspace(runA, named(1), world.base);
  expect(await mounted(workspace.path)).toBe(true);
  await workspace.remove();
  expect(await mounted(workspace.path)).toBe(false);
  await world.close();
});
