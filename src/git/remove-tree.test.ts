import { execFile } from "node:child_process";
import { chmod, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "./git-world.testsuite.ts";

/** As somebody else where we are root, to whom nothing denies itself. */
const asUser = `
const [module, folder] = process.argv.slice(1);
const { removeTree } = await import(module);
const { chmodSync, mkdirSync, writeFileSync } = await import("node:fs");
if (process.getuid() === 0) process.setuid(65534);
for (let n = 0; n < 60; n++) {
  const tree = folder + "/" + n;
  mkdirSync(tree + "/work/work/incompat", { recursive: true });
  // As the kernel makes it for an overlay.
  chmodSync(tree + "/work/work", 0);
  for (let file = 0; file < 12; file++) {
    mkdirSync(tree + "/upper/" + (file % 3), { recursive: true });
    writeFileSync(tree + "/upper/" + (file % 3) + "/" + file, "x");
  }
  await removeTree(tree);
}
`;

test("what denies itself to its owner goes, while all that is beside it goes", async () => {
  const { path, remove } = await temporaryFolder();
  onTestFinished(remove);
  await chmod(path, 0o777);
  const words = ["--input-type=module", "-e", asUser, join(import.meta.dirname, "remove-tree.ts"), path];
  await promisify(execFile)(process.execPath, words);
  expect(await readdir(path)).toEqual([]);
});
