import { describe, expect, test } from "vitest";
import * as fc from "fast-check";
import type { CallFault } from "./call.ts";
import { rateLimits } from "./limits.ts";
import { decideAgain, decideStart, freshCredential, learn, type Credential } from "./rate.ts";

const now = 1_000_000;
const after = (credential: Credential, fault: CallFault | null, more: { startedAt?: number; now?: number } = {}) =>
  learn(credential, { fault, startedAt: now - 10, now, random: 0.5, ...more });
const tooMuch = (retryAfterMs: number | null): CallFault => ({ kind: "rate_limited", retryAfterMs, detail: "429" });

describe("calls at once", () => {
  test("grow by one with each good answer, until the provider has said how many are too many", () => {
    let credential = freshCredential;
    for (let n = 0; n < 10; n++) credential = after(credential, null);
    expect(credential.window).toBe(rateLimits.windowAtStart + 10);
    credential = after(credential, tooMuch(0));
    expect(credential.window).toBe((rateLimits.windowAtStart + 10) / 2);
    const windowful = Math.floor(credential.window);
    for (let n = 0; n < windowful; n++) credential = after(credential, null);
    expect(credential.window).toBeGreaterThan((rateLimits.windowAtStart + 10) / 2 + 0.9);
    expect(credential.window).toBeLessThanOrEqual((rateLimits.windowAtStart + 10) / 2 + 1);
  });

  test("halve once for all the refusals of calls that began together", () => {
    let credential: Credential = { ...freshCredential, window: 64 };
    for (let n = 0; n < 30; n++) credential = after(credential, tooMuch(1_000), { startedAt: now - 500 });
    expect(credential).toMatchObject({ window: 32, troubles: 1 });
    credential = after(credential, tooMuch(1_000), { startedAt: now + 2_000, now: now + 3_000 });
    expect(credential).toMatchObject({ window: 16, troubles: 2 });
  });

  test("stay between one and the bound, whatever happens", () => {
    const fault = fc.oneof(
      fc.constant(null),
      fc.record({
        kind: fc.constantFrom("rate_limited" as const, "quota" as const, "unavailable" as const),
        retryAfterMs: fc.option(fc.nat(10_000_000)),
        detail: fc.string(),
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.record({ fault, passed: fc.nat(100_000) }), { maxLength: 200 }), (answers) => {
        let credential = freshCredential;
        let at = now;
        for (const answer of answers) {
          at += answer.passed;
          credential = learn(credential, { fault: answer.fault, startedAt: at - 1, now: at, random: 0.999 });
          expect(credential.window).toBeGreaterThanOrEqual(1);
          expect(credential.window).toBeLessThanOrEqual(rateLimits.windowMax);
          expect(decideStart(credential, 0, Math.max(at, credential.until))).toEqual({ kind: "start" });
        }
      }),
    );
  });
});

describe("a rest", () => {
  test("lasts as long as the provider says, also when it says hours", () => {
    const credential = after(freshCredential, tooMuch(7_200_000));
    expect(decideStart(credential, 0, now)).toEqual({ kind: "wait", until: now + 7_200_000, why: "429" });
    expect(decideStart(credential, 0, now + 7_200_000)).toEqual({ kind: "start" });
  });

  test("begins with the third error in a row and doubles when the provider does not say, up to a bound, and is forgotten with the first good answer", () => {
    let credential = freshCredential;
    let at = now;
    const rests: number[] = [];
    for (let n = 1; n < rateLimits.troublesMin; n++) {
      credential = after(credential, { kind: "unavailable", retryAfterMs: null, detail: "529" });
      expect(decideStart(credential, 0, now)).toEqual({ kind: "start" });
    }
    for (let n = 0; n < 12; n++) {
      at = Math.max(at, credential.until) + 1;
      credential = learn(credential, {
        fault: { kind: "unavailable", retryAfterMs: null, detail: "529" },
        startedAt: at,
        now: at,
        random: 0.5,
      });
      rests.push(credential.until - at);
    }
    expect(rests.slice(0, 4)).toEqual([1, 2, 4, 8].map((times) => times * rateLimits.backoffMs));
    expect(rests.at(-1)).toBe(rateLimits.backoffMsMax);
    const well = learn(credential, { fault: null, startedAt: at + 1, now: credential.until, random: 0 });
    expect(well).toMatchObject({ troubles: 0, why: null });
  });

  test("a good answer to a call from before does not end it", () => {
    const resting = after(freshCredential, tooMuch(60_000));
    const still = learn(resting, { fault: null, startedAt: now - 5, now: now + 5, random: 0 });
    expect(decideStart(still, 0, now + 5)).toMatchObject({ kind: "wait", until: now + 60_000, why: "429" });
  });

  test("what is wrong with one call says nothing of the others", () => {
    for (const kind of ["broken", "too_long", "bad_request", "key_refused", "no_such_model"] as const)
      expect(after(freshCredential, { kind, detail: "" })).toEqual(freshCredential);
    expect(after(freshCredential, { kind: "aborted" })).toEqual(freshCredential);
  });
});

describe("the same call once more", () => {
  test("always when the credential says when; a bounded number of times when the answer was no good", () => {
    expect(decideAgain(tooMuch(1), 1_000, 0.5)).toEqual({ again: true, waitMs: 0 });
    const broken = { kind: "broken", detail: "cut" } as const;
    expect(decideAgain(broken, rateLimits.brokenTriesMax - 1, 0.5)).toMatchObject({ again: true });
    expect(decideAgain(broken, rateLimits.brokenTriesMax, 0.5)).toMatchObject({
      again: false,
      failure: { kind: "provider" },
    });
  });

  test("never when only the operator can mend it", () => {
    for (const kind of ["key_refused", "no_such_model"] as const)
      expect(decideAgain({ kind, detail: "x" }, 1, 0)).toEqual({
        again: false,
        failure: { kind: "misconfigured", detail: "x" },
      });
  });
});
