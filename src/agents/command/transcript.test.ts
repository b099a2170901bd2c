import fc from "fast-check";
import { expect, test } from "vitest";
import { Transcript } from "./transcript.ts";

function record(bytesMax: number) {
  const calls: [string, string][] = [];
  const transcript = new Transcript(bytesMax, (stream, text) => void calls.push([stream, text]));
  return { calls, transcript, text: () => calls.map(([, text]) => text).join("") };
}

test("what fits is handed on at once, as it is", () => {
  const { calls, transcript } = record(100_000);
  transcript.add("stdout", "a");
  transcript.add("stderr", "b");
  expect(calls).toEqual([["stdout", "a"], ["stderr", "b"]]);
  transcript.endConversation();
  expect(calls).toHaveLength(2);
});

test("a flood is cut in the middle, signs of life go on, the end comes at the end", () => {
  const { calls, transcript, text } = record(10_000);
  transcript.add("stdout", "first\n");
  for (let i = 0; i < 100; i++) {
    const before = calls.length;
    transcript.add("stdout", "x".repeat(1_000));
    expect(calls.length).toBeGreaterThan(before);
  }
  transcript.add("stderr", "last\n");
  expect(text()).not.toContain("last");
  transcript.endConversation();
  expect(text()).toMatch(/^first\n/);
  expect(text()).toMatch(/\d+ bytes left out/);
  expect(text()).toMatch(/last\n$/);
});

test("bounded in total, however many conversations there are, and each has its end", () => {
  const { transcript, text } = record(20_000);
  for (let conversation = 0; conversation < 8; conversation++) {
    for (let i = 0; i < 50; i++) transcript.add("stdout", "x".repeat(1_000));
    transcript.add("stdout", `end ${conversation}`);
    transcript.endConversation();
  }
  expect(Buffer.byteLength(text())).toBeLessThanOrEqual(20_000);
  for (let conversation = 0; conversation < 8; conversation++) expect(text()).toContain(`end ${conversation}`);
});

test("whatever the pieces, the bytes add up", () => {
  const piece = fc.record({ stream: fc.constantFrom("stdout" as const, "stderr" as const), text: fc.string({ unit: "grapheme", minLength: 1, maxLength: 300 }) });
  const property = fc.property(fc.array(piece, { maxLength: 100 }), (pieces) => {
    const { transcript, text } = record(4_000);
    for (const { stream, text } of pieces) transcript.add(stream, text);
    transcript.endConversation();
    const all = pieces.map((p) => p.text).join("");
    const omitted = Number(/\[longhaul: (\d+) bytes left out\]/.exec(text())?.[1] ?? 0);
    const kept = text().replaceAll(/\n\[longhaul: [^\]]*\]\n/g, "");
    expect(Buffer.byteLength(kept) + omitted).toBe(Buffer.byteLength(all));
  });
  fc.assert(property);
});
