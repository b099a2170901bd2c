/** A worker that attacks: THREATS.md 1 to 5 and 21. Every kind of workspace withstands it. */
import {
  chmod,
  link,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Workspace } from "../engine/ports.ts";
import { put, userGit, type GitWorld } from "./git-world.testsuite.ts";
import { exists } from "./remove-tree.ts";
import { landNow, named, runA, runB, submission } from "./trunk-steps.testsuite.ts";

type Files = { [path: string]: string };

let world: GitWorld;
let workspace: Workspace;
const base: Files = { "a.txt": "a\n", ".gitignore": "ignored/\n", "dir/b.txt": "b\n" };

export function testAttacks(name: string, makeWorld: (files: Files) => Promise<GitWorld>): void {
  describe(`attacks on ${name}`, () => {
    beforeEach(async () => {
      world = await makeWorld(base);
      await world.trunk.begin(runA, world.base);
      workspace = await world.trunk.openWorkspace(runA, named(1), world.base);
    });
    afterEach(() => world.close());
    describe("nothing that a worker configures is run", () => {
      configurationAttacks();
    });
    describe("names and kinds that may not enter", () => {
      nameAttacks();
    });
    describe("nothing outside of the workspace is read or written", () => {
      pathAttacks();
    });
  });
}

const inside = (...path: string[]) => join(workspace.path, ...path);
const land = () => landNow(world.trunk, runA, workspace, submission(1));
const refusal = (text: string) => ({ kind: "refused", reasons: [expect.stringContaining(text)] });
const landedFiles = async () =>
  (await userGit(join(world.state, "trunk.git"), "ls-tree", "-r", "--name-only", `refs/heads/${runA}`)).split("\n");

function configurationAttacks(): void {
  test("filters, hooks, fsmonitor and textconv of its .git and .gitattributes", async () => {
    const marker = join(world.repository, "..", "pwned");
    const run = `touch ${marker}; cat`;
    const config = `[core]\n\tfsmonitor = "${run}"\n\thooksPath = hooks\n[filter "x"]\n\tclean = "${run}"\n\tsmudge = "${run}"\n\tprocess = "${run}"\n[diff "x"]\n\ttextconv = "${run}"\n\tcommand = "${run}"\n[merge "x"]\n\tdriver = "${run}"\n`;
    await writeFile(inside(".git", "config"), config);
    for (const hook of ["post-checkout", "pre-commit", "post-index-change", "reference-transaction"]) {
      await put(workspace.path, { [`.git/hooks/${hook}`]: `#!/bin/sh\n${run}\n` });
      await chmod(inside(".git", "hooks", hook), 0o755);
    }
    await put(workspace.path, { ".gitattributes": "* filter=x diff=x merge=x\n", "a.txt": "mine\n" });
    expect(await land()).toMatchObject({ kind: "landed" });
    const other = await world.trunk.openWorkspace(runA, named(2), world.base);
    await put(other.path, { "a.txt": "other\n" });
    const lost = await landNow(world.trunk, runA, other, submission(2));
    expect(lost).toMatchObject({ kind: "conflict" });
    await put(other.path, { ".git/config": config });
    await world.trunk.placeConflict(other, await world.trunk.tip(runA));
    await world.trunk.publish(runA, await world.trunk.tip(runA));
    expect(await exists(marker)).toBe(false);
  });

  test("configuration of a submodule that it checked out", async () => {
    const marker = join(world.repository, "..", "pwned");
    await put(workspace.path, { "sub/x": "x" });
    await userGit(inside("sub"), "init", "-q");
    await userGit(inside("sub"), "config", "core.fsmonitor", `touch ${marker}`);
    expect(await land()).toMatchObject(refusal("sub/.git"));
    expect(await exists(marker)).toBe(false);
  });
}

function nameAttacks(): void {
  test.each([
    ".GIT",
    ".Git",
    "git~1",
    "GIT~1",
    ".git.",
    ".git ",
    ".gi\u200ct",
    ".git::$INDEX_ALLOCATION",
    "dir/.gIt",
    "dir/x\\.git",
  ])("a folder named %j", async (name) => {
    await put(workspace.path, { [`${name}/config`]: "x" });
    expect(await land()).toMatchObject({ kind: "refused" });
    expect(await world.trunk.tip(runA)).toBe(world.base);
  });

  test("a nested repository, but not an ignored one", async () => {
    await put(workspace.path, { "ignored/dep/.git/HEAD": "ref: x", "a.txt": "mine\n" });
    expect(await land()).toMatchObject({ kind: "landed", files: ["a.txt"] });
    await put(workspace.path, { "vendor/dep/.git/HEAD": "ref: x" });
    expect(await land()).toMatchObject(refusal("vendor/dep/.git"));
    await rm(inside("vendor"), { recursive: true });
    await put(workspace.path, { ":(top)x/.git/HEAD": "ref: x" });
    expect(await land()).toMatchObject(refusal(":(top)x/.git"));
    await rm(inside(":(top)x"), { recursive: true });
    await put(workspace.path, { "vendor/dep/.git": "gitdir: /etc" });
    expect(await land()).toMatchObject(refusal("vendor/dep/.git"));
  });

  test.each(["/etc/passwd", "../outside", "dir/../../outside", "../../../../etc", ".git/config", "C:\\x"])(
    "a link to %s",
    async (target) => {
      await symlink(target, inside("leak"));
      expect(await land()).toMatchObject(refusal("leak"));
    },
  );

  test("links inside the tree land as links", async () => {
    await symlink("a.txt", inside("here"));
    await symlink("../a.txt", inside("dir", "up"));
    expect(await land()).toMatchObject({ kind: "landed", files: ["dir/up", "here"] });
    expect(await userGit(join(world.state, "trunk.git"), "ls-tree", `refs/heads/${runA}`, "here")).toMatch(/^120000 /);
  });

  test("a file over the limit", async () => {
    await writeFile(inside("big"), "");
    await truncate(inside("big"), 100 * 1024 * 1024 + 1);
    expect(await land()).toMatchObject(refusal("big: larger than 100 MB"));
  });

  test("rules of what is ignored that only git can judge are judged by git", async () => {
    await put(workspace.path, { ".gitignore": "ignored/\n[!a]x\n", bx: "ignored", ax: "new", "dir/.git/HEAD": "x" });
    expect(await land()).toMatchObject(refusal("dir/.git"));
    await rm(inside("dir", ".git"), { recursive: true });
    await rm(inside("dir", "b.txt"));
    expect(await land()).toMatchObject({ kind: "landed", files: [".gitignore", "ax", "dir/b.txt"] });
  });

  test("pipes, also where git would read rules", async () => {
    execFileSync("mkfifo", [inside("pipe")]);
    expect(await land()).toMatchObject(refusal("pipe: neither a file"));
    await rm(inside("pipe"));
    execFileSync("mkfifo", [inside("dir", ".gitignore")]);
    expect(await land()).toMatchObject(refusal("dir/.gitignore: neither a file"));
    await rm(inside("dir", ".gitignore"));
    await rm(inside("a.txt"));
    execFileSync("mkfifo", [inside("a.txt")]);
    expect(await land()).toMatchObject(refusal("a.txt: neither a file"));
  });

  test("folders so deep that their path has no name, and a .gitattributes without end", async () => {
    const deep = `for i in $(seq 30); do mkdir ${"d".repeat(200)} && cd -P ${"d".repeat(200)} || exit 1; done; : > x`;
    execFileSync("sh", ["-c", deep], { cwd: workspace.path });
    expect(await land()).toMatchObject(refusal("its path is too long"));
    execFileSync("rm", ["-rf", "d".repeat(200)], { cwd: workspace.path });
    await writeFile(inside(".gitattributes"), "");
    await truncate(inside(".gitattributes"), 1024 * 1024 + 1);
    expect(await land()).toMatchObject(refusal(".gitattributes: larger than 1 MB"));
  });

  test("a name that is not UTF-8", async () => {
    await writeFile(Buffer.concat([Buffer.from(`${workspace.path}/`), Buffer.from([0xff])]), "x");
    expect(await land()).toMatchObject(refusal("not valid UTF-8"));
  });

  test("text that its own .gitattributes cannot encode is a refusal, not a fault", async () => {
    await put(workspace.path, { ".gitattributes": "*.u working-tree-encoding=UTF-16\n", "x.u": "not utf-16" });
    expect(await land()).toMatchObject({ kind: "refused" });
    await put(workspace.path, { ".gitattributes": "" });
    expect(await land()).toMatchObject({ kind: "landed" });
  });

  test("after a refusal the mended work lands whole", async () => {
    await put(workspace.path, { "a.txt": "mine\n", "x/.git/HEAD": "x" });
    expect(await land()).toMatchObject({ kind: "refused" });
    await rm(inside("x"), { recursive: true });
    expect(await land()).toMatchObject({ kind: "landed", files: ["a.txt"] });
  });
}

function pathAttacks(): void {
  test("a folder replaced by a link: its files are gone, not read through it", async () => {
    await put(join(world.repository, ".."), { "secret/b.txt": "secret\n" });
    await rm(inside("dir"), { recursive: true });
    await symlink(join(world.repository, "..", "secret"), inside("dir"));
    expect(await land()).toMatchObject(refusal("dir: a symbolic link to an absolute path"));
    await rm(inside("dir"));
    await put(workspace.path, { "real/b.txt": "inside\n" });
    await symlink("real", inside("dir"));
    expect(await land()).toMatchObject({ kind: "landed" });
    expect(await landedFiles()).toEqual([".gitignore", "a.txt", "dir", "real/b.txt"]);
  });

  test.each(["link", "file", "gone", "alternates"])("the worker's .git made into: %s", async (how) => {
    const elsewhere = join(world.repository, "..", "elsewhere");
    await userGit(join(world.repository, ".."), "init", "-q", "elsewhere");
    await put(workspace.path, { "a.txt": "mine\n" });
    if (how === "alternates")
      await put(workspace.path, { ".git/objects/info/alternates": `${elsewhere}/.git/objects\n`, ".git/HEAD": "junk" });
    else await rm(inside(".git"), { recursive: true });
    if (how === "link") await symlink(join(elsewhere, ".git"), inside(".git"));
    if (how === "file") await writeFile(inside(".git"), `gitdir: ${elsewhere}/.git\n`);
    const before = await readdir(join(elsewhere, ".git"));
    const other = await world.trunk.openWorkspace(runA, named(2), world.base);
    await put(other.path, { "a.txt": "other\n" });
    await landNow(world.trunk, runA, other, submission(2));
    const answer = await land();
    expect(answer).toMatchObject({ kind: "conflict", files: ["a.txt"] });
    await world.trunk.placeConflict(workspace, await world.trunk.tip(runA));
    expect(await readdir(join(elsewhere, ".git"))).toEqual(before);
    expect(await userGit(workspace.path, "rev-parse", "HEAD")).toBe(await world.trunk.tip(runA));
  });

  test("files swapped for links while a landing reads them never bring what they lead to", async () => {
    await put(join(world.repository, ".."), { "secret.txt": "SECRET\n" });
    const enough = new AbortController();
    const swapping = (async () => {
      for (let n = 0; !enough.signal.aborted; n++) {
        await symlink(join(world.repository, "..", "secret.txt"), inside(`.swap${n}`));
        await rename(inside(`.swap${n}`), inside("a.txt"));
        await writeFile(inside(`.file${n}`), `mine ${n}\n`);
        await rename(inside(`.file${n}`), inside("a.txt"));
      }
    })();
    for (let n = 0; n < 15; n++) await land();
    enough.abort();
    await swapping;
    const log = await userGit(join(world.state, "trunk.git"), "log", "-p", "--format=%H", `refs/heads/${runA}`);
    expect(log).not.toContain("SECRET");
  });

  test("removal goes through folders that deny it, and past links", async () => {
    await put(workspace.path, { "locked/deep/x": "x" });
    await mkdir(join(world.repository, "..", "kept"));
    await symlink(join(world.repository, "..", "kept"), inside("locked", "link"));
    await chmod(inside("locked", "deep"), 0o000);
    await chmod(inside("locked"), 0o000);
    await workspace.remove();
    expect([await exists(workspace.path), await exists(join(world.repository, "..", "kept"))]).toEqual([false, true]);
  });

  test("a hard link is a file like any other", async () => {
    await link(inside("a.txt"), inside("same.txt"));
    expect(await land()).toMatchObject({ kind: "landed", files: ["same.txt"] });
    expect((await stat(inside("a.txt"))).nlink).toBe(2);
  });

  test("a link out of the tree that the operator's own repository has stays; nobody may lead it elsewhere", async () => {
    await symlink("/etc/hosts", join(world.repository, "out"));
    await userGit(world.repository, "add", "out");
    await userGit(world.repository, "commit", "-q", "-m", "link");
    const { base: later } = await world.trunk.resolveBase();
    await world.trunk.begin(runB, later);
    const open = (n: number) => world.trunk.openWorkspace(runB, named(n), later);
    const [same, other] = [await open(2), await open(3)];
    await rm(join(same.path, "out"));
    await symlink("/etc/hosts", join(same.path, "out"));
    await put(same.path, { "a.txt": "mine\n" });
    const lands = await landNow(world.trunk, runB, same, submission(2));
    expect(lands).toMatchObject({ kind: "landed", files: ["a.txt"] });
    await rm(join(other.path, "out"));
    await symlink("/etc/passwd", join(other.path, "out"));
    expect(await landNow(world.trunk, runB, other, submission(3))).toMatchObject(refusal("out"));
  });

  test("odd names land as they are", async () => {
    const names = [
      "-x",
      "--exec=touch pwned",
      "new\nline",
      "\u202ertl",
      "ü/ñ",
      " lead",
      "trail ",
      "quote\"'`$(x)",
      "*",
      ":(glob)x",
      "#",
    ];
    await put(workspace.path, Object.fromEntries(names.map((name) => [name, "x\n"])));
    expect(((await land()) as { files: string[] }).files.toSorted()).toEqual(names.toSorted());
    const next = await world.trunk.openWorkspace(runA, named(2), await world.trunk.tip(runA));
    for (const name of names) expect(await readFile(join(next.path, name), "utf8")).toBe("x\n");
  });
}
