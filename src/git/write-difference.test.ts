/** What is written in this process is what git writes: the same files, and an index that git takes for its own. */
import * as fc from "fast-check";
import { lstat, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Git } from "./git-process.ts";
import { environment, makeRepository, temporaryFolder, userGit } from "./git-world.testsuite.ts";
import { seal } from "./index-entry.ts";
import { IndexFile } from "./index-file.ts";
import { ObjectStore } from "./object-store.ts";
import { runA } from "./trunk-steps.testsuite.ts";
import { readDifference, writeDifference } from "./write-difference.ts";

type Leaf = { kind: "file"; text: string; mode: number } | { kind: "link"; to: string };
type Files = { [path: string]: Leaf };

const file = (text: string, mode = 0o644): Leaf => ({ kind: "file", text, mode });
const leaf = fc.oneof(
  fc.record({
    kind: fc.constant("file" as const),
    text: fc.constantFrom("", "1\n", "2\r\n", "$Id$\n"),
    mode: fc.constantFrom(0o644, 0o755),
  }),
  fc.record({ kind: fc.constant("link" as const), to: fc.constantFrom("a", "../b", "no where") }),
);
// No file of these stands where another has a folder.
const paths = ["a", "b.txt", "b/x", "b/y z", "b-", "c/d/e/f", "c/d/g", 'q"\\\n*', "ü/ß", "z/z/z/z"];
const someFiles = fc.uniqueArray(fc.tuple(fc.constantFrom(...paths), leaf), { selector: ([path]) => path });

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const git = new Git(environment);
let made = 0;

beforeAll(async () => void (folder = await temporaryFolder()));
afterAll(() => folder.remove());

/** A repository with a commit of each; answers the trees. */
async function commits(format: "sha1" | "sha256", ...all: Files[]) {
  const at = join(folder.path, `r${++made}`);
  await makeRepository(at, {}, format);
  const trees: string[] = [];
  for (const files of all) {
    for (const name of await readdir(at)) if (name !== ".git") await rm(join(at, name), { recursive: true });
    for (const [path, one] of Object.entries(files)) {
      await mkdir(dirname(join(at, path)), { recursive: true });
      if (one.kind === "link") await symlink(one.to, join(at, path));
      else await writeFile(join(at, path), one.text, { mode: one.mode });
    }
    await userGit(at, "-c", "core.autocrlf=false", "add", "--all");
    trees.push(await userGit(at, "write-tree"));
  }
  const gitDir = join(at, ".git");
  return { gitDir, trees, store: new ObjectStore(git, gitDir, runA, () => undefined) };
}

async function listed(root: string, path = ""): Promise<string[]> {
  const all: string[] = [];
  for (const entry of await readdir(join(root, path), { withFileTypes: true })) {
    const [at, stats] = [join(path, entry.name), await lstat(join(root, path, entry.name))];
    if (entry.isDirectory()) all.push(`${at}/`, ...(await listed(root, at)));
    else if (entry.isSymbolicLink()) all.push(`${at} -> ${await readlink(join(root, at))}`);
    else all.push(`${at} ${(stats.mode & 0o777).toString(8)} ${await readFile(join(root, at), "utf8")}`);
  }
  return all.toSorted();
}

async function checkOut(gitDir: string, tree: string) {
  const at = join(folder.path, `w${++made}`);
  await mkdir(at);
  const call = { gitDir, workTree: at, indexFile: `${at}.index` };
  await git.run(["read-tree", "-m", "-u", tree], call);
  return call;
}

async function moved(format: "sha1" | "sha256", before: Files, after: Files) {
  const { gitDir, trees, store } = await commits(format, before, after);
  const [from = "", to = ""] = trees;
  const difference = await readDifference(store, from, to);
  if (difference === null) return null;
  const ours = await checkOut(gitDir, from);
  const index = new IndexFile(await readFile(ours.indexFile), from).edited(
    await writeDifference(ours.workTree, difference),
  );
  await writeFile(ours.indexFile, await seal(index, from));
  return { ours, theirs: await checkOut(gitDir, to), to };
}

describe.each(["sha1", "sha256"] as const)("a checkout that is moved on (%s)", (format) => {
  test("has the files of git's, and an index that tells so", async () => {
    const property = fc.asyncProperty(someFiles, someFiles, async (before, after) => {
      const done = await moved(format, Object.fromEntries(before), Object.fromEntries(after));
      if (done === null) throw new Error("only git could write it");
      const { ours, theirs, to } = done;
      expect(await listed(ours.workTree)).toEqual(await listed(theirs.workTree));
      const says = async (call: typeof ours, ...args: string[]) => (await git.run(args, call)).stdout.toString();
      expect(await says(ours, "ls-files", "--stage", "-z")).toBe(await says(theirs, "ls-files", "--stage", "-z"));
      // From the cache of trees, where it says that it is true.
      expect((await says(ours, "write-tree")).trim()).toBe(to);
      expect(await says(ours, "diff-files", "--name-only", "-z")).toBe("");
      expect(await says(ours, "ls-files", "--others", "-z")).toBe("");
    });
    await fc.assert(property, { numRuns: 25 });
  });
});

test("the index has its checksum, and git finds nothing wrong in it", async () => {
  const done = await moved(
    "sha1",
    { "a/b": file("1"), "a/c": file("1"), d: file("1") },
    { "a/b": file("2"), e: file("1") },
  );
  await git.run(["fsck", "--cache"], done!.ours);
  // It does look: one byte that differs is found.
  const index = await readFile(done!.ours.indexFile);
  await writeFile(done!.ours.indexFile, index.fill(1, 20, 21));
  await expect(git.run(["fsck", "--cache"], done!.ours)).rejects.toThrow("index");
});

describe("only git writes", () => {
  const cases: { [what: string]: [Files, Files] } = {
    "a folder in place of a file": [{ a: file("1") }, { "a/b": file("1") }],
    "a file in place of a folder": [{ "a/b": file("1") }, { a: file("1") }],
    "other line ends": [
      { "x/.gitattributes": file("* text eol=crlf\n") },
      { "x/.gitattributes": file("* text eol=crlf\n"), "x/y/a": file("1\n") },
    ],
    "what changes with its name": [{}, { ".gitattributes": file("a ident\n"), a: file("$Id$\n") }],
    "another encoding": [
      { ".gitattributes": file("a working-tree-encoding=ISO-8859-1\n") },
      { ".gitattributes": file("a working-tree-encoding=ISO-8859-1\n"), a: file("1\n") },
    ],
  };
  test.each(Object.entries(cases))("%s", async (_what, [before, after]) => {
    expect(await moved("sha1", before, after)).toBe(null);
  });

  test("a submodule, and many or large files", async () => {
    const { gitDir, trees, store } = await commits("sha1", { a: file("1") });
    const index = { gitDir, indexFile: join(folder.path, `i${++made}`) };
    const tree = async (...infos: string[]) => {
      await rm(index.indexFile, { force: true });
      await git.run(["update-index", "--add", "--index-info"], { ...index, input: infos.join("\n") });
      return (await git.text(["write-tree"], index)).trim();
    };
    const blob = (text: string) => git.text(["hash-object", "-w", "--stdin"], { gitDir, input: text });
    const [from = ""] = trees;
    const small = await blob("1");
    expect(await readDifference(store, from, await tree(`160000 ${"1".repeat(40)}\ta`))).toBe(null);
    const many = Array.from({ length: 600 }, (_, n) => `100644 ${small}\tf${n}`);
    expect(await readDifference(store, from, await tree(...many))).toBe(null);
    expect((await readDifference(store, from, await tree(...many.slice(0, 400))))?.size).toBe(401);
    const large = await blob("x".repeat(9_000_000));
    expect(await readDifference(store, from, await tree(`100644 ${large}\ta`))).toBe(null);
    const refused = await git.text(["mktree"], { gitDir, input: `100644 blob ${small}\tgit~1\n` });
    expect(await readDifference(store, from, refused)).toBe(null);
  });
});
