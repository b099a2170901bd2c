import * as fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { gitLimits } from "../domain/limits.ts";
import { refuseLink, refusePath, showPath } from "./entry-rules.ts";
import { temporaryFolder, userGit } from "./git-world.testsuite.ts";

test.each([".gitignore", ".github/x", "git", "x.git", ".gitmodules", "dir/..git", "agit~1", "..."])(
  "the path %j may enter",
  (path) => {
    expect(refusePath(path)).toBeNull();
  },
);

test.each([".git", "a/.git/b", ".GiT", "g\u200cit~1", ".git. .", ".git:x", "GIT~2", "a\\.git\\b", "\ufffd"])(
  "the path %j may not",
  (path) => {
    expect(refusePath(path)).not.toBeNull();
  },
);

test.each([
  ["a", "b"],
  ["a", "./b/c"],
  ["d/a", "../b"],
  ["d/e/a", "../../b"],
  ["a", "."],
])("a link %s -> %s stays inside", (path, target) => {
  expect(refuseLink(path, target)).toBeNull();
});

test.each([
  ["a", "/etc"],
  ["a", ".."],
  ["d/a", "../../b"],
  // Behind a link `s -> d/e` this would leave the tree.
  ["a", "s/../../x"],
  ["a", "d/.GIT/config"],
  [".gitmodules", "b"],
  ["a", "\\\\host\\share"],
  [".gitmodules/x", "../b"],
  ["d/GITMOD~1 . :x", "../b"],
  ["gi7eb~12", "b"],
])("a link %s -> %s does not", (path, target) => {
  expect(refuseLink(path, target)).not.toBeNull();
});

/** Names near those that git watches, spelled as some file system would have them. */
const name = fc
  .tuple(
    fc.constantFrom("", "", "d/", "d\\", "\u200c"),
    fc.constantFrom(
      ".git",
      ".gitmodules",
      "git~1",
      "gitmod~1",
      "gitmod~4",
      "gitmod~5",
      "gi7eba~1",
      "gi7~1234",
      "gi7e~123",
      "~1234567",
    ),
    fc.nat(7),
    fc.constantFrom("", "", "\ufeff", "x"),
    fc.constantFrom("", "", " ", ".", ". .", ":", "::$DATA", "/x", "\\x", "x"),
  )
  .map(([before, word, at, within, after]) => {
    const upper = word.slice(0, at) + word.slice(at).toUpperCase();
    return `${before}${upper.slice(0, at)}${within}${upper.slice(at)}${after}`;
  });

test("what may enter git checks out: files and links of any name", async () => {
  const folder = await temporaryFolder();
  onTestFinished(() => folder.remove());
  await userGit(folder.path, "init", "-q");
  const blob = await userGit(folder.path, "hash-object", "-w", "-t", "blob", "/dev/null");
  const careful = ["-c", "core.protectHFS=true", "-c", "core.protectNTFS=true"];
  const takes = (mode: string, path: string) =>
    userGit(
      folder.path,
      ...careful,
      "update-index",
      "--add",
      "--replace",
      "--cacheinfo",
      `${mode},${blob},${path}`,
    ).then(
      () => true,
      () => false,
    );
  let entered = 0;
  const property = fc.asyncProperty(name, fc.boolean(), async (path, isLink) => {
    if (refusePath(path) !== null || (isLink && refuseLink(path, "x") !== null)) return;
    entered++;
    expect(await takes(isLink ? "120000" : "100644", path)).toBe(true);
  });
  await fc.assert(property, { numRuns: 400 });
  expect(entered).toBeGreaterThan(0);
});

test("a path that other workspaces could not look at may not enter", () => {
  expect(refusePath("ü".repeat(gitLimits.pathBytesMax / 2))).toBeNull();
  expect(refusePath(`${"ü".repeat(gitLimits.pathBytesMax / 2)}x`)).toMatch(/too long/);
});

test("a path is shown without effects on a terminal", () => {
  expect(showPath("a\n\u001b[31m\u202eü\\")).toBe("a\\u000a\\u001b[31m\\u202eü\\\\");
});
