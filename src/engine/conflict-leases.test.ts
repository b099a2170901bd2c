import { describe, expect, test } from "vitest";
import type { SessionId } from "../domain/ids.ts";
import { ConflictLeases } from "./conflict-leases.ts";

const session = (n: number) => n as SessionId;

describe("who lost a conflict", () => {
  test("holds its paths: others that change one of them wait, the rest do not", () => {
    const leases = new ConflictLeases(100);
    leases.lost(session(1), ["a", "b"], 0);
    expect(leases.waitsUntil(session(2), ["b", "c"], 10)).toBe(100);
    expect(leases.waitsUntil(session(2), ["c"], 10)).toBeNull();
    expect(leases.waitsUntil(session(1), ["a"], 10)).toBeNull();
  });

  test("until its lease is over, or it has landed or ended", () => {
    const leases = new ConflictLeases(100);
    leases.lost(session(1), ["a"], 0);
    expect(leases.waitsUntil(session(2), ["a"], 100)).toBeNull();
    leases.lost(session(1), ["a"], 200);
    leases.release(session(1));
    expect(leases.waitsUntil(session(2), ["a"], 210)).toBeNull();
  });

  test("two that hold what the other wants: the one that lost first goes first", () => {
    const leases = new ConflictLeases(100);
    leases.lost(session(1), ["a"], 0);
    leases.lost(session(2), ["b"], 1);
    expect(leases.waitsUntil(session(1), ["a", "b"], 5)).toBeNull();
    expect(leases.waitsUntil(session(2), ["a", "b"], 5)).toBe(100);
  });

  test("and loses again keeps its rank and gets more time", () => {
    const leases = new ConflictLeases(100);
    leases.lost(session(1), ["a"], 0);
    leases.lost(session(2), ["b"], 1);
    leases.lost(session(1), ["b"], 50);
    expect(leases.waitsUntil(session(2), ["b"], 60)).toBe(150);
    expect(leases.waitsUntil(session(1), ["b"], 60)).toBeNull();
  });

  test("and waits for its turn loses no time by it", () => {
    const leases = new ConflictLeases(100);
    leases.lost(session(1), ["a"], 0);
    leases.lost(session(2), ["a"], 1);
    leases.renew(session(2), 90);
    leases.renew(session(3), 90);
    expect(leases.waitsUntil(session(2), ["a"], 120)).toBeNull();
    expect(leases.waitsUntil(session(3), ["a"], 120)).toBe(190);
  });
});
