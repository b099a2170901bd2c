import { expect, test } from "vitest";
import { nextTogether } from "./together.ts";
import type { Tool } from "./tool.ts";

const next = (...waiting: Tool["effect"][]) => nextTogether(waiting, (effect) => effect);

test("looks go first and side by side, wherever they stand", () => {
  expect(next("work", "look", "end", "look")).toEqual(["look", "look"]);
});

test("everything else goes alone, in its order", () => {
  expect(next("work", "run")).toEqual(["work"]);
  expect(next("end", "run", "work")).toEqual(["run"]);
});

test("ends are left for the last", () => {
  expect(next("end", "end")).toEqual(["end", "end"]);
  expect(next()).toEqual([]);
});
