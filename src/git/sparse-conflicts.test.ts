/** Conflicts of sparse workspaces, and their work that is kept. */
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openAt, put } from "./git-world.testsuite.ts";
import { git, held, sparseWorld, ui } from "./sparse-world.testsuite.ts";
import { landed, lines, named, readTip, runA, work } from "./trunk-steps.testsuite.ts";

const at = sparseWorld();
const { open, land, landedFiles } = at;

test("a conflict outside is put in place, and what was on the trunk outside is left there", async () => {
  const [first] = await work(at.world, 50, at.world.base, {
    "lib/list.ts": lines([5, "theirs"]),
    "docs/guide.md": "theirs\n",
    "docs/more.md": "theirs\n",
  });
  const workspace = await at.world.trunk.openWorkspace(runA, named(1), at.world.base, { scope: ["app/ui"] });
  await put(workspace.path, { "lib/list.ts": lines([5, "mine"]), "far/away/new.ts": "new\n" });
  expect(await land(workspace)).toEqual({ kind: "conflict", files: ["lib/list.ts"] });
  await at.world.trunk.placeConflict(workspace, landed(first).commit);
  expect(workspace.sparse).toEqual(["app/ui", "far/away/new.ts", "lib/list.ts"]);
  expect(await held(workspace)).toEqual(
    [...ui, "far/away/new.ts", "lib/.gitignore", "lib/kept.o", "lib/list.ts"].toSorted(),
  );
  expect(await git(workspace, "status", "--porcelain")).toBe("A  far/away/new.ts\nM  lib/list.ts");
  expect(await land(workspace)).toMatchObject({ kind: "refused" });
  await put(workspace.path, { "lib/list.ts": lines([5, "mine and theirs"]) });
  expect(await landedFiles(workspace)).toEqual(["far/away/new.ts", "lib/list.ts"]);
  expect(await readTip(at.world, "docs/more.md")).toBe("theirs\n");
});

test("what the worker has brought stays after a conflict, and a conflict of its own with it", async () => {
  const [first] = await work(at.world, 50, at.world.base, {
    "app/ui/button.ts": "theirs\n",
    "docs/guide.md": "theirs\n",
  });
  const workspace = await at.world.trunk.openWorkspace(runA, named(1), at.world.base, { scope: ["app/ui"] });
  await git(workspace, "sparse-checkout", "add", "docs", "lib/sub");
  await put(workspace.path, { "app/ui/button.ts": "mine\n" });
  await rm(join(workspace.path, "lib/sub/map.ts"));
  expect(await land(workspace)).toMatchObject({ kind: "conflict" });
  await at.world.trunk.placeConflict(workspace, landed(first).commit);
  // All that `lib` has beside `lib/sub` came with it, being on the way.
  expect(workspace.sparse).toEqual(["app/ui", "docs", "lib"]);
  expect(await at.world.read(workspace, "docs/guide.md")).toBe("theirs\n");
  await git(workspace, "sparse-checkout", "add", "lib/sub");
  await put(workspace.path, { "app/ui/button.ts": "mine and theirs\n" });
  expect(await landedFiles(workspace)).toEqual(["app/ui/button.ts", "lib/sub/map.ts"]);
  expect(await readTip(at.world, "docs/guide.md")).toBe("theirs\n");
});

test("the worker's file that the trunk has moved is where it was moved to", async () => {
  const first = await open(["lib"]);
  await rename(join(first.path, "lib"), join(first.path, "library"));
  landed(await land(first));
  const workspace = await at.world.trunk.openWorkspace(runA, named(50), at.world.base, { scope: ["lib/list.ts"] });
  await put(workspace.path, { "lib/list.ts": lines([5, "mine"]) });
  await at.world.trunk.takeIn(runA, workspace);
  await at.world.trunk.placeConflict(workspace, await at.world.trunk.tip(runA));
  expect(await at.world.read(workspace, "library/list.ts")).toBe(lines([5, "mine"]));
  expect(await landedFiles(workspace)).toEqual(["library/list.ts"]);
});

test("kept work comes back with what was brought, on another engine, and where workspaces are whole", async () => {
  const workspace = await open();
  await git(workspace, "sparse-checkout", "add", "docs");
  await put(workspace.path, { "lib/list.ts": "mine\n", "app/ui/new.ts": "new\n" });
  await rm(join(workspace.path, "lib/sub"), { recursive: true, force: true });
  await rm(join(workspace.path, "app/main.ts"));
  const kept = await at.world.trunk.keep(runA, workspace);
  await workspace.remove();
  const again = await open(["app/ui"], kept.ok ? kept.kept : "not kept");
  const brought = ["docs/guide.md", "lib/.gitignore", "lib/kept.o", "lib/list.ts"];
  const whole = [...ui.filter((path) => path !== "app/main.ts"), "app/ui/new.ts", ...brought].toSorted();
  expect(await held(again)).toEqual(whole);
  expect(again.sparse).toEqual(["app/ui", "docs", "lib/list.ts"]);
  expect(await git(again, "status", "--porcelain")).toBe("D  app/main.ts\nA  app/ui/new.ts\nM  lib/list.ts");
  await again.remove();
  for (const how of [{ sparse: true }, {}]) {
    const other = await openAt(at.world.repository, () => undefined, how);
    const there = await other.openWorkspace(runA, named(70), at.world.base, {
      kept: kept.ok ? kept.kept : "not kept",
      scope: ["app/ui"],
    });
    const taken = await other.takeIn(runA, there);
    expect(taken).toMatchObject({
      kind: "taken",
      change: { files: ["app/main.ts", "app/ui/new.ts", "lib/list.ts"] },
    });
    await there.remove();
  }
});
