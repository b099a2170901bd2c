/** What files do not tell, and the worker's own git does, for every kind of whole workspace. */
import * as fc from "fast-check";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { put, userGit, type GitWorld } from "./git-world.testsuite.ts";
import { asGitWould, editedFiles, randomEdit, randomOrder } from "./random-edits.testsuite.ts";
import { landNow, named, runA, submission } from "./trunk-steps.testsuite.ts";

const files = { "a.txt": "a\n", ".gitignore": "*.log\n", "out/x.js": "x\n", "out/in/y.js": "y\n", "lib/z": "z\n" };

export function testWorkersGit(makeWorld: (files: { [path: string]: string }) => Promise<GitWorld>): void {
  async function enter() {
    const world = await makeWorld(files);
    onTestFinished(() => world.close());
    const { trunk, base } = world;
    await trunk.begin(runA, base);
    let sessions = 0;
    return {
      trunk,
      open: async (kept: string | null = null) =>
        trunk.openWorkspace(runA, named(++sessions), await trunk.tip(runA), { kept }),
      land: (workspace: Awaited<ReturnType<typeof trunk.openWorkspace>>) =>
        landNow(trunk, runA, workspace, submission(sessions)),
    };
  }

  test("files that its git has let go of, and that are ignored from now on, are gone from the trunk", async () => {
    const { trunk, open, land } = await enter();
    const workspace = await open();
    await put(workspace.path, { ".gitignore": "*.log\nout/\n" });
    await userGit(workspace.path, "rm", "-rq", "--cached", "out", "a.txt");
    await userGit(workspace.path, "commit", "-qam", "own");
    const kept = await trunk.keep(runA, workspace);
    // What is not ignored is added again by the next `git add`.
    const wanted = { kind: "landed", files: [".gitignore", "out/in/y.js", "out/x.js"] };
    await workspace.remove();
    expect(await land(await open(kept.ok ? kept.kept : null))).toMatchObject(wanted);
    const after = await open();
    expect(await userGit(after.path, "ls-files")).toBe(".gitignore\na.txt\nlib/z");
  });

  test("ignored files that its git has added land, and stay after a conflict", async () => {
    const { trunk, open, land } = await enter();
    const [workspace, other] = [await open(), await open()];
    await put(other.path, { "a.txt": "theirs\n" });
    await put(workspace.path, { "a.txt": "mine\n", "out/kept.log": "1\n", "b.log": "b\n", "c.log": "c\n" });
    await userGit(workspace.path, "add", "-f", "out/kept.log");
    await userGit(workspace.path, "add", "-fN", "b.log");
    await put(workspace.path, { "out/kept.log": "2\n" });
    expect(await land(other)).toMatchObject({ kind: "landed" });
    expect(await land(workspace)).toMatchObject({ kind: "conflict", files: ["a.txt"] });
    await trunk.placeConflict(workspace, await trunk.tip(runA));
    await put(workspace.path, { "a.txt": "theirs\nmine\n" });
    expect(await land(workspace)).toMatchObject({ kind: "landed", files: ["a.txt", "b.log", "out/kept.log"] });
    expect(await userGit((await open()).path, "show", "HEAD:out/kept.log")).toBe("2");
  });

  test("what its sparse checkout has sent away is not gone; what it has changed there is not lost unsaid", async () => {
    const { trunk, open, land } = await enter();
    const workspace = await open();
    await userGit(workspace.path, "sparse-checkout", "set", "lib");
    expect(await trunk.takeIn(runA, workspace)).toEqual({ kind: "unchanged" });
    await put(workspace.path, { "lib/z": "mine\n" });
    await userGit(workspace.path, "rm", "-q", "--sparse", "out/x.js");
    expect(await land(workspace)).toMatchObject({ kind: "landed", files: ["lib/z", "out/x.js"] });
    await put(workspace.path, { out: "a file now\n" });
    // A file in its place: what was in the folder cannot be away.
    const changed = { kind: "taken", change: { files: ["lib/z", "out", "out/in/y.js", "out/x.js"] } };
    expect(await trunk.takeIn(runA, workspace)).toMatchObject(changed);
    const another = await open();
    await userGit(another.path, "sparse-checkout", "set", "out");
    await userGit(another.path, "revert", "--no-edit", "HEAD");
    expect(await trunk.takeIn(runA, another)).toMatchObject({
      kind: "refused",
      reasons: [expect.stringContaining("git sparse-checkout add")],
    });
  });

  test("without a git that can be read only files count; with one made anew its own", async () => {
    const { trunk, open, land } = await enter();
    const workspace = await open();
    await rm(join(workspace.path, ".git", "index"));
    await mkdir(join(workspace.path, ".git", "index"));
    await put(workspace.path, { "x.log": "x\n", "b.txt": "b\n" });
    expect(await trunk.takeIn(runA, workspace)).toMatchObject({ kind: "taken", change: { files: ["b.txt"] } });
    await rm(join(workspace.path, ".git"), { recursive: true });
    expect(await trunk.takeIn(runA, workspace)).toMatchObject({ kind: "taken", change: { files: ["b.txt"] } });
    await userGit(workspace.path, "init", "-q");
    await userGit(workspace.path, "add", "-f", "x.log");
    expect(await land(workspace)).toMatchObject({ kind: "landed", files: ["b.txt", "x.log"] });
  });

  test("whatever is done to its files and by its git, what is taken in is what its git would commit", async () => {
    const world = await makeWorld(Object.fromEntries(editedFiles.map((name) => [name, `${name}\n`])));
    const { trunk, repository } = world;
    // Something to go back to; tracked, though they are ignored.
    await put(repository, { "d/b": "second\n", "f/g/h": "second\n", "d/.gitignore": "*.o\nbuild/\n" });
    await userGit(repository, "add", "-A");
    await userGit(repository, "commit", "-q", "-m", "second");
    const { base } = await trunk.resolveBase();
    await trunk.begin(runA, base);
    let [sessions, refused] = [0, 0];
    // Of what these send away, what is ignored there is judged by rules that are away as well.
    const order = randomOrder.filter(({ args: [name] }) => name !== "sparse-checkout");
    const step = fc.oneof({ weight: 2, arbitrary: randomEdit }, { weight: 1, arbitrary: order });
    const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 10 }), async (steps) => {
      const workspace = await trunk.openWorkspace(runA, named(++sessions), base);
      if (await asGitWould(trunk, workspace, steps)) refused++;
    });
    // The same each time: what chance finds is for who looks for it, at length, and not for who lands something else.
    await fc.assert(property, { numRuns: 30, seed: 1 });
    expect(refused).toBeLessThan(sessions / 2);
    await world.close();
  });
}
