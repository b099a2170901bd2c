import { expect, test } from "vitest";
import { gitLimits } from "../domain/limits.ts";
import { addedHunks, droppedHunks, linesOf } from "./dropped.ts";

const text = (...lines: string[]) => `${lines.join("\n")}\n`;
const base = text("start", "  one", "  two", "end");

/** What the resolution has dropped, hunk by hunk. */
function dropped(trunk: string, yours: string | null, result: string, elsewhere = ""): string[][] {
  const lines = new Set([...linesOf(result), ...linesOf(elsewhere)]);
  return droppedHunks(addedHunks({ base, trunk, yours }), { result, trunk, lines }).map((hunk) =>
    hunk.map(({ line }) => line),
  );
}

const trunk = text("start", "  theirs();", "", "  {", "  alsoTheirs();", "  two", "end");
const yours = text("start", "  mine();", "  two", "end");

test("who takes the own side has dropped the other", () => {
  expect(dropped(trunk, yours, yours)).toEqual([["theirs();", "alsoTheirs();"]]);
});

test("both sides, in any order and with any indentation, drop nothing", () => {
  expect(dropped(trunk, yours, text("start", "mine();", "\ttheirs();", "\talsoTheirs();", "two", "end"))).toEqual([]);
});

test("one line of a hunk is enough", () => {
  expect(dropped(trunk, yours, text("start", "mine();", "alsoTheirs();", "end"))).toEqual([]);
});

test("moved into another file, it is not dropped", () => {
  expect(dropped(trunk, yours, yours, text("theirs();"))).toEqual([]);
});

test("a line that says what both sides' lines say drops nothing", () => {
  const [their, my] = [text("start", "import { a, b };", "end"), text("start", "import { a, c };", "end")];
  expect(dropped(their, my, text("start", "import { a, b, c };", "end"))).toEqual([]);
  expect(dropped(their, my, my)).toEqual([["import { a, b };"]]);
});

test("words that another hunk of the trunk's has brought do not stand for this one", () => {
  const their = text("import parse", "start", "  one", "  x = parse(y)", "end");
  const my = text("start", "  one", "  x = y", "end");
  expect(dropped(their, my, text("import parse", "start", "  one", "  x = y", "end"))).toEqual([["x = parse(y)"]]);
});

test("what both sides have added is nobody's to drop", () => {
  expect(dropped(text("start", "same();", "end"), text("start", "same();", "mine();", "end"), "")).toEqual([]);
});

test("each hunk counts for itself", () => {
  const their = text("first();", "start", "  one", "second();", "end");
  expect(dropped(their, base, text("first();", "start", "end"))).toEqual([["second();"]]);
});

test("blank lines and brackets are no addition, and a removal is none", () => {
  expect(dropped(text("start", "", "{", "  one", "}", "end"), base, "")).toEqual([]);
});

test("the file removed, or new on both sides: all that the trunk has added", () => {
  expect(dropped(trunk, null, "")).toEqual([["theirs();", "alsoTheirs();"]]);
  expect(addedHunks({ base: null, trunk: text("a", "b"), yours: text("b") })).toEqual([[{ line: "a", words: ["a"] }]]);
});

test("what is remembered is bounded", () => {
  const many = Array.from({ length: gitLimits.addedLinesMax + 10 }, (_, n) => `line ${n}`);
  const hunks = addedHunks({
    base: null,
    trunk: text("x".repeat(gitLimits.addedLineCharactersMax + 1), ...many),
    yours: null,
  });
  expect(hunks.flat()).toHaveLength(gitLimits.addedLinesMax);
  expect(hunks.flat()[0]?.line).toBe("line 0");
});
