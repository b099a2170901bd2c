/** Owns how the trunk's repository comes to be. Invariant: it is there whole or not at all. */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { GitError, type Git } from "./git-process.ts";
import { ignoreMissing } from "./remove-tree.ts";
import type { UserRepository } from "./user-repository.ts";

/** upload-pack does not see our `-c`; it reads the user's repository, which `findRepository` has accepted. */
export const uploadPack =
  "--upload-pack=git -c 'safe.directory=*' -c uploadpack.allowAnySHA1InWant=true -c core.hooksPath=/dev/null upload-pack";

export async function makeTrunk(git: Git, user: UserRepository, gitDir: string): Promise<void> {
  await mkdir(dirname(gitDir), { recursive: true });
  await removeDeadBuilds(gitDir);
  const building = `${gitDir}.building-${process.pid}-${randomUUID()}`;
  await cloneInto(git, user, building);
  await git.run(["config", "--remove-section", "remote.origin"], { gitDir: building });
  await rm(join(building, "packed-refs"), { force: true });
  await rm(join(building, "refs", "heads"), { recursive: true, force: true });
  await mkdir(join(building, "refs", "heads"), { recursive: true });
  await mkdir(join(building, "objects", "info"), { recursive: true });
  await keepAsTheyAre(join(building, "objects", "pack"));
  await writeFile(join(building, "HEAD"), "ref: refs/heads/none\n");
  await rename(building, gitDir).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    // Another process was faster.
    await rm(building, { recursive: true, force: true });
  });
}

/** Objects are linked, which costs nothing, or copied where the state folder lies on another disk. */
async function cloneInto(git: Git, user: UserRepository, building: string): Promise<void> {
  // --dissociate copies what the user's repository itself only borrows.
  const clone = (how: string) =>
    git.run([
      "clone",
      "--quiet",
      "--bare",
      how,
      "--dissociate",
      "--no-tags",
      "--template=",
      uploadPack,
      "--",
      user.commonDir,
      building,
    ]);
  try {
    await clone("--local");
  } catch (error) {
    if (!(error instanceof GitError) || !/cross-device|failed to create link/i.test(error.stderr)) throw error;
    await rm(building, { recursive: true, force: true });
    await clone("--no-hardlinks");
  }
}

/** The history that is there already is packed well, and its files may be shared with the user's repository. */
async function keepAsTheyAre(folder: string): Promise<void> {
  const names = await readdir(folder).catch(ignoreMissing<string[]>([]));
  for (const name of names.filter((each) => each.endsWith(".pack"))) {
    const keep = name.replace(/pack$/, "keep");
    // One that is there is the user's own file, linked: it is not to be written to.
    if (!names.includes(keep)) await writeFile(join(folder, keep), "made with the trunk\n");
  }
}

async function removeDeadBuilds(gitDir: string): Promise<void> {
  for (const name of await readdir(dirname(gitDir))) {
    const pid = /^trunk\.git\.building-(\d+)-/.exec(name)?.[1];
    if (pid && !lives(Number(pid))) await rm(join(dirname(gitDir), name), { recursive: true, force: true });
  }
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
