/** Workspaces that are clones, on a file system that can: `clones.test.ts` starts it there. */
import { execFileSync } from "node:child_process";
import { lstatSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, rm, statfs, symlink, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { expect, test } from "vitest";
import { layerLimits } from "../domain/limits.ts";
import type { Workspace } from "../engine/ports.ts";
import { whyNoClones } from "./clones.ts";
import {
  environment,
  makeGitWorld,
  makeRepository,
  openAt,
  put,
  temporaryFolder,
  userGit,
} from "./git-world.testsuite.ts";
import { testAttacks } from "./hostile.testsuite.ts";
import { IndexFile } from "./index-file.ts";
import { testPool } from "./pooled-checkouts.testsuite.ts";
import { testOddPreparations } from "./odd-preparations.testsuite.ts";
import { testPreparation } from "./preparation.testsuite.ts";
import { exists } from "./remove-tree.ts";
import { landNow, named, runA, submission } from "./trunk-steps.testsuite.ts";
import { testTrunk } from "./trunk.testsuite.ts";
import { testUnopened } from "./unopened.testsuite.ts";
import { testWorkersGit } from "./workers-git.testsuite.ts";

test("files can be cloned here, else nothing below means anything", async () => {
  const folder = await temporaryFolder();
  expect(await whyNoClones(environment, folder.path)).toBeNull();
  expect(await readdir(folder.path)).toEqual([]);
  await folder.remove();
});

testTrunk("git, with clones", makeGitWorld);
testAttacks("clones", makeGitWorld);
testPool();
testPreparation(makeGitWorld);
testOddPreparations(makeGitWorld);
testUnopened(makeGitWorld);
testWorkersGit(makeGitWorld);

test("fresh workspaces take no room for what is in the files", async () => {
  const bytes = 16 * 2 ** 20;
  const world = await makeGitWorld({ "d/large": randomBytes(bytes) });
  const { trunk } = world;
  await trunk.begin(runA, world.base);
  const first = await trunk.openWorkspace(runA, named(1), world.base);
  await userGit(first.path, "status");
  const used = async () => {
    execFileSync("sync", ["-f", world.repository]);
    const { blocks, bfree, bsize } = await statfs(world.repository);
    return (blocks - bfree) * bsize;
  };
  const before = await used();
  for (let n = 2; n < 8; n++) await trunk.openWorkspace(runA, named(n), world.base);
  expect((await used()) - before).toBeLessThan(bytes / 2);
  expect(trunk.workspaceBytes(runA)).toBe(layerLimits.cloneBytes);
  await world.close();
});

const odd = [
  "plain",
  "with space",
  "tab\there",
  "new\nline",
  'quo"te',
  "back\\slash",
  "ümläut/ß",
  "-rf",
  "d/e/f/g",
  "*",
  "d/.x",
];

test.each(["sha1", "sha256"] as const)("the index of a clone tells what git would, of any name: %s", async (format) => {
  const folder = await temporaryFolder();
  const repository = join(folder.path, "user");
  await makeRepository(repository, Object.fromEntries(odd.map((name) => [name, `${name}\n`])), format);
  await symlink("d/e", join(repository, "link"));
  await symlink("nowhere", join(repository, "d", "dangling"));
  await writeFile(join(repository, "empty"), "");
  await chmod(join(repository, "plain"), 0o755);
  // No text in UTF-8.
  await mkdir(Buffer.from(`${repository}/\xe4`, "latin1"));
  await writeFile(Buffer.from(`${repository}/\xe4/\xff`, "latin1"), "latin1\n");
  await userGit(repository, "add", "-A");
  await userGit(repository, "commit", "-qm", "odd");
  const head = await userGit(repository, "rev-parse", "HEAD");
  await userGit(repository, "update-index", "--add", "--cacheinfo", `160000,${head},module`);
  await userGit(repository, "commit", "-qm", "a submodule");
  const trunk = await openAt(repository);
  const { base } = await trunk.resolveBase();
  await trunk.begin(runA, base);
  await trunk.openWorkspace(runA, named(1), base);
  const { path } = await trunk.openWorkspace(runA, named(2), base);
  const told = async () => (await userGit(path, "ls-files", "-z", "--stage", "--debug")).replace(/flags: \w+/g, "");
  const ours = await told();
  expect(await userGit(path, "fsck", "--strict")).toBe("");
  // Only now: it writes the index anew where that is not as the files are.
  expect(await userGit(path, "status", "--porcelain", "--ignore-submodules=none")).toBe("");
  // From nothing: git reads each file, and notes what it sees.
  await rm(join(path, ".git", "index"));
  await userGit(path, "read-tree", base);
  await userGit(path, "update-index", "--refresh");
  const withoutModule = (all: string) => all.replace(/160000[^]*/, "");
  expect(ours.split("\0").length).toBeGreaterThan(odd.length + 5);
  expect(withoutModule(ours)).toBe(withoutModule(await told()));
  await folder.remove();
});

test("a clone is left as it was cloned: git writes only what differs", async () => {
  const world = await makeGitWorld({ "a.txt": "a\n", "d/b.txt": "b\n" });
  const { trunk } = world;
  await trunk.begin(runA, world.base);
  const first = await trunk.openWorkspace(runA, named(1), world.base);
  // What git writes is of now; what is cloned has the time of the checkout below.
  const timeOf = ({ path }: Workspace) => lstatSync(join(path, "a.txt"), { bigint: true }).mtimeNs;
  await put(first.path, { "d/b.txt": "changed\n" });
  await landNow(trunk, runA, first, submission(1));
  const same = await trunk.openWorkspace(runA, named(2), world.base);
  const next = await trunk.openWorkspace(runA, named(3), await trunk.tip(runA));
  expect([timeOf(same), timeOf(next)]).toEqual([timeOf(first), timeOf(first)]);
  expect([await world.read(same, "d/b.txt"), await world.read(next, "d/b.txt")]).toEqual(["b\n", "changed\n"]);
  for (const { path } of [same, next]) expect(await userGit(path, "status", "--porcelain")).toBe("");
  await world.close();
});

test("when the trunk is far from the checkout that is cloned, that moves on", async () => {
  const world = await makeGitWorld({ "a.txt": "a\n", "gone.txt": "g\n" });
  const { trunk } = world;
  await trunk.begin(runA, world.base);
  const first = await trunk.openWorkspace(runA, named(1), world.base);
  const many = Array.from({ length: layerLimits.pathsApartWell + 1 }, (_, n) => [`n/${n}`, `${n}\n`]);
  await put(first.path, Object.fromEntries(many));
  await rm(join(first.path, "gone.txt"));
  await landNow(trunk, runA, first, submission(1));
  const tip = await trunk.tip(runA);
  const next = await trunk.openWorkspace(runA, named(2), tip);
  const [own = ""] = await readdir(join(world.state, "pool", runA));
  const base = join(world.state, "pool", runA, own, "base");
  expect(await exists(join(base, "files", "gone.txt"))).toBe(false);
  const paths = new IndexFile(await readFile(join(base, "index")), tip).count;
  expect(paths).toBe(many.length + 1);
  expect(await userGit(next.path, "status", "--porcelain")).toBe("");
  expect(await world.read(next, "n/7")).toBe("7\n");
  await world.close();
});
