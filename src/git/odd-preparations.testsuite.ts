/** What preparations may come to: whatever they make is there in workspaces, and none of it is taken for the worker's. */
import { execFileSync } from "node:child_process";
import { appendFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { layerLimits } from "../domain/limits.ts";
import { put, userGit, type GitWorld } from "./git-world.testsuite.ts";
import { landNow, named, runA, submission } from "./trunk-steps.testsuite.ts";

type Files = { [path: string]: string };

const lies = (files: Files) => async (directory: string) => {
  await put(directory, files);
  return true;
};

export function testOddPreparations(makeWorld: (files: Files) => Promise<GitWorld>): void {
  const enter = async (files: Files) => {
    const world = await makeWorld(files);
    onTestFinished(() => world.close());
    await world.trunk.begin(runA, world.base);
    return world;
  };

  test("a folder of the commit that was made anew has what was put there then, and nothing of before", async () => {
    const { trunk, base } = await enter({ "d/b.txt": "b\n", ".gitignore": "x/\n" });
    await trunk.prepare(runA, "prepare-1", base, lies({ "d/x/old": "old\n" }));
    await trunk.prepare(runA, "prepare-2", base, async (top) => {
      await rm(join(top, "d"), { recursive: true });
      return lies({ "d/b.txt": "b\n", "d/x/new": "new\n" })(top);
    });
    const workspace = await trunk.openWorkspace(runA, named(1), base);
    expect(await readdir(join(workspace.path, "d/x"))).toEqual(["new"]);
  });

  test("what git ignores in a folder that the commit has not is there", async () => {
    const world = await enter({ "a.txt": "a\n", ".gitignore": "*.o\n" });
    await world.trunk.prepare(runA, "prepare-1", world.base, lies({ "build/deep/x.o": "o\n", "build/y.o": "o\n" }));
    const workspace = await world.trunk.openWorkspace(runA, named(1), world.base);
    const found = [await world.read(workspace, "build/deep/x.o"), await world.read(workspace, "build/y.o")];
    expect(found).toEqual(["o\n", "o\n"]);
    expect(await userGit(workspace.path, "status", "--porcelain")).toBe("");
  });

  test("what was prepared in a folder stays there when the trunk has other files in it", async () => {
    // As many as only git writes.
    const many = (name: string) =>
      Object.fromEntries(Array.from({ length: layerLimits.pathsApartWell }, (_, n) => [`d/e/${name}${n}`, `${n}\n`]));
    const [before, now] = [many("old"), many("new")];
    const world = await enter({ ".gitignore": "*.o\n", ...before });
    const { trunk, base } = world;
    await trunk.prepare(runA, "prepare-1", base, lies({ "d/e/x.o": "o\n", "d/y.o": "o\n" }));
    const worker = await trunk.openWorkspace(runA, named(1), base);
    for (const path of Object.keys(before)) await rm(join(worker.path, path));
    await put(worker.path, now);
    expect((await landNow(trunk, runA, worker, submission(1))).kind).toBe("landed");
    const workspace = await trunk.openWorkspace(runA, named(2), await trunk.tip(runA));
    expect([await world.read(workspace, "d/e/x.o"), await world.read(workspace, "d/y.o")]).toEqual(["o\n", "o\n"]);
    expect((await readdir(join(workspace.path, "d/e"))).length).toBe(layerLimits.pathsApartWell + 1);
    expect(await userGit(workspace.path, "status", "--porcelain")).toBe("");
  });

  test("rules of what is ignored that a preparation has changed are the commit's again", async () => {
    const { trunk, base } = await enter({ "a.txt": "a\n", ".gitignore": "*.o\n" });
    await trunk.prepare(runA, "prepare-1", base, async (top) => {
      await appendFile(join(top, ".gitignore"), "/gen/\n");
      return lies({ "gen/x": "x\n" })(top);
    });
    const workspace = await trunk.openWorkspace(runA, named(1), base);
    expect(await userGit(workspace.path, "status", "--porcelain")).toBe("");
  });

  test("names that are no text, or have line ends, are left alone as any", async () => {
    const { trunk, base } = await enter({ "a.txt": "a\n" });
    await trunk.prepare(runA, "prepare-1", base, async (top) => {
      await writeFile(Buffer.from(`${top}/a\xff`, "latin1"), "x");
      return lies({ "x\nown": "x\n", "Icon\r": "i" })(top);
    });
    const workspace = await trunk.openWorkspace(runA, named(1), base);
    expect(await userGit(workspace.path, "status", "--porcelain")).toBe("");
    await put(workspace.path, { own: "own\n" });
    expect(await userGit(workspace.path, "status", "--porcelain")).toBe("?? own");
  });

  test("the trunk gains a file in a folder that was prepared, and all else in it stays", async () => {
    const world = await enter({ "a.txt": "a\n", ".gitignore": "/built/\n" });
    const { trunk, base } = world;
    await trunk.prepare(runA, "prepare-1", base, lies({ "built/x": "x\n", "built/y/z": "z\n" }));
    const worker = await trunk.openWorkspace(runA, named(1), base);
    await put(worker.path, { ".gitignore": "/built/*\n!/built/keep\n", "built/keep": "k\n" });
    expect((await landNow(trunk, runA, worker, submission(1))).kind).toBe("landed");
    const workspace = await trunk.openWorkspace(runA, named(2), await trunk.tip(runA));
    const found = await Promise.all(["built/x", "built/y/z", "built/keep"].map((path) => world.read(workspace, path)));
    expect(found).toEqual(["x\n", "z\n", "k\n"]);
    expect(await userGit(workspace.path, "status", "--porcelain")).toBe("");
  });

  test("pipes, links, repositories and what denies itself are there as they are", async () => {
    const world = await enter({ "a.txt": "a\n", "d/e/f.txt": "f\n", ".gitignore": "/built/\n*.o\n" });
    const { trunk, base } = world;
    const odd = async (top: string) => {
      execFileSync("sh", ["-ec", oddThings], { cwd: top });
      return true;
    };
    expect(await trunk.prepare(runA, "prepare-1", base, odd)).toBe(true);
    const workspace = await trunk.openWorkspace(runA, named(1), base);
    expect(await userGit(workspace.path, "status", "--porcelain")).toBe("");
    // Else only root could have moved it.
    expect((await stat(join(workspace.path, "built"))).mode & 0o777).toBe(0o755);
    const names = ["dangling", "hard", "nested", "none", "noread", "pipe"];
    expect((await readdir(join(workspace.path, "built"))).toSorted()).toEqual(names);
    expect(await world.read(workspace, "d/e/f.txt")).toBe("f\n");
    expect(await trunk.takeIn(runA, workspace)).toEqual({ kind: "unchanged" });
    await put(workspace.path, { "built/hard": "changed\n" });
    expect(await world.read(workspace, "a.txt")).toBe("a\n");
    await workspace.remove();
    expect(await trunk.prepare(runA, "prepare-2", base, lies({ "built/z": "z" }))).toBe(true);
    const next = await trunk.openWorkspace(runA, named(2), base);
    expect([await world.read(next, "built/hard"), await world.read(next, "built/z")]).toEqual(["a\n", "z"]);
  });

  test("what ignores itself by rules of its own, as a Python environment does, is there", async () => {
    const world = await enter({ "a.txt": "a\n" });
    const { trunk, base } = world;
    await trunk.prepare(runA, "prepare-1", base, lies({ ".venv/.gitignore": "*\n", ".venv/bin/python": "py\n" }));
    const workspace = await trunk.openWorkspace(runA, named(1), base);
    expect(await world.read(workspace, ".venv/bin/python")).toBe("py\n");
    expect(await userGit(workspace.path, "status", "--porcelain")).toBe("");
    await put(workspace.path, { ".venv/lib": "mine\n" });
    expect(await trunk.takeIn(runA, workspace)).toEqual({ kind: "unchanged" });
  });

  test("a link that was prepared where the trunk has a folder by now leads nobody out of the tree", async () => {
    const world = await enter({ "a.txt": "a\n", ".gitignore": "/out\n" });
    const { trunk, base } = world;
    await put(world.state, { "outside/secret": "secret\n" });
    await trunk.prepare(runA, "prepare-1", base, async (top) => {
      await symlink(join(world.state, "outside"), join(top, "out"));
      return true;
    });
    const worker = await trunk.openWorkspace(runA, named(1), base);
    await rm(join(worker.path, "out"));
    await put(worker.path, { "out/keep": "k\n", ".gitignore": "/out/*\n!/out/keep\n" });
    expect((await landNow(trunk, runA, worker, submission(1))).kind).toBe("landed");
    const workspace = await trunk.openWorkspace(runA, named(2), await trunk.tip(runA));
    expect(await readdir(join(workspace.path, "out"))).toEqual(["keep"]);
  });

  test("odd things that are nobody's keep no work from landing, also where only git knows what is ignored", async () => {
    const { trunk, base } = await enter({ "a.txt": "a\n", ".gitignore": "\\#*#\n" });
    await trunk.prepare(runA, "prepare-1", base, async (top) => {
      execFileSync("sh", ["-ec", "mkdir gen; mkfifo gen/pipe; git init -q own; echo 1 > own/x"], { cwd: top });
      return true;
    });
    const workspace = await trunk.openWorkspace(runA, named(1), base);
    expect(await trunk.takeIn(runA, workspace)).toEqual({ kind: "unchanged" });
    await put(workspace.path, { "a.txt": "mine\n" });
    expect(await trunk.takeIn(runA, workspace)).toMatchObject({ kind: "taken", change: { files: ["a.txt"] } });
  });
}

const oddThings = `
mkdir -p built/none && cd built
mkfifo pipe
ln -s /nowhere dangling
ln ../a.txt hard
echo x > none/x && chmod 000 none
echo y > noread && chmod 000 noread
git init -q nested
cd ..
git init -q own && echo 1 > own/x
ln -s ../built d/1.o
rm -r d/e && ln -s ../own d/e
rm .git/HEAD
chmod 555 built
`;
