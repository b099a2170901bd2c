import { expect, test } from "vitest";
import { gitMissing, needs } from "./system-needs.ts";

test.each([
  "git version 2.38.0",
  "git version 2.47.3\n",
  "git version 3.0.1.windows.1",
  "git version 2.39.5 (Apple Git-154)",
])("%s is new enough", (output) => expect(gitMissing(output)).toBeNull());

test.each([
  ["git version 2.37.9", "found 2.37"],
  ["git version 1.99.0", "found 1.99"],
  [null, 'install the package "git"'],
  ["", 'install the package "git"'],
])("%j is refused with what to do", (output, reason) => expect(gitMissing(output)).toContain(reason));

test("everything the tests need is here, else this very run would not have begun", () => {
  expect(needs.map((need) => need.missing())).toEqual(needs.map(() => null));
});
