import { expect, test } from "vitest";
import { absent, canStart, doubtful, good, lacking, starred, withoutSecrets } from "./finding.ts";

const at = { group: "models", name: "a" } as const;

test("a run can start unless something lacks", () => {
  const fine = [good(at, "here"), absent(at, "not here"), doubtful(at, "hm", "Do it.")];
  expect(canStart(fine)).toBe(true);
  expect(canStart([...fine, lacking(at, "gone", "Get it.")])).toBe(false);
});

test("secrets are starred wherever they stand, also when one is the beginning of another", () => {
  expect(starred("key secret-1 and secret-12, secret-1", ["secret-1", "secret-12"])).toBe("key *** and ***, ***");
  expect(withoutSecrets(lacking(at, "bad key abc", "Change abc."), ["abc"])).toEqual(
    lacking(at, "bad key ***", "Change ***."),
  );
  expect(withoutSecrets(good(at, "abc"), [])).toEqual(good(at, "abc"));
});
