/** Workspaces that are kept and opened again, as every `Trunk` does it. */
import { expect, test } from "vitest";
import { landed, landNow, lines, named, readTip, runA, submission, work, type Enter } from "./trunk-steps.testsuite.ts";

export function keepingTests(enter: Enter): void {
  test("a kept workspace comes back as it was, also after its files and its engine are gone", async () => {
    const world = await enter();
    const workspace = await world.trunk.openWorkspace(runA, named(1), world.base);
    await world.write(workspace, "a.txt", lines([5, "mine"]));
    await world.write(workspace, "deep/new.txt", "new\n");
    await world.remove(workspace, "b.txt");
    const kept = await world.trunk.keep(runA, workspace);
    await world.write(workspace, "deep/new.txt", "changed after it was kept\n");
    await workspace.remove();
    await work(world, 2, world.base, { "t.txt": "t\n" });
    const again = await world.trunk.openWorkspace(runA, named(1), world.base, {
      kept: kept.ok ? kept.kept : "not kept",
    });
    expect(again.base).toBe(world.base);
    const files = ["a.txt", "b.txt", "deep/new.txt", "t.txt"].map((path) => world.read(again, path));
    expect(await Promise.all(files)).toEqual([lines([5, "mine"]), null, "new\n", null]);
    expect(landed(await landNow(world.trunk, runA, again, submission(1))).files.toSorted()).toEqual([
      "a.txt",
      "b.txt",
      "deep/new.txt",
    ]);
    expect(await readTip(world, "t.txt")).toBe("t\n");
  });

  test("kept again and again, it is each time what its files are by then", async () => {
    const world = await enter();
    const workspace = await world.trunk.openWorkspace(runA, named(1), world.base);
    const keep = () => world.trunk.keep(runA, workspace);
    const clean = await keep();
    expect(await keep()).toEqual(clean);
    await world.write(workspace, "new.txt", "1\n");
    const first = await keep();
    expect(first).not.toEqual(clean);
    expect(await keep()).toEqual(first);
    await world.write(workspace, "new.txt", "two\n");
    const second = await keep();
    expect(second).not.toEqual(first);
    await world.remove(workspace, "new.txt");
    expect(await keep()).toEqual(clean);
    const again = await world.trunk.openWorkspace(runA, named(2), world.base, {
      kept: second.ok ? second.kept : "not kept",
    });
    expect(await world.read(again, "new.txt")).toBe("two\n");
  });

  test("a conflict that is kept still has its markers, and they are still refused", async () => {
    const world = await enter();
    const [first] = await work(world, 1, world.base, { "a.txt": lines([5, "trunk's"]) });
    const [, workspace] = await work(world, 2, world.base, { "a.txt": lines([5, "mine"]) });
    await world.trunk.placeConflict(workspace, landed(first).commit);
    const kept = await world.trunk.keep(runA, workspace);
    await workspace.remove();
    const again = await world.trunk.openWorkspace(runA, named(2), world.base, {
      kept: kept.ok ? kept.kept : "not kept",
    });
    expect(again.base).toBe(landed(first).commit);
    expect(await world.read(again, "a.txt")).toContain("<<<<<<< trunk");
    expect(await landNow(world.trunk, runA, again, submission(2))).toMatchObject({ kind: "refused" });
    await world.write(again, "a.txt", lines([5, "mine and trunk's"]));
    landed(await landNow(world.trunk, runA, again, submission(2)));
    expect(await readTip(world, "a.txt")).toBe(lines([5, "mine and trunk's"]));
  });

  test("a conflict that is kept knows its other side; one of an older engine knows none", async () => {
    const world = await enter();
    const [first] = await work(world, 1, world.base, { "a.txt": lines([5, "trunk's"]) });
    const [, workspace] = await work(world, 2, world.base, { "a.txt": lines([5, "mine"]) });
    await world.trunk.placeConflict(workspace, landed(first).commit);
    await world.write(workspace, "a.txt", lines([5, "mine"]));
    const kept = await world.trunk.keep(runA, workspace);
    await workspace.remove();
    const text = kept.ok ? kept.kept : "not kept";
    const { otherSides, ...older } = JSON.parse(text) as { otherSides: unknown };
    expect(otherSides).toMatchObject([{ path: "a.txt" }]);
    const again = await world.trunk.openWorkspace(runA, named(2), world.base, { kept: text });
    expect(await landNow(world.trunk, runA, again, submission(2))).toMatchObject({ kind: "refused" });
    const told = await world.trunk.keep(runA, again);
    await again.remove();
    for (const one of [told.ok ? told.kept : "", JSON.stringify(older)]) {
      const last = await world.trunk.openWorkspace(runA, named(3), world.base, { kept: one });
      expect(await world.trunk.takeIn(runA, last)).toMatchObject({ kind: "taken" });
      await last.remove();
    }
  });

  test("what was new when it was kept can be removed again", async () => {
    const world = await enter();
    const workspace = await world.trunk.openWorkspace(runA, named(1), world.base);
    await world.write(workspace, "new.txt", "1\n");
    await world.write(workspace, "other.txt", "1\n");
    const kept = await world.trunk.keep(runA, workspace);
    const again = await world.trunk.openWorkspace(runA, named(2), world.base, {
      kept: kept.ok ? kept.kept : "not kept",
    });
    await world.remove(again, "new.txt");
    expect(landed(await landNow(world.trunk, runA, again, submission(1))).files).toEqual(["other.txt"]);
  });

  test("files that could not land are reasons to keep nothing", async () => {
    const world = await enter();
    const workspace = await world.trunk.openWorkspace(runA, named(1), world.base);
    await world.write(workspace, "nested/.git/HEAD", "ref: refs/heads/main\n");
    await world.write(workspace, "nested/file.txt", "x\n");
    expect(await world.trunk.keep(runA, workspace)).toMatchObject({ ok: false, reasons: [expect.any(String)] });
  });
}
