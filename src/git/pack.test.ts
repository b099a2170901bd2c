/** What we write as git objects, git reads as such. */
import * as fc from "fast-check";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LaneWorld } from "./lane-world.testsuite.ts";
import { commitBody, nameObject, Tree } from "./objects.ts";
import { packObject } from "./pack.ts";

test.each(["sha1", "sha256"] as const)("packs of %s objects are what git makes of them", async (format) => {
  const world = await LaneWorld.make(format);
  const sizes = fc.array(fc.oneof(fc.nat(40), fc.nat(5_000), fc.constantFrom(15, 16, 2_047, 2_048, 262_144)), {
    minLength: 1,
    maxLength: 40,
  });
  const property = fc.asyncProperty(sizes, fc.nat(255), async (lengths, seed) => {
    const bodies = lengths.map((length, n) => Buffer.alloc(length, `${seed} ${n} `));
    const objects = bodies.map((body) => packObject("blob", nameObject("blob", body, world.root), body));
    // One that is there twice is written once.
    await world.store.write([...objects, ...objects.slice(0, 1)]);
    for (const [n, { oid }] of objects.entries())
      expect((await world.store.reader.read(oid, "blob")).equals(bodies[n] ?? Buffer.alloc(0))).toBe(true);
  });
  await fc.assert(property, { numRuns: 20 });
  const packs = join(world.gitDir, "objects", "pack");
  const names = await readdir(packs);
  expect(names.filter((name) => !/^pack-[0-9a-f]+\.(?:pack|idx)$/.test(name))).toEqual([]);
  for (const name of names.filter((one) => one.endsWith(".idx"))) await world.git("verify-pack", join(packs, name));
  await world.git("fsck", "--full", "--strict");
  await world.close();
});

test("an object that is not there is said to be missing, and reading goes on", async () => {
  const world = await LaneWorld.make();
  await expect(world.store.reader.read("1".repeat(40), "blob")).rejects.toThrow(/no blob 1{40}: 1{40} missing/);
  await expect(world.store.reader.readUpTo("1".repeat(40), 10)).rejects.toThrow(/no blob/);
  expect((await world.store.reader.read(world.root, "commit")).toString()).toContain("root");
  await world.close();
});

test("a tree is read and written byte for byte, in git's order", () => {
  const oid = "ab".repeat(20);
  const names = ["a", "a.b", "a0", "a-"];
  const changes = new Map(names.map((name) => [name, { mode: name === "a" ? "40000" : "100644", oid }]));
  const tree = new Tree([]).with(changes);
  // `a` is a folder: it stands where `a/` would.
  expect(tree.entries.map(({ name }) => name)).toEqual(["a-", "a.b", "a", "a0"]);
  expect(Tree.parse(tree.body(), oid).entries).toEqual(tree.entries);
  expect(names.map((name) => tree.find(name)?.name)).toEqual(names);
  expect(tree.find("b")).toBeUndefined();
  expect(() => Tree.parse(tree.body().subarray(0, -1), oid)).toThrow(/cut off/);
  const reversed = new Tree(tree.entries.toReversed());
  expect(() => Tree.parse(reversed.body(), oid)).toThrow(/out of order/);
});

test("a folder's mode of long ago is a folder", () => {
  const oid = "ab".repeat(20);
  const body = Buffer.concat([Buffer.from("040000 d\0"), Buffer.from(oid, "hex")]);
  expect(Tree.parse(body, oid).entries).toEqual([{ mode: "40000", name: "d", oid }]);
});

test("a name that would break a commit is written without what breaks it", () => {
  const identity = { name: ' "A <b>\nc". ', email: "<a@b>" };
  const at = new Date(86_400_000);
  const text = commitBody({ tree: "1", parents: ["2"], identity, at, message: "m\n" }).toString();
  expect(text).toMatch(
    /^tree 1\nparent 2\nauthor A bc <a@b> 86400 [+-]\d{4}\ncommitter A bc <a@b> 86400 [+-]\d{4}\n\nm\n$/,
  );
});
