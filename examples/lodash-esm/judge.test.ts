import { expect, test } from "vitest";
import type { AcceptanceResult, CycleRecord } from "../../src/domain/verdict.ts";
import { judge } from "./judge.ts";

const result = (passed: boolean, score: number | null, output = ""): AcceptanceResult => ({
  name: "forms",
  command: "",
  passed,
  exitCode: passed ? 0 : 1,
  score,
  ms: 1,
  output,
});
const judged = (acceptance: AcceptanceResult[], history: CycleRecord[] = []) =>
  judge({
    acceptance,
    tasks: { landed: 1, failed: 0, cancelled: 0 },
    cycle: { number: history.length + 1, brief: "", history },
  });
const before: CycleRecord = {
  number: 1,
  verdict: "continue",
  summary: "",
  landed: 1,
  scores: { forms: 5 },
  weakened: 0,
};

test("achieved only when every acceptance command passes, and there is one", () => {
  expect(judged([result(true, 9)]).verdict).toBe("achieved");
  expect(judged([result(true, 9), result(false, 1)]).verdict).toBe("continue");
  expect(judged([]).verdict).toBe("stop");
});

test("the brief lists each place once", () => {
  const site = "SITE form a.js:1:2 calls require";
  expect(
    judged([result(false, 1, `noise\n${site}\n${site}\nscore=1`)])
      .brief.split("\n")
      .slice(1),
  ).toEqual([site]);
});

test("a command that crashed without naming a place is quoted", () => {
  expect(judged([result(false, null, "ENOENT")]).brief).toContain("ENOENT");
});

test("stops when no score has grown since the last cycle", () => {
  expect(judged([result(false, 6)], [before]).verdict).toBe("continue");
  expect(judged([result(false, 5)], [before]).verdict).toBe("stop");
});
