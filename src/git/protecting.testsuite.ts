/** Protected files, for every `Trunk`. */
import { expect, test } from "vitest";
import { named, readTip, runA, work, type Enter } from "./trunk-steps.testsuite.ts";

const files = {
  "src/a.txt": "a\n",
  "verify.sh": "test -e src/a.txt\n",
  "accept/one.test.js": "one\n",
  "accept/deep/two.test.js": "two\n",
  "accept/same.test.js": "same\n",
};

export function protectedTests(enter: Enter): void {
  test("protected files are those of the base, whatever has landed; all else is the tip's, and the trunk stays", async () => {
    const world = await enter(files);
    await work(world, 1, world.base, {
      "src/a.txt": "2\n",
      "verify.sh": "exit 0\n",
      "accept/one.test.js": null,
      "accept/deep/two.test.js": "skipped\n",
      "accept/deep/helper.js": "new\n",
    });
    const tip = await world.trunk.tip(runA);
    const protect = { at: world.base, paths: ["accept", "verify.sh"] };
    const { workspace, putBack } = await world.trunk.openProtected(runA, named(2), tip, protect);
    const read = (path: string) => world.read(workspace, path);
    expect(await Promise.all(Object.keys(files).map(read))).toEqual([
      "2\n",
      "test -e src/a.txt\n",
      "one\n",
      "two\n",
      "same\n",
    ]);
    expect(await read("accept/deep/helper.js")).toBeNull();
    expect(putBack).toEqual({
      files: [
        { path: "accept/deep/helper.js", change: "added" },
        { path: "accept/deep/two.test.js", change: "changed" },
        { path: "accept/one.test.js", change: "deleted" },
        { path: "verify.sh", change: "changed" },
      ],
      omitted: 0,
    });
    expect(workspace.base).toBe(tip);
    expect(await world.trunk.tip(runA)).toBe(tip);
    expect(await readTip(world, "verify.sh")).toBe("exit 0\n");
  });

  test("where the trunk has what the base has, nothing is put back", async () => {
    const world = await enter(files);
    await work(world, 1, world.base, { "src/a.txt": "2\n" });
    const protect = { at: world.base, paths: ["accept", "verify.sh"] };
    const opened = await world.trunk.openProtected(runA, named(2), await world.trunk.tip(runA), protect);
    expect(opened.putBack).toEqual({ files: [], omitted: 0 });
    expect(await world.read(opened.workspace, "src/a.txt")).toBe("2\n");
  });

  test("a protected folder in whose place the trunk has a file is there again", async () => {
    const world = await enter(files);
    await work(world, 1, world.base, {
      "accept/one.test.js": null,
      "accept/deep/two.test.js": null,
      "accept/same.test.js": null,
    });
    await work(world, 2, await world.trunk.tip(runA), { accept: "a file now\n" });
    const protect = { at: world.base, paths: ["accept/deep"] };
    const opened = await world.trunk.openProtected(runA, named(3), await world.trunk.tip(runA), protect);
    expect(await world.read(opened.workspace, "accept/deep/two.test.js")).toBe("two\n");
    expect(opened.putBack.files).toContainEqual({ path: "accept/deep/two.test.js", change: "deleted" });
  });
}
