import * as fc from "fast-check";
import { renderToString, Text } from "ink";
import { createElement } from "react";
import { expect, test } from "vitest";
import { cellText, cellWidth, cut, fit, phrase, wrap } from "./cells.ts";
import { hostileText } from "./random-views.testsuite.ts";

/** Ink measures with the tables of its own library: a second opinion. */
const inkFits = (line: string, width: number) =>
  !renderToString(createElement(Text, { wrap: "hard" }, line), { columns: width }).includes("\n");

test.each([
  ["ASCII", "abc", "abc", 3],
  ["CJK", "日本語", "日本語", 6],
  ["halfwidth kana", "ﾊﾝ", "ﾊﾝ", 2],
  ["Hangul, composed", "\u1112\u1161\u11ab", "한", 2],
  ["a joined family", "👨‍👩‍👧", "👨👩👧", 6],
  ["a flag", "🇩🇪", "DE", 2],
  ["a keycap", "1️⃣", "1", 1],
  ["a skin tone", "👍🏽", "👍", 2],
  ["a text-style heart", "❤️", "❤", 1],
  ["stacked marks", "x\u0331\u0332\u0333", "x\u0331\u0332", 1],
  ["a mark without a letter", "\u0331a", "a", 1],
  ["a wide space", "a　b", "a b", 3],
  ["private use", "\ue0b0", "\ufffd", 1],
])("%s is spelled so that all terminals agree on its width", (_, text, plain, width) => {
  expect(cellText(text)).toBe(plain);
  expect(cellWidth(plain)).toBe(width);
});

test("a text cut to a width takes no more, for us and for ink", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(hostileText, fc.integer({ min: 1, max: 40 }), (text, width) => {
      const short = cut(text, width);
      expect(cellWidth(short)).toBeLessThanOrEqual(width);
      expect(cellText(short)).toBe(short);
      expect(inkFits(short, width)).toBe(true);
      expect(cellWidth(fit(text, width))).toBe(width);
      expect(cellWidth(fit(text, width, "right"))).toBe(width);
    }),
    { numRuns: 500 },
  );
});

/** Ranges of code points; the large ones of Han and Hangul, all alike, only by their beginning. */
const ranges = [
  [0x20, 0x3500],
  [0x4db0, 0x4e40],
  [0x9fc0, 0xac40],
  [0xd7a0, 0xd800],
  [0xf8f0, 0x10000],
  [0x1f000, 0x1fc00],
] as const;

test("no character is wider for ink than for us", { timeout: 60_000 }, () => {
  const tooWide: string[] = [];
  for (const [first, end] of ranges) {
    for (let from = first; from < end; from += 0x80) {
      const block = cellText(Array.from({ length: 0x80 }, (_, i) => String.fromCodePoint(from + i)).join(" "));
      if (block.trim() !== "" && !inkFits(block, cellWidth(block))) tooWide.push(from.toString(16));
    }
  }
  expect(tooWide).toEqual([]);
});

test("what is missing is marked", () => {
  expect(cut("abcdef", 4)).toBe("abc…");
  expect(cut("日本語", 4)).toBe("日…");
  expect(cut("abc", 3)).toBe("abc");
  expect(cut("abc", 0)).toBe("");
  expect(fit("ab", 4, "right")).toBe("  ab");
  expect(phrase("  a \n\n b\t")).toBe("a b");
});

test("wrapped lines break at blanks, fit, and say when there is more", () => {
  expect(wrap("one two three four", 9, 5)).toEqual(["one two", "three", "four"]);
  expect(wrap("one two three four", 9, 2)).toEqual(["one two", "three fo…"]);
  expect(wrap("abcdefghij", 4, 3)).toEqual(["abcd", "efgh", "ij"]);
  expect(wrap("", 4, 3)).toEqual([]);
  fc.assert(
    fc.property(
      hostileText,
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 5 }),
      (text, width, linesMax) => {
        const lines = wrap(text, width, linesMax);
        expect(lines.length).toBeLessThanOrEqual(linesMax);
        for (const line of lines) expect(cellWidth(line)).toBeLessThanOrEqual(width);
      },
    ),
  );
});
