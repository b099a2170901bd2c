import { expect, test } from "vitest";
import { refuseLink, refusePath, showPath } from "./entry-rules.ts";

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
])("a link %s -> %s does not", (path, target) => {
  expect(refuseLink(path, target)).not.toBeNull();
});

test("a path is shown without effects on a terminal", () => {
  expect(showPath("a\n\u001b[31m\u202eü\\")).toBe("a\\u000a\\u001b[31m\\u202eü\\\\");
});
