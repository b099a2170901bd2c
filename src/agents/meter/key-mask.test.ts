/** The key is not in what goes on, however the bytes are cut; all other bytes are. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { KeyMask } from "./key-mask.ts";

const key = "abab-abac-abab-abad";
const stars = "*".repeat(key.length);

/** Cut at these places, in any order. */
function piecesOf(text: string, cuts: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text);
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

function masked(text: string, cuts: readonly number[], of: string | null = key): string {
  const mask = new KeyMask(of);
  const passed = piecesOf(text, cuts).map((piece) => Buffer.from(mask.pass(piece)));
  return Buffer.concat([...passed, mask.rest()]).toString();
}

const words = fc.array(fc.constantFrom(key, key.slice(0, 7), "ab", "abab-abac-abab-aba", "x", "ä", "\n\n"));

test("wherever it is cut", () => {
  fc.assert(
    fc.property(words, fc.array(fc.nat()), (said, cuts) => {
      const text = said.join("");
      expect(masked(text, cuts)).toBe(text.replaceAll(key, stars));
    }),
  );
});

test("what cannot be the key's beginning does not wait", () => {
  const mask = new KeyMask(key);
  expect(mask.pass(Buffer.from("data: x\n\n")).toString()).toBe("data: x\n\n");
  expect(mask.pass(Buffer.from("x aba")).toString()).toBe("x ");
  expect(mask.pass(Buffer.from("z")).toString()).toBe("abaz");
});

test("no key, and one that is no secret", () => {
  expect(masked("ollama", [2], null)).toBe("ollama");
  expect(masked("ollama", [2], "ollama")).toBe("ollama");
  expect(new KeyMask(key).inText(`a ${key}`)).toBe(`a ${stars}`);
});
