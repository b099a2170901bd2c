/** Protected files against what a worker can do with git itself. */
import { lstatSync, readFileSync, readlinkSync } from "node:fs";
import { chmod, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Commit } from "../domain/ids.ts";
import { absentAt } from "./protected.ts";
import { Git } from "./git-process.ts";
import { environment, makeGitWorld, put, userGit, type GitWorld } from "./git-world.testsuite.ts";
import { landed, landNow, named, runA, submission } from "./trunk-steps.testsuite.ts";

vi.setConfig({ testTimeout: 60_000 });

/** A world in which `attack`, made in a worker's workspace, has landed. */
async function attacked(
  files: { [path: string]: string },
  attack: (workspace: string) => Promise<void>,
): Promise<{ world: GitWorld; tip: Commit }> {
  const world = await makeGitWorld(files);
  onTestFinished(() => world.close());
  await world.trunk.begin(runA, world.base);
  const workspace = await world.trunk.openWorkspace(runA, named(1), world.base);
  await attack(workspace.path);
  landed(await landNow(world.trunk, runA, workspace, submission(1)));
  return { world, tip: await world.trunk.tip(runA) };
}

test("attributes that the trunk has now do not change how protected files are written", async () => {
  const { world, tip } = await attacked({ "accept/expected.txt": "one\ntwo $Id$\n", "a.txt": "a\n" }, (workspace) =>
    put(workspace, { ".gitattributes": "* text eol=crlf ident\n", "a.txt": "b\n" }),
  );
  const protect = { at: world.base, paths: ["accept/expected.txt"] };
  const { workspace, putBack } = await world.trunk.openProtected(runA, named(2), tip, protect);
  expect(readFileSync(join(workspace.path, "accept/expected.txt"), "utf8")).toBe("one\ntwo $Id$\n");
  expect(readFileSync(join(workspace.path, "a.txt"), "utf8")).toBe("b\r\n");
  expect(putBack.files).toEqual([]);
  // Nobody gets a folder whose files were written under other attributes.
  await workspace.remove();
  const next = await world.trunk.openWorkspace(runA, named(3), tip);
  expect(readFileSync(join(next.path, "accept/expected.txt"), "utf8")).toMatch(/^one\r\ntwo \$Id: /);
});

test("attributes of the base count for protected files, also where the trunk has none any more", async () => {
  const { world, tip } = await attacked({ ".gitattributes": "*.txt eol=crlf\n", "accept/x.txt": "x\n" }, (workspace) =>
    rm(join(workspace, ".gitattributes")),
  );
  const protect = { at: world.base, paths: ["accept"] };
  const { workspace } = await world.trunk.openProtected(runA, named(2), tip, protect);
  expect(readFileSync(join(workspace.path, "accept/x.txt"), "utf8")).toBe("x\r\n");
  expect(await world.read(workspace, ".gitattributes")).toBeNull();
});

test("modes and links are put back; a link in place of a folder above is not followed", async () => {
  const files = { "accept/verify.sh": "exit 1\n", "accept/data": "data\n", "free/verify.sh": "exit 0\n" };
  const { world, tip } = await attacked(files, async (workspace) => {
    await rm(join(workspace, "accept"), { recursive: true });
    await symlink("free", join(workspace, "accept"));
  });
  const protect = { at: world.base, paths: ["accept/verify.sh"] };
  const { workspace, putBack } = await world.trunk.openProtected(runA, named(2), tip, protect);
  expect(lstatSync(join(workspace.path, "accept")).isDirectory()).toBe(true);
  expect(readFileSync(join(workspace.path, "accept/verify.sh"), "utf8")).toBe("exit 1\n");
  expect(readFileSync(join(workspace.path, "free/verify.sh"), "utf8")).toBe("exit 0\n");
  expect(putBack.files).toContainEqual({ path: "accept/verify.sh", change: "deleted" });

  const second = await attacked({ "run.sh": "exit 1\n", "other.sh": "exit 0\n" }, async (path) => {
    await chmod(join(path, "run.sh"), 0o755);
    await rm(join(path, "other.sh"));
    await symlink("run.sh", join(path, "other.sh"));
  });
  const again = await second.world.trunk.openProtected(runA, named(2), second.tip, {
    at: second.world.base,
    paths: ["other.sh", "run.sh"],
  });
  expect(lstatSync(join(again.workspace.path, "run.sh")).mode & 0o111).toBe(0);
  expect(readFileSync(join(again.workspace.path, "other.sh"), "utf8")).toBe("exit 0\n");
  expect(lstatSync(join(again.workspace.path, "other.sh")).isSymbolicLink()).toBe(false);
});

test("a protected link stays a link, to where the base has it lead", async () => {
  const world = await makeGitWorld({ "real.sh": "exit 1\n", "fake.sh": "exit 0\n" });
  onTestFinished(() => world.close());
  await symlink("real.sh", join(world.repository, "verify"));
  await userGit(world.repository, "add", "-A");
  await userGit(world.repository, "commit", "--quiet", "-m", "link");
  const { base } = await world.trunk.resolveBase();
  await world.trunk.begin(runA, base);
  const workspace = await world.trunk.openWorkspace(runA, named(1), base);
  await rm(join(workspace.path, "verify"));
  await symlink("fake.sh", join(workspace.path, "verify"));
  landed(await landNow(world.trunk, runA, workspace, submission(1)));
  const protect = { at: base, paths: ["verify"] };
  const opened = await world.trunk.openProtected(runA, named(2), await world.trunk.tip(runA), protect);
  expect(readlinkSync(join(opened.workspace.path, "verify"))).toBe("real.sh");
});

test("the checkout is clean for its own git, and shows against its commit what was put back", async () => {
  const { world, tip } = await attacked({ "verify.sh": "exit 1\n", "a.txt": "a\n" }, (workspace) =>
    put(workspace, { "verify.sh": "exit 0\n" }),
  );
  const opened = await world.trunk.openProtected(runA, named(2), tip, { at: world.base, paths: ["verify.sh"] });
  expect(await userGit(opened.workspace.path, "status", "--porcelain")).toBe("M  verify.sh");
  expect(await userGit(opened.workspace.path, "diff", "--name-only")).toBe("");
});

test("paths that are not in a commit are told", async () => {
  const world = await makeGitWorld({ "accept/x.txt": "x\n", "größe.sh": "\n" });
  onTestFinished(() => world.close());
  const asked = ["accept", "accept/x.txt", "accept/y.txt", "größe.sh", "größe"];
  const git = new Git(environment);
  expect(await absentAt(git, join(world.repository, ".git"), "HEAD", asked)).toEqual(["accept/y.txt", "größe"]);
  const empty = await makeGitWorld({});
  onTestFinished(() => empty.close());
  expect(await absentAt(git, join(empty.repository, ".git"), "HEAD", ["accept"])).toEqual(["accept"]);
});
