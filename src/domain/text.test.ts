import * as fc from "fast-check";
import { expect, test } from "vitest";
import { cutEnd, cutMiddle, cutStart } from "./text.ts";

const texts = fc.string({ unit: "binary" }).map((text) => text.toWellFormed());
const bounds = fc.integer({ min: 0, max: 20 });
const bytes = (text: string) => Buffer.byteLength(text);

test("the start and the end of a text: within the bound, whole characters, and as many as fit", () => {
  const property = fc.property(texts, bounds, (text, max) => {
    const [head, tail] = [cutEnd(text, max), cutStart(text, max)];
    expect([text.startsWith(head), text.endsWith(tail)]).toEqual([true, true]);
    expect([head.isWellFormed(), tail.isWellFormed()]).toEqual([true, true]);
    expect(Math.max(bytes(head), bytes(tail))).toBeLessThanOrEqual(max);
    // One character more, of at most four bytes, would not have fitted.
    expect(Math.min(bytes(head), bytes(tail))).toBeGreaterThan(Math.min(max, bytes(text) + 3) - 4);
  });
  fc.assert(property, { numRuns: 500 });
});

test.each([
  ["aé", 2, "a", "é"],
  ["€a", 3, "€", "a"],
  ["😀😀", 7, "😀", "😀"],
  ["abc", 0, "", ""],
  ["abc", 3, "abc", "abc"],
])("%s in %i bytes", (text, max, head, tail) => {
  expect([cutEnd(text, max), cutStart(text, max)]).toEqual([head, tail]);
});

test("the middle of a long text is counted, a short one is left alone", () => {
  expect(cutMiddle("x".repeat(100), 100)).toBe("x".repeat(100));
  expect(cutMiddle("x".repeat(101), 100)).toBe(`${"x".repeat(18)}\n… 65 bytes left out …\n${"x".repeat(18)}`);
});

test("a text that is cut in the middle is within the bound and loses nothing that it does not count", () => {
  const long = fc.string({ unit: "binary", minLength: 80 }).map((text) => text.toWellFormed());
  const property = fc.property(long, fc.integer({ min: 64, max: 79 }), (text, max) => {
    const cut = cutMiddle(text, max);
    const [, head = "", count, tail = ""] = /^([^]*)\n… (\d+) bytes left out …\n([^]*)$/.exec(cut) ?? [];
    expect(bytes(cut)).toBeLessThanOrEqual(max);
    expect([text.startsWith(head), text.endsWith(tail)]).toEqual([true, true]);
    expect(bytes(head) + Number(count) + bytes(tail)).toBe(bytes(text));
  });
  fc.assert(property);
});
