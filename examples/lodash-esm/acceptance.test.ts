/**
 * The acceptance programs on a tree that is right and on trees that are wrong: one that cannot fail is worth nothing.
 * The right tree is made as a run makes it, by the passes and by what acceptance finds.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { WorkerBrief } from "../../src/domain/brief.ts";
import { manifestPath, readManifest, writeManifest } from "./manifest.ts";
import { passes } from "./passes.ts";
import { planRepairs } from "./plan/repairs.ts";
import { prepare } from "./prepare.ts";
import { readSites, type Site } from "./sites.ts";
import { modulesIn } from "./tree.ts";

// Real files and processes on a shared machine: the bound is there to end a hang, not to measure.
vi.setConfig({ testTimeout: 10 * 60_000, hookTimeout: 20 * 60_000 });

const roundsMax = 4;
let folder: string;
let good: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "acceptance-"));
  good = join(folder, "good");
  prepare(good);
  pass("plain", modulesIn(good), "");
  pass("package", ["package.json", "README.md"], "");
  for (let round = 0; round < roundsMax; round++) {
    const sites = ["forms", "same"].flatMap((name) => accept(name, good).sites);
    if (sites.length === 0) return;
    for (const draft of planRepairs(good, sites).drafts) pass(draft.agent, draft.paths, draft.instructions);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function pass(name: string, paths: string[], instructions: string): void {
  const result = passes[name]!({ root: good, paths, instructions });
  writeManifest(good, { ...readManifest(good), ...result.record });
}

function accept(name: string, root: string): { status: number | null; sites: Site[]; output: string } {
  const options = name === "parse" ? ["--no-warnings", "--experimental-vm-modules"] : [];
  const { status, stdout } = spawnSync(
    process.execPath,
    [...options, join(import.meta.dirname, "acceptance", `${name}.ts`)],
    { cwd: root, encoding: "utf8" },
  );
  return { status, sites: readSites(stdout), output: stdout };
}

/** A copy of the right tree with one fault. */
function broken(name: string, fault: (root: string) => void): string {
  const root = join(folder, name);
  cpSync(good, root, { recursive: true });
  fault(root);
  return root;
}

const edit = (path: string, from: string, to: string) => (root: string) => {
  const text = readFileSync(join(root, path), "utf8");
  if (!text.includes(from)) throw new Error(`${path} does not contain ${from}: the fault would be none`);
  writeFileSync(join(root, path), text.replace(from, to));
};

test("the migrated package passes everything", () => {
  for (const name of ["parse", "forms", "load", "same"]) {
    const { status, output } = accept(name, good);
    expect(output + String(status)).toMatch(/0$/);
  }
});

test.each([
  ["a require left", edit("add.js", "export default add;", "var x = require('./sum');\nexport default add;"), "add.js"],
  ["an assignment to module.exports left", edit("add.js", "export default add;", "module.exports = add;"), "add.js"],
  [
    "an assignment to exports left",
    edit("add.js", "export default add;", "exports.add = add;\nexport default add;"),
    "add.js",
  ],
  [
    "a comment that shows require",
    edit("add.js", "export default add;", "// var add = require('lodash/add');\nexport default add;"),
    "add.js",
  ],
  [
    "a module that is not recorded",
    (root: string) =>
      writeManifest(root, Object.fromEntries(Object.entries(readManifest(root)).filter(([path]) => path !== "add.js"))),
    "add.js",
  ],
  [
    "a README that shows require",
    edit("README.md", "import _ from 'lodash';", "var _ = require('lodash');"),
    "README.md",
  ],
])("forms fails on %s", (name, fault, file) => {
  const { status, sites } = accept("forms", broken(`forms ${name}`, fault));
  expect(status).toBe(1);
  expect(sites.map((site) => site.file)).toEqual([file]);
});

test.each([
  ["a deleted module", (root: string) => unlinkSync(join(root, "fp/curryN.js")), "fp/curryN.js"],
  ["an import without its extension", edit("add.js", "./_createMathOperation.js", "./_createMathOperation"), "add.js"],
  ["a module without a default export", edit("fp/add.js", "export default func;", "export { func };"), "fp/add.js"],
  [
    "a circular import that meets an uninitialized name",
    edit(
      "_baseLodash.js",
      "function baseLodash",
      "import L from './_LazyWrapper.js';\nL.prototype;\nfunction baseLodash",
    ),
    "_LazyWrapper.js",
  ],
  [
    "a module that marks the global object",
    edit("fp/zipAll.js", "export default func;", "globalThis.marked = 1;\nexport default func;"),
    "fp/zipAll.js",
  ],
  [
    "a package that is not declared as ES modules",
    edit("package.json", '"type": "module"', '"type": "commonjs"'),
    "package.json",
  ],
  ["another version", edit("package.json", '"version": "4', '"version": "5'), "package.json"],
  ["a name that no longer resolves", edit("package.json", '"./*": "./*.js"', '"./none": "./none.js"'), "package.json"],
])("load fails on %s", (name, fault, file) => {
  const { status, sites } = accept("load", broken(`load ${name}`, fault));
  expect(status).toBe(1);
  expect(sites.map((site) => site.file)).toContain(file);
});

test("behaviour fails on functions that answer, change, call back or throw otherwise", () => {
  const root = broken("same", (at) => {
    edit("_createMathOperation.js", "return defaultValue;", "return 1;")(at); // another answer
    edit("reverse.js", "nativeReverse.call(array)", "nativeReverse.call(array.slice())")(at); // its argument stays as it was
    edit("_arrayMap.js", "iteratee(array[index], index, array)", "iteratee(array[index], index)")(at); // fewer arguments for the callback
    edit("negate.js", "throw new TypeError(FUNC_ERROR_TEXT)", "throw new TypeError('other')")(at);
    edit("shuffle.js", "isArray(collection) ? arrayShuffle", "isArray(collection) ? baseShuffle")(at);
    edit(
      "_baseUnset.js",
      "Reflect.deleteProperty(Object(obj), toKey(last(path)))",
      "delete obj[toKey(last(path))]",
    )(at); // strict again
  });
  const { status, sites } = accept("same", root);
  expect(status).toBe(1);
  const files = sites.map((site) => site.file);
  expect(files).toEqual(expect.arrayContaining(["add.js", "reverse.js", "map.js", "negate.js", "_baseUnset.js"]));
  expect(sites.find((site) => site.file === "_baseUnset.js")).toMatchObject({ kind: "strict" });
});

test("behaviour fails when fewer than 200 functions can be compared", () => {
  const root = broken("few", (at) => {
    for (const file of modulesIn(at)) if (file !== "add.js") writeFileSync(join(at, file), "throw new Error('no');");
  });
  const { status, output } = accept("same", root);
  expect(status).toBe(1);
  expect(output).toContain("fewer than 200 functions");
});

test.each([
  ["a conflict marker", edit("add.js", "export default add;", "<<<<<<< HEAD\nexport default add;")],
  [
    "a record out of order",
    (root: string) => writeFileSync(join(root, manifestPath), JSON.stringify(readManifest(root))),
  ],
])("the trunk check fails on %s", (name, fault) => {
  expect(accept("parse", broken(`parse ${name}`, fault)).status).toBe(1);
});

test("the trunk check passes in the middle of the migration", () => {
  const half = join(folder, "half");
  prepare(half);
  passes["plain"]!({ root: half, paths: modulesIn(half).slice(0, 300), instructions: "" });
  expect(accept("parse", half)).toMatchObject({ status: 0 });
});

const worker = (input: string, cwd: string, name = "plain") =>
  spawnSync(process.execPath, [join(import.meta.dirname, "worker.ts"), name], { cwd, input, encoding: "utf8" });

test("programs say what is wrong with their input", () => {
  expect(worker("", folder)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("expected a brief as JSON on stdin"),
  });
  expect(worker('{"version":2,"role":"worker"}', folder)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("version 1"),
  });
  expect(worker('{"version":1,"role":"judge"}', folder)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("is a worker"),
  });
  expect(worker("", folder, "nonsense")).toMatchObject({ status: 1, stderr: expect.stringContaining("usage") });
});

test("a worker sent back takes the trunk's version of its module and converts that", () => {
  const at = join(folder, "conflict");
  prepare(at);
  const trunk = join(folder, "trunk-add.js");
  const source = readFileSync(join(at, "add.js"), "utf8");
  writeFileSync(trunk, source.replace("Adds two numbers", "Adds 2 numbers"));
  writeFileSync(join(at, "add.js"), `<<<<<<< ours\n${source}=======\n>>>>>>> theirs\n`);
  const sentBack: WorkerBrief["sentBack"] = {
    kind: "conflict",
    tip: "",
    files: [{ path: "add.js", base: null, trunk, yours: null }],
    others: [],
  };
  const brief = { version: 1, role: "worker", task: { title: "", paths: ["add.js"], instructions: "" }, sentBack };
  expect(worker(JSON.stringify(brief), at).status).toBe(0);
  const text = readFileSync(join(at, "add.js"), "utf8");
  expect(text).toContain("Adds 2 numbers");
  expect(text).toContain("export default add;");
  expect(text).not.toContain("<<<<");
});

test("the repository is the same commit every time, whatever the user's git is set to", () => {
  const home = join(folder, "home");
  cpSync(import.meta.dirname, home, { recursive: true, filter: (path) => path === import.meta.dirname });
  writeFileSync(
    join(home, ".gitconfig"),
    "[user]\n\tname = Someone\n[core]\n\tautocrlf = true\n[commit]\n\tgpgsign = true\n[init]\n\tdefaultBranch = other\n",
  );
  const [a, b] = [join(folder, "once"), join(folder, "twice")];
  const made = execFileSync(process.execPath, [join(import.meta.dirname, "prepare.ts"), a], {
    env: { ...process.env, HOME: home },
    encoding: "utf8",
  });
  expect(made.trim().split(" ").at(-1)).toBe(prepare(b));
  expect(execFileSync("git", ["branch", "--show-current"], { cwd: a, encoding: "utf8" }).trim()).toBe("main");
  symlinkSync(a, join(folder, "link"));
  expect(() => prepare(join(folder, "link"))).toThrow("is not empty");
});
