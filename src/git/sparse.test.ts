/** What a workspace holds that is for a part of the commit. */
import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { makeRepository, openAt, put, temporaryFolder } from "./git-world.testsuite.ts";
import { files, git, held, sparseWorld, ui } from "./sparse-world.testsuite.ts";
import { landed, named, runA } from "./trunk-steps.testsuite.ts";

const at = sparseWorld();
const { open, land } = at;

test("what is in and below the scope, and the files on the way to it; the worker's git knows of it", async () => {
  const workspace = await open();
  expect(workspace.sparse).toEqual(["app/ui"]);
  expect(await held(workspace)).toEqual(ui);
  expect(await git(workspace, "status", "--porcelain")).toBe("");
  expect(await git(workspace, "sparse-checkout", "list")).toBe("app/ui");
  expect(await git(workspace, "show", "HEAD:lib/sub/map.ts")).toBe("map");
  await git(workspace, "sparse-checkout", "add", "lib/sub");
  expect(await held(workspace)).toEqual(
    [...ui, "lib/.gitignore", "lib/kept.o", "lib/list.ts", "lib/sub/map.ts"].toSorted(),
  );
  expect(await git(workspace, "status", "--porcelain")).toBe("");
  expect(await at.world.trunk.takeIn(runA, workspace)).toEqual({ kind: "unchanged" });
});

test("a file, a glob, what is not there yet, and all of it when the scope is not bound to a path", async () => {
  const cases: [string[], string[]][] = [
    [["app/main.ts"], ["app/main.ts", "top.txt"]],
    [
      ["app/net/**/*.ts", "docs"],
      ["app/main.ts", "app/net/http.ts", "docs/guide.md", "top.txt"],
    ],
    [["app/new/x.ts"], ["app/main.ts", "top.txt"]],
    [["top.txt"], ["top.txt"]],
    [["**/*.md"], Object.keys(files).toSorted()],
    [[], Object.keys(files).toSorted()],
  ];
  for (const [scope, wanted] of cases) {
    const workspace = await open(scope);
    expect([scope, await held(workspace)]).toEqual([scope, wanted]);
    expect(await git(workspace, "status", "--porcelain")).toBe("");
  }
});

test("protected checkouts are whole", async () => {
  const { workspace } = await at.world.trunk.openProtected(runA, named(1), at.world.base, {
    at: at.world.base,
    paths: ["docs"],
  });
  expect([workspace.sparse, await held(workspace)]).toEqual([null, Object.keys(files).toSorted()]);
});

test("where workspaces are not sparse, a scope changes nothing", async () => {
  const copies = await openAt(at.world.repository);
  const workspace = await copies.openWorkspace(runA, named(1), at.world.base, { scope: ["app/ui"] });
  expect([workspace.sparse, await held(workspace)]).toEqual([null, Object.keys(files).toSorted()]);
});

test("folders with odd names", async () => {
  const names = ["we ird ", "st*r", "[q]", "back\\slash", "!bang", "#hash", "qu?stion", '"', "a\\*b", "ü", "new\nline"];
  const all = Object.fromEntries(
    names.flatMap((name) => [
      [`x/${name}/in/f`, "f\n"],
      [`x/${name}2/f`, "f\n"],
    ]),
  );
  const workspace = await open();
  await put(workspace.path, all);
  await writeFile(Buffer.from(`${workspace.path}/x/ü/\u00ff`, "utf8"), "x");
  landed(await land(workspace));
  for (const name of names.slice(0, -1)) {
    const one = await open([`x/${name}/in`]);
    const isWide = /[*?[]/.test(name);
    expect([name, (await held(one)).includes(`x/${name}/in/f`)]).toEqual([name, true]);
    expect([name, (await held(one)).filter((path) => path.endsWith("2/f")).length]).toEqual([
      name,
      isWide ? names.length : 0,
    ]);
    expect(await git(one, "status", "--porcelain")).toBe("");
  }
  // Named by a conflict, a folder is meant literally.
  for (const name of names) {
    const [one, other] = [await open(["docs"]), await open(["docs"])];
    await put(one.path, { [`x/${name}/in/f`]: "one\n" });
    await put(other.path, { [`x/${name}/in/f`]: "other\n" });
    landed(await land(one));
    expect(await land(other)).toMatchObject({ kind: "conflict" });
    await at.world.trunk.placeConflict(other, await at.world.trunk.tip(runA));
    expect([name, (await held(other)).includes(`x/${name}/in/f`)]).toEqual([name, true]);
    const beside = (await held(other)).filter((path) => path.endsWith("2/f")).length;
    expect([name, beside]).toEqual([name, name.includes("\n") ? names.length : 0]);
    expect(await git(other, "status", "--porcelain", "-z")).toBe(`M  x/${name}/in/f\0`);
  }
});

test("room is promised for the most that the next one may take", async () => {
  const bytes = () => at.world.trunk.workspaceBytes(runA);
  const fileBytes = 4_096;
  expect(bytes()).toBe(0);
  const part = await open();
  expect(bytes()).toBe(ui.length * fileBytes);
  await (await open(["docs"])).remove();
  expect(bytes()).toBe(ui.length * fileBytes);
  const whole = await open([]);
  expect(bytes()).toBe(Object.keys(files).length * fileBytes);
  // Its folder is used again, but not for a part.
  await whole.remove();
  await part.remove();
  expect(bytes()).toBe(ui.length * fileBytes);
  expect(await held(await open(["docs"]))).toEqual(["docs/guide.md", "top.txt"]);
});

test("a repository with SHA-256 names, of which nothing lies outside, or all", async () => {
  const folder = await temporaryFolder();
  const path = join(folder.path, "user");
  await makeRepository(path, { "top.txt": "top\n", "app/main.ts": "main\n" }, "sha256");
  const trunk = await openAt(path, () => undefined, { sparse: true });
  const { base } = await trunk.resolveBase();
  await trunk.begin(runA, base);
  const inside = await trunk.openWorkspace(runA, named(1), base, { scope: ["app"] });
  expect([await held(inside), await git(inside, "status", "--porcelain")]).toEqual([["app/main.ts", "top.txt"], ""]);
  const outside = await trunk.openWorkspace(runA, named(2), base, { scope: ["top.txt"] });
  expect([await held(outside), await git(outside, "status", "--porcelain")]).toEqual([["top.txt"], ""]);
  await put(outside.path, { "app/main.ts": "mine\n" });
  expect(await trunk.takeIn(runA, outside)).toMatchObject({ kind: "taken", change: { files: ["app/main.ts"] } });
  await folder.remove();
});
