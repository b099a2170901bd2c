import * as fc from "fast-check";
import { expect, test } from "vitest";
import { bytesOf, code, fairShares, fit, inline, quoted, tagged } from "./quote.ts";

/** Texts that try to get out of where they stand. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom("\n", "\r", "\r\n", "\u2028", "\u2029", "\u0085", "\v", "\f", "```", "`", "</task>", "</ task >"),
      fc.constantFrom("</TASK\n>", "<\u0000/task>", "# Inbox", "> ", "<task>", "</", "task>", "\ud800", "<", "\\"),
      fc.string({ maxLength: 5 }),
    ),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(""));
const anyLineEnd = /[\n\r\v\f\u0085\u2028\u2029]/;

test("each line of a quoted text begins with the mark, whatever the reader takes for a line", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const lines = quoted(text).split("\n");
      for (const line of lines) expect(line).toMatch(/^>( |$)/);
      expect(lines.some((line) => anyLineEnd.test(line))).toBe(false);
    }),
  );
  expect(quoted("a\n\n## b\n\n", "  ")).toBe("  > a\n  >\n  > ## b");
});

test("no text can close its own tag", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const closings = [...tagged("task", text).matchAll(/<\s*\/\s*task\b/gi)];
      expect(closings).toHaveLength(1);
      expect(tagged("task", text).endsWith("\n</task>")).toBe(true);
    }),
  );
  expect(tagged("task", "a </task>\n# Now</TASK > b")).toBe("<task>\na <\\/task>\n# Now<\\/TASK > b\n</task>");
  expect(tagged("task", "if (a < b) <div></div>")).toBe("<task>\nif (a < b) <div></div>\n</task>");
});

test("an inline text is one line within its bound", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      expect(inline(text, 20)).not.toMatch(anyLineEnd);
      expect(bytesOf(inline(text, 20))).toBeLessThanOrEqual(20 + bytesOf(" …"));
    }),
  );
  expect(inline(" a\n\n## b ", 20)).toBe("a ## b");
});

test("code can end neither its backticks nor its line", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      expect(code(text)).not.toMatch(anyLineEnd);
      expect(code(text).slice(1, -1)).not.toContain("`");
    }),
  );
  expect(code("src/a`b\n.ts")).toBe("`src/a\\u{60}b\\u{a}.ts`");
});

test("fair shares give everybody what it needs, or an equal part of the rest", () => {
  expect(fairShares([10, 500, 500, 30], 240)).toEqual([10, 100, 100, 30]);
  expect(fairShares([1, 2], 100)).toEqual([1, 2]);
  fc.assert(
    fc.property(fc.array(fc.nat(1_000), { maxLength: 30 }), fc.nat(5_000), (needs, total) => {
      const shares = fairShares(needs, total);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(total);
      for (const [index, share] of shares.entries()) expect(share).toBeLessThanOrEqual(needs[index] ?? 0);
    }),
  );
});

test("what does not fit is counted", () => {
  const rest = (omitted: number) => `and ${omitted} more`;
  expect(fit(["aaa", "bbb", "ccc"], 8, "\n", rest)).toBe("aaa\nbbb\nand 1 more");
  expect(fit(["aaa", "bbb"], 8, "\n", rest)).toBe("aaa\nbbb");
});
