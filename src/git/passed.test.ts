import { expect, test } from "vitest";
import type { Commit } from "../domain/ids.ts";
import { layerLimits } from "../domain/limits.ts";
import { Passed } from "./passed.ts";

const commit = (n: number) => `c${n}` as Commit;
const upTo = (count: number) => {
  const passed = new Passed();
  for (let n = 0; n < count; n++) passed.moved(commit(n), commit(n + 1));
  return passed;
};

test("the latest of what is there, and nothing that lies before what was asked for", () => {
  const passed = upTo(5);
  const there = [commit(4), commit(1), commit(3)];
  expect(passed.latestOf(there, commit(2))).toBe(commit(4));
  expect(passed.latestOf(there, commit(4))).toBe(commit(4));
  expect(passed.latestOf(there, commit(5))).toBe(null);
  expect(passed.latestOf([], commit(0))).toBe(null);
  expect(passed.newest).toBe(commit(5));
});

test("of commits that it did not see it says nothing", () => {
  const passed = upTo(3);
  expect(passed.latestOf([commit(3)], "elsewhere" as Commit)).toBe(null);
  expect(passed.latestOf(["elsewhere" as Commit], commit(0))).toBe(null);
  expect([new Passed().newest, new Passed().latestOf([commit(1)], commit(1))]).toEqual([null, null]);
});

test("when somebody else has moved the branch, what lies before is forgotten", () => {
  const passed = upTo(3);
  passed.moved("theirs" as Commit, commit(9));
  expect(passed.latestOf([commit(9)], commit(2))).toBe(null);
  expect(passed.latestOf([commit(9)], "theirs" as Commit)).toBe(commit(9));
});

test("it remembers a bounded number of commits, the last ones", () => {
  const passed = upTo(layerLimits.passedMax + 10);
  const last = commit(layerLimits.passedMax + 10);
  expect(passed.has(commit(3))).toBe(false);
  expect(passed.latestOf([last], commit(20))).toBe(last);
});
