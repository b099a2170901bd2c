import * as fc from "fast-check";
import { expect, test } from "vitest";
import { hostileText } from "./random-views.testsuite.ts";
import { safeText } from "./safe-text.ts";

test.each([
  ["a colour", "\u001b[31mred\u001b[0m", "red"],
  ["a cleared screen", "a\u001b[2J\u001b[Hb", "ab"],
  ["a window title", "a\u001b]0;owned\u0007b", "ab"],
  ["a link", "\u001b]8;;http://x\u001b\\text\u001b]8;;\u001b\\", "text"],
  ["a clipboard", "a\u001b]52;c;aGk=\u0007b", "ab"],
  ["a reset", "a\u001bcb", "ab"],
  ["one-byte sequences", "a\u009b2Jb\u009d0;x\u009cc", "abc"],
  ["a sequence inside a sequence", "\u001b\u001b[31m[31mx", "\ufffd[31mx"],
  ["a string without an end, which hides nothing", "a\u001b]0;title and more\nb", "a0;title and more b"],
  ["NUL, backspace and DEL", "a\u0000b\bc\u007fd", "a\ufffdb\ufffdc\ufffdd"],
  ["line ends and tabs", "a\r\nb\rc\nd\u2028e\tf", "a b c d e  f"],
  ["a bidi override", "\u202egnp.exe\u202c", "gnp.exe"],
  ["zero-width and tag characters", "a\u200bb\ufeffc\u{e0041}d\u00ade", "abcde"],
  ["half a surrogate pair", "a\ud800b", "a\ufffdb"],
])("%s", (_, hostile, plain) => {
  expect(safeText(hostile)).toBe(plain);
});

test("text that is fine stays as it is", () => {
  for (const text of ["plain ASCII [x] {y}", "日本語 👨‍👩‍👧 ❤️ שלום हिन्दी می‌خواهم"]) expect(safeText(text)).toBe(text);
});

test("whatever comes in, nothing that steers a terminal goes out", () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      const safe = safeText(text);
      expect(safe).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
      expect(safe).not.toMatch(/\p{Bidi_Control}/u);
      expect(safeText(safe)).toBe(safe);
    }),
    { numRuns: 2_000 },
  );
});

test("a megabyte of openings without an end is no trap", () => {
  for (const piece of ["\u001b]", "\u009d", "\u001b[", "\u001bP1;", "\u001b]a;a;"])
    expect(safeText(piece.repeat(300_000))).not.toContain("\u001b");
});
