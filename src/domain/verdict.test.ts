import { expect, test } from "vitest";
import type { Commit } from "./ids.ts";
import { limitDefaults } from "./limits.ts";
import { nothingPutBack } from "./protected.ts";
import {
  decideVerdict,
  readScore,
  verdictFromAcceptance,
  type AcceptanceResult,
  type CycleRecord,
  type Evidence,
} from "./verdict.ts";
import { nothingWeakened } from "./weakened-tests.ts";

const result = (name: string, passed: boolean, score: number | null = null): AcceptanceResult => ({
  name,
  command: name,
  passed,
  exitCode: passed ? 0 : 1,
  score,
  ms: 1,
  output: `output of ${name}\n`,
});
const evidence = (acceptance: AcceptanceResult[], landed = 1): Evidence => ({
  commit: "c" as Commit,
  acceptance,
  putBack: nothingPutBack,
  tests: nothingWeakened,
  tasks: { landed, failed: 0, cancelled: 0 },
  remarks: [],
});

test("achieved is impossible while an acceptance command fails", () => {
  const verdict = decideVerdict(
    { verdict: "achieved", summary: "all good", brief: "" },
    evidence([result("lint", true), result("test", false)]),
  );
  expect(verdict.verdict).toBe("continue");
  expect(verdict.brief).toContain("output of test");
  expect(verdict.evidence.remarks).toEqual(['The judge said "achieved"; overruled, because acceptance failed: test.']);
});

test("a judge may say continue or stop although everything passes", () => {
  for (const verdict of ["continue", "stop"] as const)
    expect(decideVerdict({ verdict, summary: "", brief: "" }, evidence([result("test", true)])).verdict).toBe(verdict);
});

test("without a judge the acceptance commands decide, and their output is the next brief", () => {
  expect(verdictFromAcceptance(evidence([result("test", true)]), [], limitDefaults).verdict).toBe("achieved");
  const proposal = verdictFromAcceptance(evidence([result("test", false)]), [], limitDefaults);
  expect(proposal).toMatchObject({
    verdict: "continue",
    brief: 'Acceptance command "test" fails (exit code 1):\noutput of test',
  });
});

test("without a judge a run stops when cycles bring nothing, but goes on as long as a score grows", () => {
  const cycle = (landed: number, score: number): CycleRecord => ({
    number: 1,
    verdict: "continue",
    summary: "",
    landed,
    scores: { test: score },
    weakened: 0,
  });
  const failing = (score: number) => evidence([result("test", false, score)], 0);
  expect(verdictFromAcceptance(failing(5), [cycle(3, 5), cycle(0, 5)], limitDefaults).verdict).toBe("stop");
  expect(verdictFromAcceptance(failing(6), [cycle(3, 5), cycle(0, 5)], limitDefaults).verdict).toBe("continue");
  expect(verdictFromAcceptance(failing(5), [cycle(0, 5), cycle(1, 5)], limitDefaults).verdict).toBe("continue");
});

test("a score is the last line of the form score=N", () => {
  expect(readScore("x\nscore=1\n score=0.93 \nmy score=7\n")).toBe(0.93);
  expect(readScore("score=high\n")).toBeNull();
});
