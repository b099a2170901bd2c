/** What lands of a sparse workspace. */
import { chmod, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { put, userGit } from "./git-world.testsuite.ts";
import { files, git, held, sparseWorld, ui } from "./sparse-world.testsuite.ts";
import { landed, named, readTip, runA, runB } from "./trunk-steps.testsuite.ts";

const at = sparseWorld();
const { open, land, landedFiles } = at;

test("changes inside and outside, new files, removed ones; nothing that was not there", async () => {
  const workspace = await open();
  await put(workspace.path, {
    "app/ui/button.ts": "mine\n",
    "app/ui/new.ts": "new\n",
    "lib/list.ts": "overwritten\n",
    "lib/new.ts": "new\n",
    "app/net/http.ts": "http\n",
  });
  await rm(join(workspace.path, "app", "ui", "deep", "icon.ts"));
  await rm(join(workspace.path, "top.txt"));
  expect(await landedFiles(workspace)).toEqual([
    "app/ui/button.ts",
    "app/ui/deep/icon.ts",
    "app/ui/new.ts",
    "lib/list.ts",
    "lib/new.ts",
    "top.txt",
  ]);
  expect(await readTip(at.world, "docs/guide.md")).toBe("guide\n");
  expect(await readTip(at.world, "lib/list.ts")).toBe("overwritten\n");
});

test("what the worker has brought and removed is gone", async () => {
  const workspace = await open();
  await git(workspace, "sparse-checkout", "add", "lib");
  await rm(join(workspace.path, "lib", "sub"), { recursive: true });
  await rm(join(workspace.path, "lib", "kept.o"));
  expect(await landedFiles(workspace)).toEqual(["lib/kept.o", "lib/sub/map.ts"]);
});

test("what the worker has sent away is not gone, also when it comes back", async () => {
  const workspace = await open();
  await git(workspace, "sparse-checkout", "set", "docs");
  expect(await held(workspace)).toEqual(["docs/guide.md", "top.txt"]);
  expect(await at.world.trunk.takeIn(runA, workspace)).toEqual({ kind: "unchanged" });
  await rm(join(workspace.path, "docs", "guide.md"));
  expect(await at.world.trunk.takeIn(runA, workspace)).toMatchObject({
    kind: "taken",
    change: { files: ["docs/guide.md"] },
  });
  await git(workspace, "checkout", "-q", "docs");
  await git(workspace, "sparse-checkout", "set", "app/ui");
  expect(await at.world.trunk.takeIn(runA, workspace)).toEqual({ kind: "unchanged" });
});

test("with its sparse checkout switched off, all that is missing is gone", async () => {
  const workspace = await open();
  await git(workspace, "sparse-checkout", "disable");
  expect(await held(workspace)).toEqual(Object.keys(files).toSorted());
  await rm(join(workspace.path, "docs"), { recursive: true });
  await rm(join(workspace.path, "app", "main.ts"));
  expect(await landedFiles(workspace)).toEqual(["app/main.ts", "docs/guide.md"]);
});

test("what its git removes and moves across the border, in commits of its own as well", async () => {
  const workspace = await open();
  await git(workspace, "rm", "-q", "--sparse", "docs/guide.md");
  await git(workspace, "mv", "--sparse", "lib/sub/map.ts", "app/ui/map.ts");
  await git(workspace, "commit", "-q", "-m", "own");
  await rename(join(workspace.path, "app/ui/button.ts"), join(workspace.path, "top-button.ts"));
  await put(workspace.path, { "other/icon.ts": "icon\n" });
  await rm(join(workspace.path, "app/ui/deep/icon.ts"));
  // Its git has made another `lib` of it: of what is in there only files are believed.
  expect(await land(workspace)).toMatchObject({
    kind: "refused",
    reasons: [expect.stringMatching(/^lib\/: your git .*git sparse-checkout add/)],
  });
  await git(workspace, "sparse-checkout", "add", "lib");
  expect(await landedFiles(workspace)).toEqual([
    "app/ui/button.ts",
    "app/ui/deep/icon.ts",
    "app/ui/map.ts",
    "docs/guide.md",
    "lib/sub/map.ts",
    "other/icon.ts",
    "top-button.ts",
  ]);
  expect(await readTip(at.world, "app/ui/map.ts")).toBe("map\n");
});

test("what its git has changed elsewhere is not lost unsaid", async () => {
  const before = await open(["docs"]);
  await put(before.path, { "docs/guide.md": "changed\n", "lib/list.ts": "changed\n" });
  landed(await land(before));
  const workspace = await open();
  await git(workspace, "revert", "--no-edit", "HEAD");
  expect(await held(workspace)).toEqual(ui);
  const answer = await land(workspace);
  expect(answer).toMatchObject({
    kind: "refused",
    reasons: [expect.stringMatching(/^docs\/: /), expect.stringMatching(/^lib\/: /)],
  });
  await git(workspace, "sparse-checkout", "add", "docs", "lib");
  expect(await landedFiles(workspace)).toEqual(["docs/guide.md", "lib/list.ts"]);
  expect(await readTip(at.world, "docs/guide.md")).toBe("guide\n");
});

test("modes, links, and a file in place of a folder that is not checked out", async () => {
  const workspace = await open();
  await chmod(join(workspace.path, "app/main.ts"), 0o755);
  await put(workspace.path, { "lib/sub/map.ts": "map\n", docs: "a file now\n" });
  await chmod(join(workspace.path, "lib/sub/map.ts"), 0o755);
  await symlink("../top.txt", join(workspace.path, "app", "link"));
  expect(await landedFiles(workspace)).toEqual(["app/link", "app/main.ts", "docs", "docs/guide.md", "lib/sub/map.ts"]);
  const tree = await userGit(
    join(at.world.state, "trunk.git"),
    "ls-tree",
    "-r",
    `refs/heads/${runA}`,
    "app",
    "lib",
    "docs",
  );
  const modes = tree.split("\n").map((line) => line.replace(/ blob .*\t/, " "));
  expect(modes).toEqual(
    expect.arrayContaining(["120000 app/link", "100755 app/main.ts", "100755 lib/sub/map.ts", "100644 docs"]),
  );
});

test("rules of what is ignored hold where they are not checked out, and for what is tracked they do not", async () => {
  const workspace = await open();
  await put(workspace.path, {
    "lib/out/built": "x",
    "lib/new.o": "x",
    "lib/kept.o": "changed\n",
    "lib/new.ts": "new\n",
  });
  expect(await git(workspace, "status", "--porcelain")).toBe(" M lib/kept.o\n?? lib/new.ts");
  expect(await landedFiles(workspace)).toEqual(["lib/kept.o", "lib/new.ts"]);
});

test("where only git can judge what is ignored", async () => {
  const workspace = await open();
  await git(workspace, "sparse-checkout", "add", "lib/sub");
  await git(workspace, "sparse-checkout", "set", "lib/sub", "docs");
  await put(workspace.path, { ".gitignore": "[!a]x\n", bx: "ignored", ax: "new", "app/net/http.ts": "mine\n" });
  await put(workspace.path, { "lib/new.o": "ignored", "app/ui": "a file now\n" });
  await rm(join(workspace.path, "lib/sub/map.ts"));
  await rm(join(workspace.path, "top.txt"));
  expect(await landedFiles(workspace)).toEqual([
    ".gitignore",
    "app/net/http.ts",
    "app/ui",
    "app/ui/button.ts",
    "app/ui/deep/icon.ts",
    "ax",
    "lib/sub/map.ts",
    "top.txt",
  ]);
});

test("line ends outside are converted by attributes that are not checked out", async () => {
  const first = await open(["lib"]);
  await put(first.path, { "lib/.gitattributes": "*.ts text\n" });
  landed(await land(first));
  const workspace = await open();
  await put(workspace.path, { "lib/list.ts": "a\r\nb\r\n", "lib/sub/map.ts": "map\r\n" });
  expect(await landedFiles(workspace)).toEqual(["lib/list.ts"]);
  expect(await readTip(at.world, "lib/list.ts")).toBe("a\nb\n");
});

test("a submodule outside stays; files in its folder are refused", async () => {
  await userGit(at.world.repository, "update-index", "--add", "--cacheinfo", `160000,${at.world.base},ext/dep`);
  await userGit(at.world.repository, "commit", "-q", "-m", "submodule");
  const { base } = await at.world.trunk.resolveBase();
  await at.world.trunk.begin(runB, base);
  const workspace = await at.world.trunk.openWorkspace(runB, named(1), base, { scope: ["app/ui"] });
  await put(workspace.path, { "app/ui/button.ts": "mine\n" });
  expect(await at.world.trunk.takeIn(runB, workspace)).toMatchObject({ change: { files: ["app/ui/button.ts"] } });
  await put(workspace.path, { "ext/dep/x": "x" });
  expect(await at.world.trunk.takeIn(runB, workspace)).toMatchObject({ kind: "refused" });
});
