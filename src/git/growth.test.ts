/** That weeks of landings do not fill the trunk's store, nor leave anything open: some hundred of them, by counts alone. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { laneLimits } from "../domain/limits.ts";
import { userGit } from "./git-world.testsuite.ts";
import { LongRun } from "./long-run.testsuite.ts";
import { runA } from "./trunk-steps.testsuite.ts";

// Many processes on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let run: LongRun;
beforeEach(async () => void (run = await LongRun.open()));
afterEach(() => run.world.close());

test("packs, loose objects, bytes and open files stay bounded over 480 landings, maintained every 80", async () => {
  const packs: number[] = [];
  const openFiles: number[] = [];
  for (let n = 0; n < 6; n++) {
    packs.push((await run.land(80)).packs);
    // Nothing is under way that would be counted.
    await run.settle();
    openFiles.push((await run.figures([])).openFiles);
    await run.maintain();
  }
  await run.settle();
  const end = await run.figures([]);
  expect(end.packs).toBeLessThanOrEqual(3);
  expect(end.looseObjects).toBeLessThanOrEqual(50);
  expect(Math.max(...packs)).toBeLessThanOrEqual(laneLimits.packsMax + 5);
  expect(openFiles.at(-1)).toBeLessThanOrEqual((openFiles[0] ?? 0) + 3);
  // Without deltas a landing is about 2 KB: its file, three folders, a commit.
  expect(end.bytes / end.landed).toBeLessThan(1_000);
  expect((await run.world.trunk.landedSince(runA, run.world.base)).length).toBe(480);
  await userGit(run.trunkGit(), "fsck", "--full", "--strict");
});
