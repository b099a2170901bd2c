import { expect, test } from "vitest";
import { protectedPath, protectedPathFault, protectedPaths, putBackWords } from "./protected.ts";

test.each([
  ["/etc/passwd", "relative"],
  ["C:\\tests", "relative"],
  ["..", '".."'],
  ["test/../../secret", '".."'],
  ["test\\accept", "with /"],
  ["test/\n", "control characters"],
  ["", "not the repository itself"],
  ["./", "not the repository itself"],
  [".git/hooks", ".git"],
  ["sub/.GIT", ".git"],
])("%j is no protected path", (written, why) => {
  expect(protectedPathFault(written)).toContain(why);
});

test("paths are as git names them, and one that lies below another is left out", () => {
  expect(["test/acceptance/", "./a//b", "..a/b.."].map(protectedPathFault)).toEqual([null, null, null]);
  expect(["test/acceptance/", "./a//b"].map(protectedPath)).toEqual(["test/acceptance", "a/b"]);
  expect(
    protectedPaths([{ protected: ["test", "verify.sh"] }, { protected: ["test/acceptance", "testing", "verify.sh"] }]),
  ).toEqual(["test", "testing", "verify.sh"]);
});

test("what was put back is one sentence that names the first of them", () => {
  const file = (path: string) => ({ path, change: "changed" as const });
  expect(putBackWords({ files: [], omitted: 0 }, 2)).toBeNull();
  expect(putBackWords({ files: [file("a"), file("b"), file("c")], omitted: 4 }, 2)).toMatch(
    /a \(changed\), b \(changed\) and 5 more\.$/,
  );
  expect(putBackWords({ files: [file("a")], omitted: 0 }, 2)).toMatch(/base: a \(changed\)\.$/);
});
