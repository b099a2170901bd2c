/** What git's own look at times, to the second, would not tell. */
import { mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeRepository, temporaryFolder, userGit } from "./git-world.testsuite.ts";
import { IndexFile } from "./index-file.ts";
import { sweep } from "./sweep.ts";

test("a file that changed is removed, though its length and time are the old ones", async () => {
  const folder = await temporaryFolder();
  const repository = join(folder.path, "user");
  await makeRepository(repository, { "a.txt": "a\n", "b.txt": "b\n" });
  const checkout = join(folder.path, "checkout");
  await mkdir(checkout);
  // A time long gone, as of what was cloned: git has no doubt then.
  const before = new Date("2024-01-01");
  const index = join(folder.path, "index");
  const git = (...args: string[]) =>
    userGit(repository, `--git-dir=${repository}/.git`, `--work-tree=${checkout}`, ...args);
  await userGit(repository, "checkout-index", "--all", `--prefix=${checkout}/`);
  for (const name of ["a.txt", "b.txt"]) await utimes(join(checkout, name), before, before);
  await git("-c", "index.version=2", "update-index", "--refresh");
  await writeFile(index, await readFile(join(repository, ".git", "index")));
  const { ino } = await stat(join(checkout, "a.txt"));
  await writeFile(join(checkout, "a.txt"), "x\n");
  await utimes(join(checkout, "a.txt"), before, before);
  expect((await stat(join(checkout, "a.txt"))).ino).toBe(ino);
  await sweep(checkout, new IndexFile(await readFile(index), await userGit(repository, "rev-parse", "HEAD")));
  expect(await readdir(checkout)).toEqual(["b.txt"]);
  await folder.remove();
});
