import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyEdits, type Edit } from "./edits.ts";

const edit = (old: string, by: string, all = false): Edit => ({ old, new: by, all });
const apply = (text: string, ...edits: Edit[]) => applyEdits(text, edits);

test("edits follow each other, and their lines are told as they are in the end", () => {
  expect(apply("a\nb\nc\n", edit("c", "C1\nC2"), edit("a\n", "a\nnew\n"), edit("new", "newer"))).toEqual({
    ok: true,
    text: "a\nnewer\nb\nC1\nC2\n",
    replaced: 3,
    places: [1, 2, 4],
  });
  expect(apply("x\ny\nx\n", edit("x", "1\n2", true))).toMatchObject({
    text: "1\n2\ny\n1\n2\n",
    replaced: 2,
    places: [1, 4],
  });
  expect(apply("gone\nb\n", edit("gone\n", ""))).toMatchObject({ text: "b\n" });
});

test("signs that mean something in patterns and replacements mean nothing here", () => {
  expect(apply("a.b(c)$", edit(".b(c)$", "$& $1 $$"))).toMatchObject({ text: "a$& $1 $$" });
});

describe("line ends", () => {
  test("in a file with CR LF throughout, LF stands for them", () => {
    expect(apply("a\r\nb\r\nc\r\n", edit("a\nb", "1\n2\n3"))).toMatchObject({ text: "1\r\n2\r\n3\r\nc\r\n" });
    expect(apply("a\r\nb\r\n", edit("b", "x\ny"))).toMatchObject({ text: "a\r\nx\r\ny\r\n" });
    expect(apply("a\r\nb\r\n", edit("a\r\nb", "x"))).toMatchObject({ text: "x\r\n" });
  });

  test("in a mixed one everything is taken as it is", () => {
    expect(apply("a\r\nb\nc", edit("b\nc", "x\ny"))).toMatchObject({ text: "a\r\nx\ny" });
    expect(apply("a\r\nb\nc", edit("a\nb", "x"))).toMatchObject({
      ok: false,
      fault: expect.stringMatching(/^edits\[0\]\.old: is not in the file, only with other spaces or line ends/),
    });
  });
});

describe("a fault names the edit and the mend", () => {
  test.each<[string, Edit[], RegExp]>([
    ["a", [edit("", "x")], /^edits\[0\]\.old: is empty/],
    ["a", [edit("a", "a")], /^edits\[0\]\.new: is the same as old/],
    ["a", [edit("a", "b"), edit("a", "c")], /^edits\[1\]\.old: is not in the file, and nothing like it/],
    [
      "x\ny\nx\nx",
      [edit("x", "z")],
      /^edits\[0\]\.old: occurs 3 times, at lines 1, 3, 4; add lines around it.*all to true/,
    ],
    ["x\n".repeat(50), [edit("x", "z")], /occurs 50 times, at lines (\d+, ){19}20, …;/],
    ["if (a) {\n    go(now);\n}\n", [edit("\tgo(now);\n", "x")], /only with other spaces[^]*:\n2\t {4}go\(now\);$/],
    [
      "const one = first(1);\nb\n",
      [edit("const one = first(2);", "x")],
      /but these lines are alike[^]*:\n1\tconst one = first\(1\);$/,
    ],
    [
      "head\nfunction f() {\n  return 1;\n}\ntail\n",
      [edit("function f() {\n  return 2;\n}", "x")],
      /alike[^]*:\n2\tfunction f\(\) \{\n3\t {2}return 1;\n4\t\}$/,
    ],
  ])("%j", (text, edits, fault) => {
    expect(applyEdits(text, edits)).toEqual({ ok: false, fault: expect.stringMatching(fault) });
  });

  test("also in a big file with lines without end, and it stays short", () => {
    const text = `${"x = alike(1);\n".repeat(100_000)}${"y".repeat(1_000_000)}\n`;
    const edited = apply(text, edit("x = alike(2);", "z"));
    expect(edited.ok ? "" : edited.fault).toContain("alike");
    expect(edited.ok ? 0 : edited.fault.length).toBeLessThan(2_000);
  });
});

test("what was replaced is what a plain replacement gives, and lines hold what was written", () => {
  const text = fc.array(fc.constantFrom("a", "b", "ab", "\n", "c\n"), { maxLength: 30 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, fc.constantFrom("a", "ab", "b\n", "c"), (source, old) => {
      const edited = apply(source, edit(old, "NEW\nLINE", true));
      expect(edited.ok).toBe(source.includes(old));
      const [became, places] = edited.ok ? [edited.text, edited.places] : [source, []];
      expect(became).toBe(source.replaceAll(old, "NEW\nLINE"));
      for (const place of places) expect(became.split("\n")[place - 1]).toContain("NEW");
    }),
  );
});
