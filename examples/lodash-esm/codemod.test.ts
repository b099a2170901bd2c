import { createRequire } from "node:module";
import { expect, test, vi } from "vitest";
import { foldDetection } from "./codemod/detection.ts";
import { convertReadme, describePackage } from "./codemod/package.ts";
import { convertPlain } from "./codemod/plain.ts";
import { loosenWrites } from "./codemod/sloppy.ts";
import { originalLodash } from "./prepare.ts";
import { readModule, resolveIn } from "./tree.ts";

// Real files and processes on a shared machine: the bound is there to end a hang, not to measure.
vi.setConfig({ testTimeout: 10 * 60_000, hookTimeout: 20 * 60_000 });

const lodash = originalLodash();
const plain = (path: string, source = readModule(lodash, path)) =>
  convertPlain(source, path, (specifier) => resolveIn(lodash, path, specifier));

test("requires in any plain place become imports, once each, with their extension", () => {
  expect(plain("fp/min.js").text).toBe(
    [
      "import convert from './convert.js';",
      "import min from '../min.js';",
      "import falseOptions from './_falseOptions.js';",
      "import placeholder from './placeholder.js';",
      "",
      "var func = convert('min', min, falseOptions);",
      "",
      "func.placeholder = placeholder;",
      "export default func;",
      "",
    ].join("\n"),
  );
});

test("a module whose file has the name of a keyword gets a legal local name", () => {
  expect(plain("fp/function.js").text).toContain("import functionModule from '../function.js';");
});

test("properties of exports become properties of one default export, reads included", () => {
  const { text, exported } = plain("fp/_mapping.js");
  expect(exported).toBe("exports");
  expect(text).toContain("object = mapping.aliasToReal");
  expect(text).toMatch(/export default mapping;\s*$/);
  expect(text).not.toMatch(/\bexports\b/);
});

test("a comment above removed requires stays with the code below", () => {
  expect(
    plain("a.js", "/** Speaks of x. */\nvar add = require('./add');\n\nvar x = add(1, 2);\nmodule.exports = x;\n").text,
  ).toContain("/** Speaks of x. */");
});

test.each([
  ["var x = require('./' + name);", "computed"],
  ["function f() { return require('./add'); }", "condition or in a function"],
  ["var x = ok && require('./add');", "condition or in a function"],
  ["var x = require('./nowhere');", "not a file"],
])("what is not plain is left and reported: %s", (source, reason) => {
  const { text, left } = plain("a.js", source);
  expect(text).toBe(source);
  expect(left.join()).toContain(reason);
});

test("converting twice changes nothing more", () => {
  const once = plain("_baseClone.js").text;
  expect(plain("_baseClone.js", once).text).toBe(once);
});

test.each(["lodash.js", "lodash.min.js", "core.js", "core.min.js"])(
  "%s exports by default and no longer asks where it runs",
  (path) => {
    const { text, left } = foldDetection(readModule(lodash, path));
    expect(left).toEqual([]);
    expect(text).toMatch(/^export default /m);
    expect(text).not.toMatch(/typeof exports|typeof module|require\(|typeof define/);
  },
);

test("detection in a module is folded to the answer of a module system", () => {
  const { text } = foldDetection(plain("isBuffer.js").text);
  expect(text).toContain("var Buffer = root.Buffer;");
  expect(text).not.toContain("module");
});

test("only the reported write is loosened, and it ignores what strict code refuses", () => {
  const source = "export default function f(o, k) {\n  o[k] = 1;\n  o.b = 2;\n  return delete o[k];\n}\n";
  const { text, left } = loosenWrites(source, [
    { line: 2, column: 8 },
    { line: 4, column: 10 },
  ]);
  expect(left).toEqual([]);
  expect(text).toContain("Reflect.set(Object(o), k, 1);");
  expect(text).toContain("o.b = 2;");
  expect(text).toContain("return Reflect.deleteProperty(Object(o), k);");
});

test("a write whose value is used is reported, not broken", () => {
  const source = "export default (o) => (o.a = 1);\n";
  expect(loosenWrites(source, [{ line: 1, column: 25 }])).toMatchObject({
    text: source,
    left: [expect.stringContaining("is used")],
  });
});

test("package.json keeps its version and resolves the old names", () => {
  const load = createRequire(import.meta.url);
  const before = load("lodash/package.json") as { version: string };
  const after = JSON.parse(describePackage(JSON.stringify(before))) as {
    version: string;
    type: string;
    exports: object;
  };
  expect(after).toMatchObject({
    version: before.version,
    type: "module",
    exports: { ".": "./lodash.js", "./*": "./*.js" },
  });
  expect(describePackage(JSON.stringify(after))).toBe(describePackage(JSON.stringify(before)));
});

test("the README's examples import", () => {
  const text = convertReadme("```js\nvar _ = require('lodash');\nvar at = require('lodash/at');\n```\n");
  expect(text).toBe("```js\nimport _ from 'lodash';\nimport at from 'lodash/at';\n```\n");
});
