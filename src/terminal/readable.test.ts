import { expect, test } from "vitest";
import { readableJson } from "./readable.ts";

test("a brief reads field by field, long texts as blocks, without what is empty", () => {
  const brief = {
    version: 1,
    run: { id: "k3x", goal: "Move to ESM.\n\nAll of it.\n" },
    scratchpad: "",
    inbox: [],
    task: { id: "t7", paths: ["src/a.ts", "src/b.ts"] },
    earlier: [
      { session: "s3", failure: "exit code 1" },
      { session: "s4", failure: "lost" },
    ],
    sentBack: null,
    last: false,
  };
  expect(readableJson(JSON.stringify(brief))).toBe(
    [
      "version: 1",
      "run:",
      "  id: k3x",
      "  goal: |",
      "    Move to ESM.",
      "",
      "    All of it.",
      "task:",
      "  id: t7",
      "  paths:",
      "    - src/a.ts",
      "    - src/b.ts",
      "earlier:",
      "  - session: s3",
      "    failure: exit code 1",
      "  - session: s4",
      "    failure: lost",
      "last: false",
    ].join("\n"),
  );
});

test.each(["not json", '{"cut": "in the mid', '"text"', "12", ""])("%j stays as it is", (text) => {
  expect(readableJson(text)).toBe(text);
});

test("nothing in nothing", () => {
  expect(readableJson("{}")).toBe("");
  expect(readableJson('[{"a":[]},[1,"x\\ny"]]')).toBe("-\n- - 1\n  - |\n    x\n    y");
});
