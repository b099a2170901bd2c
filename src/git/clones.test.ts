/** Files can only be cloned on some file systems: the tests of that run on one. */
import { expect, test } from "vitest";
import { cloningFolder, cloningMissing } from "../../test/cloning-folder.ts";
import { runInside } from "./own-process.testsuite.ts";

test("whatever every workspace does, clones do", { timeout: 600_000 }, async () => {
  // Of few, so that no other test is held up for it.
  expect(cloningMissing()).toBeNull();
  const folder = await cloningFolder();
  try {
    expect(await runInside(folder.inside, "src/git/clones.mounted.ts")).toBeGreaterThan(60);
  } finally {
    await folder.remove();
  }
});
