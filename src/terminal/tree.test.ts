import * as fc from "fast-check";
import { expect, test } from "vitest";
import { planner } from "./samples.testsuite.ts";
import { allotRows } from "./allot.ts";
import { chooseBranches, treeOrder } from "./tree.ts";

const ids = (branches: ReturnType<typeof treeOrder>) => branches.map((branch) => Number(branch.planner.id));

test("children stand under their parents, in the order they came", () => {
  const order = treeOrder([planner(1, null), planner(2, 1), planner(3, 1), planner(4, 2)]);
  expect(order.map(({ planner: { id }, depth }) => [Number(id), depth])).toEqual([
    [1, 0],
    [2, 1],
    [4, 2],
    [3, 1],
  ]);
});

test("planners with a missing parent, and rings, are shown all the same", () => {
  expect(ids(treeOrder([planner(2, 99), planner(3, 4), planner(4, 3), planner(5, 5)]))).toEqual([2, 3, 4, 5]);
});

test("active planners go first, with those above them", () => {
  const order = treeOrder([
    planner(1, null, { status: "done" }),
    planner(2, 1, { status: "done" }),
    planner(3, 1, { status: "done" }),
    planner(4, 3, { turn: "running" }),
    planner(5, 1, { status: "failed" }),
  ]);
  expect(ids(chooseBranches(order, 3))).toEqual([1, 3, 4]);
  expect(ids(chooseBranches(order, 4))).toEqual([1, 3, 4, 5]);
  expect(ids(chooseBranches(order, 2))).toEqual([1, 5]);
});

test("a choice never has more than its rows, nor a planner without its parent", () => {
  const planners = fc
    .array(fc.record({ parent: fc.nat(80), status: fc.constantFrom("active", "done", "failed", "cancelled") }), {
      maxLength: 80,
    })
    .map((rows) => rows.map(({ parent, status }, i) => planner(i + 1, parent === 0 ? null : parent, { status })));
  fc.assert(
    fc.property(planners, fc.nat(90), (all, rows) => {
      const order = treeOrder(all);
      expect(order).toHaveLength(all.length);
      const chosen = chooseBranches(order, rows);
      expect(chosen.length).toBeLessThanOrEqual(rows);
      expect(chosen.filter(({ parent }) => parent && !chosen.includes(parent))).toEqual([]);
    }),
  );
});

test("rows go to what each section needs at least, then in turns from the last", () => {
  expect(
    allotRows(10, [
      { least: 1, wanted: 2 },
      { least: 3, wanted: 20 },
      { least: 2, wanted: 20 },
    ]),
  ).toEqual([2, 4, 4]);
  expect(
    allotRows(4, [
      { least: 1, wanted: 5 },
      { least: 4, wanted: 5 },
      { least: 2, wanted: 9 },
    ]),
  ).toEqual([1, 0, 3]);
  expect(allotRows(100, [{ least: 1, wanted: 5 }])).toEqual([5]);
  expect(allotRows(-3, [{ least: 1, wanted: 5 }])).toEqual([0]);
});
