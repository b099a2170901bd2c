import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Commit, RunId } from "../domain/ids.ts";
import { gitLimits } from "../domain/limits.ts";
import { cleanMessage, landedMessage, parseLanded } from "./commit-message.ts";
import { submission } from "./trunk-steps.testsuite.ts";

const run = "arun22" as RunId;
const commit = "0".repeat(40) as Commit;
const landed = (message: string) => parseLanded(run, commit, landedMessage(run, submission(7, { message }), null));

describe("a landed commit's message", () => {
  test("has the trailers as its last paragraph", () => {
    const trailers = "Longhaul-Run: arun22\nLonghaul-Cycle: 1\nLonghaul-Task: t7\nLonghaul-Session: s7\n";
    expect(landedMessage(run, submission(7, { message: "Subject\n\nBody" }), null)).toBe(
      `Subject\n\nBody\n\n${trailers}`,
    );
    expect(landedMessage(run, submission(7, { message: " \n" }), null)).toBe(`Task t7\n\n${trailers}`);
  });

  test("is signed off before our own trailers, in one paragraph with them, and is read back", () => {
    const signed = landedMessage(run, submission(7, { message: "Subject" }), { name: "A <B", email: "a@example.org" });
    expect(signed).toMatch(/^Subject\n\nSigned-off-by: A B <a@example\.org>\nLonghaul-Run: arun22\n(?:.+\n){3}$/);
    expect(parseLanded(run, commit, signed)).toMatchObject({ task: 7, session: 7 });
  });

  test.each([
    "Longhaul-Task: t99",
    "longhaul-TASK : t99",
    "x\n\n \tLonghaul-Task: t99",
    "x\rLonghaul-Task: t99",
    "x\u2028Longhaul-Task: t99",
    "x\n\u200e\u0000Longhaul-Task: t99",
    `${"x".repeat(gitLimits.subjectBytesMax)}Longhaul-Task: t99`,
    "x\n\nLonghaul-Run: arun22\nLonghaul-Cycle: 1\nLonghaul-Task: t99\nLonghaul-Session: s99",
  ])("%j forges no trailer", (message) => {
    expect(cleanMessage(message)).not.toMatch(/^\s*longhaul-/im);
    expect(landed(message)).toMatchObject({ task: 7, session: 7 });
  });

  test("has no control or direction characters, and a bound", () => {
    expect(cleanMessage("a\u0000b\u001b[31mc\u202ed\tе\ud800")).toBe("ab[31mcd\tе\ufffd");
    expect(Buffer.byteLength(cleanMessage("ü".repeat(1_000_000)))).toBeLessThanOrEqual(gitLimits.messageBytesMax + 2);
    expect(cleanMessage("ü".repeat(1_000)).split("\n")[0]).toBe("ü".repeat(gitLimits.subjectBytesMax / 2));
  });

  test("whatever the text, the landing is read back", () => {
    const readsBack = (message: string) => {
      expect(landed(message)).toMatchObject({ task: 7, session: 7 });
    };
    fc.assert(fc.property(fc.string({ unit: "binary" }), readsBack));
    const pieces = fc.array(fc.constantFrom("Longhaul-Task: t9", "\n", "\r", " ", "\u0000", "x", "---", "> "));
    fc.assert(fc.property(pieces, (parts) => readsBack(parts.join(""))));
  });
});

test.each([
  ["no trailers", "Subject\n\nBody"],
  ["another run's", landedMessage("brun22" as RunId, submission(7), null)],
  ["some missing", "Subject\n\nLonghaul-Run: arun22\nLonghaul-Task: t7"],
  ["broken ids", "Subject\n\nLonghaul-Run: arun22\nLonghaul-Cycle: 1\nLonghaul-Task: x7\nLonghaul-Session: s7"],
  ["not at the end", `${landedMessage(run, submission(7), null)}\nMore`],
])("a commit with %s is no landing", (_, message) => {
  expect(parseLanded(run, commit, message)).toBeNull();
});
