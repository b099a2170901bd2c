import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MiddleCut } from "./middle-cut.ts";

const textOf = (pieces: string[], bytesMax: number) => {
  const cut = new MiddleCut(bytesMax);
  for (const piece of pieces) cut.add(piece);
  return cut.text();
};

test("what fits is kept as it is", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary" })), (pieces) => {
      expect(textOf(pieces, 100_000)).toBe(pieces.join("").toWellFormed());
    }),
  );
});

test("what does not fit keeps its start and its end, whole characters, and says what is missing", () => {
  const property = fc.property(
    fc.array(fc.string({ unit: "binary", minLength: 1 }), { minLength: 1 }),
    fc.integer({ min: 70, max: 200 }),
    (pieces, bytesMax) => {
      const all = pieces.join("").toWellFormed();
      const text = textOf(pieces, bytesMax);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(bytesMax);
      const fits = Buffer.byteLength(all) <= bytesMax;
      const cut = fits ? null : /^([^]*)\n… (\d+) bytes left out …\n([^]*)$/.exec(text)!;
      const [, head = text, omitted = 0, tail = ""] = cut ?? [];
      expect(all.startsWith(head)).toBe(true);
      expect(all.endsWith(tail)).toBe(true);
      expect(Buffer.byteLength(head) + Number(omitted) + Buffer.byteLength(tail)).toBe(Buffer.byteLength(all));
    },
  );
  fc.assert(property, { numRuns: 500 });
});

test("a flood is counted, not held", () => {
  const cut = new MiddleCut(1_000);
  const piece = "x".repeat(65_536);
  for (let i = 0; i < 500; i++) cut.add(piece);
  cut.add("the end");
  expect(cut.text()).toMatch(/^x+\n… 327\d{5} bytes left out …\nx+the end$/);
});
