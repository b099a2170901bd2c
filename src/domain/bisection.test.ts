import { assert, constant, integer, nat, property, tuple } from "fast-check";
import { expect, test } from "vitest";
import { Bisection, bisectionFits } from "./bisection.ts";

test("the first bad one is found, with as few looks as that takes", () => {
  const cases = integer({ min: 1, max: 300 }).chain((count) => tuple(constant(count), nat(count - 1)));
  assert(
    property(cases, ([count, firstBad]) => {
      const search = new Bisection(Array.from({ length: count }, (_, n) => n));
      let looks = 0;
      for (let at = search.next(); at !== null; at = search.next(), looks++) search.saw(at >= firstBad);
      expect(search.culprit).toBe(firstBad);
      expect(looks).toBeLessThanOrEqual(Math.ceil(Math.log2(count)));
    }),
  );
});

test("it is worth the search when all looks fit into the time for it", () => {
  expect(bisectionFits(1, 0, 1_000)).toBe(false);
  expect(bisectionFits(8, 300, 900)).toBe(true);
  expect(bisectionFits(9, 300, 900)).toBe(false);
  expect(bisectionFits(2, 1, 0)).toBe(false);
});
