import { expect, onTestFinished, test } from "vitest";
import type { Commit } from "../domain/ids.ts";
import { Git } from "./git-process.ts";
import { environment, makeRepository, put, temporaryFolder, userGit } from "./git-world.testsuite.ts";
import { trackedFiles } from "./tracked-files.ts";
import { findRepository } from "./user-repository.ts";

test("the files of a commit with their sizes, whatever lies around them", async () => {
  const folder = await temporaryFolder();
  onTestFinished(() => folder.remove());
  const files = { "a.txt": "abc", "src/tab\tand ä.ts": "x".repeat(5_000), empty: "" };
  await makeRepository(folder.path, files);
  await put(folder.path, { "untracked.txt": "no" });
  const git = new Git(environment);
  const commit = (await userGit(folder.path, "rev-parse", "HEAD")) as Commit;
  const found = await trackedFiles(git, await findRepository(git, folder.path), commit);
  expect(found.map(({ path, bytes }) => [path, bytes])).toEqual([
    ["a.txt", 3],
    ["empty", 0],
    ["src/tab\tand ä.ts", 5_000],
  ]);
});
