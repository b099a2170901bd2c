import { expect, test } from "vitest";
import { coneOf, foldersAbove, isSameCone, widened } from "./cone.ts";

test.each([
  [["src/parser"], ["src/parser"]],
  [
    ["src/parser/", "./docs//guide.md", "src/parser"],
    ["docs/guide.md", "src/parser"],
  ],
  [["src/parser/**/*.ts"], ["src/parser"]],
  [
    ["src/pars*/x.ts", "lib/{a,b}/c"],
    ["lib", "src"],
  ],
  [["app/[id]/page.tsx"], ["app"]],
  [
    ["a/b", "a/b/c", "a", "a-b/c"],
    ["a", "a-b/c"],
  ],
  [["README.md"], ["README.md"]],
  [
    ["a b/!c", "#d", "e\\f"],
    ["#d", "a b/!c", "e\\f"],
  ],
])("%j needs %j", (scope, cone) => {
  expect(coneOf(scope)).toEqual(cone);
});

test.each([[[]], [["*.ts"]], [["**/test"]], [["src", "."]], [["/"]], [["a/b", "?/c"]]])("%j needs all", (scope) => {
  expect(coneOf(scope)).toBeNull();
});

test("a part that is widened holds both; all stays all", () => {
  expect(widened(["a/b", "c"], ["a/b/d", "a/e", "c"])).toEqual(["a/b", "a/e", "c"]);
  expect(widened(["a/b/c"], ["a"])).toEqual(["a"]);
  expect(widened(["a"], [""])).toBeNull();
  expect(widened(null, ["a"])).toBeNull();
});

test("what lies on the way to it", () => {
  expect(foldersAbove(["a/b/c", "a/d/e", "f"])).toEqual(["a", "a/b", "a/d"]);
});

test("the same part", () => {
  expect(isSameCone(["a", "b"], ["a", "b"])).toBe(true);
  expect(isSameCone(["a"], ["a", "b"])).toBe(false);
  expect(isSameCone(null, ["a"])).toBe(false);
  expect(isSameCone(null, null)).toBe(true);
});
