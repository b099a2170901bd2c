import { expect, test } from "vitest";
import { handoffOf } from "../../domain/handoff.ts";
import { handoffText, handoffTexts } from "./handoff-text.ts";

test("a handoff that fits stands whole and quoted, its concerns before its notes", () => {
  const handoff = handoffOf("Converted a.js.\nTests pass.", {
    notes: ["n"],
    concerns: ["b.js is broken,\nsee b.test.js", "c"],
  });
  expect(handoffText(handoff, 1_000)).toEqual({
    text: [
      "> done: Converted a.js.",
      "> Tests pass.",
      "> concerns:",
      "> - b.js is broken,",
      ">   see b.test.js",
      "> - c",
      "> notes:",
      "> - n",
    ].join("\n"),
    isCut: false,
  });
});

test("an empty handoff says so", () => {
  expect(handoffText(handoffOf(""), 100)).toEqual({ text: "> (nothing reported)", isCut: false });
});

const long = (name: string) => [`${name} begins ${"x".repeat(5_000)} ${name} ends`];
const full = handoffOf(long("done")[0] ?? "", {
  concerns: long("concerns"),
  deviations: long("deviations"),
  findings: long("findings"),
  suggestions: long("suggestions"),
  notes: long("notes"),
});

test("too long, each field keeps its start and its end", () => {
  const { text, isCut } = handoffText(full, 3_000);
  expect(isCut).toBe(true);
  for (const field of ["done", "concerns", "deviations", "findings", "suggestions", "notes"]) {
    expect(text).toContain(`${field} begins`);
    expect(text).toContain(`${field} ends`);
  }
  expect(text).toContain("bytes left out");
  expect(Buffer.byteLength(text)).toBeLessThan(3_200);
});

test("much too long, the least urgent fields go, and are named", () => {
  const { text } = handoffText(full, 500);
  expect(text).toContain("deviations begins");
  expect(text).not.toContain("findings begins");
  expect(text).toMatch(/… left out: findings \(\d+ bytes\), suggestions \(\d+ bytes\), notes \(\d+ bytes\) …/);
  expect(Buffer.byteLength(text)).toBeLessThan(800);
});

test("short handoffs leave their part of a common bound to the long ones", () => {
  const [short, cut] = handoffTexts([handoffOf("short"), full], 4_000);
  expect(short).toEqual({ text: "> done: short", isCut: false });
  expect(Buffer.byteLength(cut?.text ?? "")).toBeGreaterThan(3_500);
});
