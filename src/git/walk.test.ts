/** The walk finds what git finds: what changed, what is new, what is gone, what is ignored. */
import * as fc from "fast-check";
import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeRepository, put, temporaryFolder, userGit } from "./git-world.testsuite.ts";
import { isIgnored, parseIgnore } from "./ignore-rules.ts";
import { IndexFile } from "./index-file.ts";
import { toLatin1 } from "./latin1.ts";
import { exists, removeTree } from "./remove-tree.ts";
import { walk } from "./walk.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let root: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  root = join(folder.path, "r");
});
afterEach(() => folder.remove());

const list = async (...how: string[]) => (await userGit(root, "ls-files", "-z", ...how)).split("\0").filter(Boolean);

async function walked() {
  const file = join(root, ".git", "index");
  const index = new IndexFile(await readFile(file), await userGit(root, "rev-parse", "HEAD"));
  return walk(toLatin1(root), { index, writtenAt: (await stat(file)).mtimeMs });
}

const tracked = ["a", "d/a.o", "d/e/x", "d/build/y", "ü/f"];
const parts = ["a", "b.o", "d", "e", "build", "x1", "y", "ü"];
const path = fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 4 }).map((names) => names.join("/"));
const piece = fc.constantFrom("*", "**", "?", "a", "d", "e", "*.o", "x[0-9]", "[ab]*", "build", "b*d", "/", "/", "/");
const pattern = fc
  .tuple(fc.constantFrom("", "", "", "!", "/", "#"), fc.array(piece, { minLength: 1, maxLength: 5 }))
  .chain(([start, pieces]) => fc.constantFrom("", "", "/", " ", "\r").map((end) => start + pieces.join("") + end));
const rules = fc.array(pattern, { maxLength: 4 }).map((lines) => `${lines.join("\n")}\n`);
const change = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("write" as const), path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove" as const), path: fc.constantFrom(...tracked) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("rules" as const),
      path: fc.constantFrom(".gitignore", "d/.gitignore", "d/e/.gitignore", "build/.gitignore"),
      text: rules,
    }),
  },
);

/** Writes a file; what stands in its way is gone. */
async function replace(name: string, text: string): Promise<void> {
  const names = name.split("/");
  for (let depth = 1; depth < names.length; depth++) {
    const above = join(root, ...names.slice(0, depth));
    if ((await exists(above)) && !(await stat(above)).isDirectory()) await removeTree(above);
  }
  await removeTree(join(root, name));
  await put(root, { [name]: text });
}

test("every change that git lists, and no other new file", async () => {
  let judged = 0;
  const property = fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 10 }), async (changes) => {
    await rm(root, { recursive: true, force: true });
    await makeRepository(root, Object.fromEntries(tracked.map((name) => [name, `${name}\n`])));
    for (const one of changes) {
      if (one.kind !== "remove") await replace(one.path, one.kind === "rules" ? one.text : "new\n");
      else if (await exists(join(root, one.path))) await removeTree(join(root, one.path));
    }
    const found = await walked();
    if (found === null) return;
    judged++;
    const known = new Set(tracked.map(toLatin1));
    const others = (await list("--others", "--exclude-standard")).map(toLatin1);
    expect(found.present.filter((name) => !known.has(name)).toSorted()).toEqual(others.toSorted());
    // git takes a file in whose place there is a folder for modified.
    const changed = (await list("--deleted", "--modified", "--deduplicate")).map(toLatin1);
    expect(changed).toEqual(expect.arrayContaining(found.gone));
    expect([...found.present, ...found.gone]).toEqual(expect.arrayContaining(changed));
    expect(found.reasons).toEqual([]);
  });
  await fc.assert(property, { numRuns: 80 });
  expect(judged).toBeGreaterThan(40);
});

test("a file that was changed and changed back is looked at again, one that was not is not", async () => {
  await makeRepository(root, { "a.txt": "a\n", "b.txt": "b\n" });
  const file = join(root, ".git", "index");
  // As if the index had been written long after the files.
  await put(root, { "a.txt": "x\n" });
  await put(root, { "a.txt": "a\n" });
  const index = new IndexFile(await readFile(file), await userGit(root, "rev-parse", "HEAD"));
  expect(await walk(toLatin1(root), { index, writtenAt: Infinity })).toMatchObject({ present: ["a.txt"], gone: [] });
  // Of a file that was written together with the index nobody can tell.
  const all = await walk(toLatin1(root), { index, writtenAt: 0 });
  expect(all?.present.toSorted()).toEqual(["a.txt", "b.txt"]);
});

describe("ignore rules", () => {
  const judge = (text: string, name: string, isFolder = false) => {
    const patterns = parseIgnore(text);
    return patterns === null ? null : isIgnored({ patterns, folder: "", above: null }, name, isFolder);
  };

  test.each([
    ["*.log", "d/x.log", true],
    ["/x", "d/x", false],
    ["d/x", "e/d/x", false],
    ["**/d/x", "e/d/x", true],
    ["d/**", "d/e/f", true],
    ["d/**/f", "d/f", true],
    ["d/**/f", "d/a/b/f", true],
    ["x\n!x", "x", false],
    ["*.py[cod]", "a.pyc", true],
    ["\ufeffx".replace("\ufeff", "\u00ef\u00bb\u00bf"), "x", true],
    ["x  \r\ny", "x", true],
    ["#x", "#x", false],
  ])("%j and %j: %j", (text, name, expected) => expect(judge(text, name)).toBe(expected));

  test("a pattern for folders is for folders", () => {
    expect([judge("x/", "x"), judge("x/", "x", true)]).toEqual([false, true]);
  });

  test.each(["***/x", "\\#x", "x\\ ", "[!a]", "[[:alpha:]]", "[a", "a]", "!"])("%j is left to git", (text) => {
    expect(judge(text, "x")).toBeNull();
  });

  test("a pattern that is made to take for ever does not", () => {
    const text = `${"*a".repeat(500)}b\n${"**/".repeat(300)}b`;
    expect(judge(text, "a".repeat(200))).toBe(false);
    expect(judge(text, "a/".repeat(200))).toBe(false);
  });
});
