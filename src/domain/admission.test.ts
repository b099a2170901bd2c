import { expect, test } from "vitest";
import { Admission, describeShortage, memoryFor } from "./admission.ts";
import { acpLimits } from "./limits.ts";

const megabyte = 1_048_576;
const room = (disk: number, memory: number) => ({ diskBytes: disk * megabyte, memoryBytes: memory * megabyte });

test("as many are admitted as fit together", () => {
  const admission = new Admission(room(100, 700), 1);
  const admitted = [1, 2, 3, 4].map(() => admission.admit(room(10, 300)));
  expect(admitted).toEqual([true, true, false, false]);
  expect(admission.shortage && describeShortage(admission.shortage)).toBe(
    "another session needs 300 MB of memory, and 100 MB may still be taken",
  );
});

test("whoever needs no memory, or none that is known, waits for the disk alone", () => {
  const admission = new Admission(room(10, -5), 1);
  expect([admission.admit(room(10, 0)), admission.admit(room(10, 0))]).toEqual([true, false]);
  expect(admission.shortage && describeShortage(admission.shortage)).toBe(
    "another session needs 10 MB on the disk, and 0 MB may still be taken",
  );
});

test("a full disk admits nobody beside others", () => {
  expect(new Admission(room(-1, 1_000), 1).admit(room(0, 0))).toBe(false);
});

test("a session that would be alone is admitted, a second one beside it is not", () => {
  const admission = new Admission(room(0, 0), 0);
  expect([admission.admit(room(10, 300)), admission.admit(room(10, 300))]).toEqual([true, false]);
});

test("some memory stays free whoever starts", () => {
  expect(memoryFor(acpLimits.freeBytesMin + 5)).toBe(5);
});
