/** Every kind of user's repository, and that the user's own things are left alone. */
import { chmod, chown, readFile, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EnvironmentError } from "../domain/environment-error.ts";
import type { Commit, RunId } from "../domain/ids.ts";
import { environment, makeRepository, openAt, put, temporaryFolder, userGit } from "./git-world.testsuite.ts";
import { Git } from "./git-process.ts";
import { exists } from "./remove-tree.ts";
import { landNow, named, runA, submission } from "./trunk-steps.testsuite.ts";
import { excludeStateFolder, findRepository } from "./user-repository.ts";

// Many processes on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...path: string[]) => join(folder.path, ...path);
const git = new Git(environment);

beforeEach(async () => void (folder = await temporaryFolder()));
afterEach(() => folder.remove());

/** Lands one new file in a fresh run; answers the files on the trunk. */
async function landOne(repository: string): Promise<string[]> {
  const trunk = await openAt(repository);
  const { base } = await trunk.resolveBase();
  await trunk.begin(runA, base);
  const workspace = await trunk.openWorkspace(runA, named(1), base);
  expect(await userGit(workspace.path, "status", "--porcelain")).toBe("");
  expect(await userGit(workspace.path, "log", "--format=%H", "-1")).toBe(base);
  await put(workspace.path, { "new.txt": "new\n" });
  expect(await landNow(trunk, runA, workspace, submission(1))).toMatchObject({ kind: "landed", files: ["new.txt"] });
  await trunk.publish(runA, base);
  return (await userGit(repository, "ls-tree", "-r", "--name-only", `longhaul/${runA}`)).split("\n");
}

async function snapshot(root: string): Promise<{ [path: string]: string }> {
  const files: { [path: string]: string } = {};
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (/\/\.longhaul(\/|$)|\/objects\/|longhaul/.test(path.slice(root.length)) || !entry.isFile()) continue;
    files[path] = (await readFile(path)).toString("latin1") + String((await stat(path)).mtimeMs);
  }
  return files;
}

describe("a run works in", () => {
  test("a plain repository", async () => {
    await makeRepository(at("u"), { "a.txt": "a\n" });
    expect(await landOne(at("u"))).toEqual(["a.txt", "new.txt"]);
  });

  test("a repository without commits, twice from the same base", async () => {
    await makeRepository(at("u"), {});
    expect(await landOne(at("u"))).toEqual(["new.txt"]);
    const first = await (await openAt(at("u"))).resolveBase();
    expect(await (await openAt(at("u"))).resolveBase()).toEqual(first);
    expect(first.unborn).toBe(true);
  });

  test("a linked worktree on a detached commit", async () => {
    await makeRepository(at("u"), { "a.txt": "a\n" });
    await userGit(at("u"), "worktree", "add", "-q", "--detach", at("w"));
    await put(at("w"), { "w.txt": "w\n" });
    await userGit(at("w"), "add", "-A");
    await userGit(at("w"), "commit", "-qm", "w");
    expect(await landOne(at("w"))).toEqual(["a.txt", "new.txt", "w.txt"]);
    await excludeStateFolder(git, await findRepository(git, at("w")));
    expect(await userGit(at("w"), "status", "--porcelain")).toBe("");
  });

  test("a shallow clone", async () => {
    await makeRepository(at("o"), { "a.txt": "a\n" });
    await userGit(at("o"), "commit", "-q", "--allow-empty", "-m", "two");
    await userGit(folder.path, "clone", "-q", "--depth=1", `file://${at("o")}`, "u");
    expect(await landOne(at("u"))).toEqual(["a.txt", "new.txt"]);
  });

  test("a clone that borrows its objects, and then the lender goes away", async () => {
    await makeRepository(at("o"), { "a.txt": "a\n" });
    await userGit(folder.path, "clone", "-q", "--shared", "o", "u");
    expect(await landOne(at("u"))).toEqual(["a.txt", "new.txt"]);
    await rm(at("o"), { recursive: true });
    await userGit(at("u", ".longhaul", "trunk.git"), "fsck", "--full");
  });

  test("a repository of sha256 objects", async () => {
    await userGit(folder.path, "init", "-q", "--object-format=sha256", "u");
    await put(at("u"), { "a.txt": "a\n" });
    await userGit(at("u"), "add", "-A");
    await userGit(at("u"), "commit", "-qm", "base");
    expect(await landOne(at("u"))).toEqual(["a.txt", "new.txt"]);
  });

  test("a repository with submodules and LFS pointers, which pass unchanged", async () => {
    await makeRepository(at("s"), { "s.txt": "s\n" });
    const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
    await makeRepository(at("u"), {
      "a.txt": "a\n",
      ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n",
      "x.bin": pointer,
    });
    await userGit(at("u"), "submodule", "--quiet", "add", at("s"), "sub");
    await userGit(at("u"), "commit", "-qm", "submodule");
    expect(await landOne(at("u"))).toEqual([".gitattributes", ".gitmodules", "a.txt", "new.txt", "sub", "x.bin"]);
    expect(await userGit(at("u"), "diff", "--name-only", "HEAD", `longhaul/${runA}`)).toBe("new.txt");
    const trunk = await openAt(at("u"));
    const workspace = await trunk.openWorkspace(runA, named(2), await trunk.tip(runA));
    await put(workspace.path, { "sub/lost.txt": "x" });
    expect(await landNow(trunk, runA, workspace, submission(2))).toMatchObject({
      kind: "refused",
      reasons: [expect.stringContaining("sub: a submodule")],
    });
    await rm(join(workspace.path, "sub"), { recursive: true });
    expect(await landNow(trunk, runA, workspace, submission(2))).toMatchObject({ kind: "refused" });
  });

  test("LFS pointers that a worker sees, changes and adds: no filter runs, and they land as they are", async () => {
    const filter = (what: string) => `[filter "lfs"]\n\t${what} = touch ${at("ran")}; cat\n\trequired = true\n`;
    const lfs = filter("clean") + filter("smudge") + filter("process");
    const pointer = (n: number) =>
      `version https://git-lfs.github.com/spec/v1\noid sha256:${String(n).repeat(64)}\nsize ${n}\n`;
    const attributes = "*.bin filter=lfs diff=lfs merge=lfs -text\n";
    await makeRepository(at("u"), { ".gitattributes": attributes, "x.bin": pointer(1), "y.bin": pointer(2) });
    await put(folder.path, {
      "home/.gitconfig": lfs,
      "u/.git/config": `${await readFile(at("u/.git/config"), "utf8")}${lfs}`,
    });
    const trunk = await openAt(at("u"), undefined, { environment: { ...environment, HOME: at("home") } });
    const base = (await userGit(at("u"), "rev-parse", "HEAD")) as Commit;
    await trunk.begin(runA, base);
    const workspace = await trunk.openWorkspace(runA, named(1), base);
    expect(await readFile(join(workspace.path, "x.bin"), "utf8")).toBe(pointer(1));
    await put(workspace.path, { "x.bin": pointer(3), "new.bin": pointer(4) });
    expect(await landNow(trunk, runA, workspace, submission(1))).toMatchObject({ files: ["new.bin", "x.bin"] });
    await trunk.publish(runA, null);
    const [x, added] = ["x", "new"].map((name) => userGit(at("u"), "cat-file", "blob", `longhaul/${runA}:${name}.bin`));
    expect([`${await x}\n`, `${await added}\n`, await exists(at("ran"))]).toEqual([pointer(3), pointer(4), false]);
  });

  test("a team that signs its commits off", async () => {
    await makeRepository(at("u"), { "a.txt": "a\n" });
    const identity = { name: "Ada", email: "ada@example.org" };
    const trunk = await openAt(at("u"), undefined, { identity, signOff: true });
    const { base } = await trunk.resolveBase();
    await trunk.begin(runA, base);
    const workspace = await trunk.openWorkspace(runA, named(1), base);
    await put(workspace.path, { "a.txt": "1\n" });
    const message = "Subject\n\nCo-authored-by: Bob <bob@example.org>";
    await landNow(trunk, runA, workspace, submission(1, { message }));
    expect(await trunk.landedSince(runA, base)).toMatchObject([{ task: 1 }]);
    await trunk.publish(runA, null);
    const format = "--format=%an <%ae>%n%(trailers:key=Signed-off-by,valueonly)%(trailers:key=Longhaul-Task,valueonly)";
    expect(await userGit(at("u"), "log", "-1", format, `longhaul/${runA}`)).toBe(
      "Ada <ada@example.org>\nAda <ada@example.org>\nt1\n",
    );
  });

  test.runIf(process.getuid?.() === 0)("a repository of another user, where the user's git trusts it", async () => {
    await makeRepository(at("u"), { "a.txt": "a\n" });
    await chown(at("u"), 12345, 12345);
    await chown(at("u", ".git"), 12345, 12345);
    await expect(openAt(at("u"))).rejects.toThrow(/belongs to another user.*safe\.directory/s);
    await put(folder.path, { "home/.gitconfig": "[safe]\n\tdirectory = *\n" });
    const trusting = new Git({ ...environment, HOME: at("home") });
    expect(await findRepository(trusting, at("u"))).toMatchObject({ topLevel: at("u") });
  });

  test("a later commit of the user's, with the trunk already there", async () => {
    await makeRepository(at("u"), { "a.txt": "a\n" });
    await openAt(at("u"));
    await put(at("u"), { "later.txt": "l\n" });
    await userGit(at("u"), "add", "later.txt");
    await userGit(at("u"), "commit", "-qm", "later");
    expect(await landOne(at("u"))).toEqual(["a.txt", "later.txt", "new.txt"]);
  });
});

test("a partial clone that lacks files is refused with what to do", async () => {
  await makeRepository(at("o"), { "a.txt": "a\n" });
  await userGit(at("o"), "config", "uploadpack.allowFilter", "true");
  await userGit(folder.path, "clone", "-q", "--filter=blob:none", "--no-checkout", `file://${at("o")}`, "u");
  const trunk = await openAt(at("u"));
  const { base } = await trunk.resolveBase();
  await expect(trunk.begin(runA, base)).rejects.toThrow(/partial clone that lacks 1 objects.*--refetch/);
});

describe("what is not a repository to work in says so", () => {
  test("no repository, a bare one, a .git folder", async () => {
    await expect(findRepository(git, folder.path)).rejects.toThrow(/not a git repository.*git init/);
    await userGit(folder.path, "init", "-q", "--bare", "bare.git");
    await expect(findRepository(git, at("bare.git"))).rejects.toThrow(/bare repository/);
    await makeRepository(at("u"), {});
    await expect(findRepository(git, at("u", ".git"))).rejects.toBeInstanceOf(EnvironmentError);
  });

  test("no git, an old git", async () => {
    await expect(findRepository(new Git({ PATH: at("empty") }), folder.path)).rejects.toThrow(
      /git: cannot be started.*Install git/,
    );
    await put(folder.path, { "old/git": "#!/bin/sh\necho git version 2.37.9\n" });
    await chmod(at("old", "git"), 0o755);
    await expect(findRepository(new Git({ PATH: `${at("old")}:/bin` }), folder.path)).rejects.toThrow(
      /git: this is git version 2\.37\.9.*2\.38/,
    );
  });
});

describe("the user's own things", () => {
  test("stay byte for byte, with staged, changed and untracked files", async () => {
    await makeRepository(at("u"), { "a.txt": "a\n", "b.txt": "b\n" });
    await put(at("u"), { "a.txt": "staged\n" });
    await userGit(at("u"), "add", "a.txt");
    await put(at("u"), {
      "a.txt": "changed\n",
      "untracked.txt": "u\n",
      ".git/hooks/reference-transaction": "#!/bin/sh\ntouch ../pwned\n",
    });
    await chmod(at("u", ".git", "hooks", "reference-transaction"), 0o755);
    await excludeStateFolder(git, await findRepository(git, at("u")));
    const before = await snapshot(at("u"));
    expect(await (await openAt(at("u"))).resolveBase()).toMatchObject({ dirty: 2, unborn: false });
    await landOne(at("u"));
    expect(await snapshot(at("u"))).toEqual(before);
    expect((await userGit(at("u"), "branch", "--format=%(refname:short)")).split("\n")).toEqual([
      `longhaul/${runA}`,
      `longhaul/${runA}-green`,
      "main",
    ]);
    expect(await exists(at("pwned"))).toBe(false);
  });

  test("the state folder is excluded once, and .gitignore is not touched", async () => {
    await makeRepository(at("u"), { "a.txt": "a\n" });
    const repository = await findRepository(git, at("u"));
    await rm(at("u", ".git", "info"), { recursive: true, force: true });
    await excludeStateFolder(git, repository);
    await excludeStateFolder(git, repository);
    await put(at("u"), { ".longhaul/x": "x" });
    expect(await readFile(at("u", ".git", "info", "exclude"), "utf8")).toBe("/.longhaul/\n");
    expect(await userGit(at("u"), "status", "--porcelain")).toBe("");
  });

  test("a published branch that is checked out is not moved, and the error says where", async () => {
    await makeRepository(at("u"), { "a.txt": "a\n" });
    await landOne(at("u"));
    await userGit(at("u"), "worktree", "add", "-q", at("w"), `longhaul/${runA}`);
    const trunk = await openAt(at("u"));
    await trunk.publish(runA, null);
    const workspace = await trunk.openWorkspace(runA, named(2), await trunk.tip(runA));
    await put(workspace.path, { "more.txt": "m\n" });
    await landNow(trunk, runA, workspace, submission(2));
    await expect(trunk.publish(runA, null)).rejects.toThrow(
      new RegExp(`^${at("w")}: the branch longhaul/${runA} is checked out there`),
    );
    expect(await userGit(at("w"), "status", "--porcelain")).toBe("");
  });

  test("a branch named longhaul is in the way: the error says so", async () => {
    await makeRepository(at("u"), { "a.txt": "a\n" });
    await userGit(at("u"), "branch", "longhaul");
    await expect(landOne(at("u"))).rejects.toBeInstanceOf(EnvironmentError);
  });
});

test("commits from elsewhere on the run's branch are no landings, and do not hide those that are", async () => {
  await makeRepository(at("u"), { "a.txt": "a\n" });
  await landOne(at("u"));
  const bare = at("u", ".longhaul", "trunk.git");
  const foreign = await userGit(
    bare,
    "commit-tree",
    `refs/heads/${runA}^{tree}`,
    "-p",
    `refs/heads/${runA}`,
    "-m",
    "by hand",
  );
  await userGit(bare, "update-ref", `refs/heads/${runA}`, foreign);
  const trunk = await openAt(at("u"));
  const { base } = await trunk.resolveBase();
  expect(await trunk.landedSince(runA, base)).toMatchObject([{ task: 1, session: 1 }]);
  const body = await userGit(bare, "log", "-1", "--format=%(trailers)", `refs/heads/${runA}~1`);
  expect(body.trim().split("\n")).toEqual([
    `Longhaul-Run: ${runA}`,
    "Longhaul-Cycle: 1",
    "Longhaul-Task: t1",
    "Longhaul-Session: s1",
  ]);
});

test("a run id that is no plain name is a bug of ours, and nothing happens", async () => {
  await makeRepository(at("u"), { "a.txt": "a\n" });
  const trunk = await openAt(at("u"));
  const { base } = await trunk.resolveBase();
  await expect(trunk.begin("../x" as RunId, base)).rejects.toThrow(/invariant/);
  await expect(trunk.clearLeftovers("-x" as RunId)).rejects.toThrow(/invariant/);
});
