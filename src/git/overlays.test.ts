/** Overlays can only be made by a process with mounts of its own: their tests run in one. */
import { expect, test } from "vitest";
import { inOwnMounts } from "./mounts.ts";
import { runInside } from "./own-process.testsuite.ts";

test("whatever every workspace does, overlays do", { timeout: 600_000 }, async () => {
  expect(await runInside(inOwnMounts, "src/git/overlays.mounted.ts")).toBeGreaterThan(60);
});
