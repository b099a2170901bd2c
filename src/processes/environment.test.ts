import { expect, test } from "vitest";
import { allowedEnvironment } from "./environment.ts";

const host = {
  PATH: "/bin",
  HOME: "/h",
  LC_ALL: "C",
  LC_TIME: "C",
  TERM: "xterm",
  NPM_TOKEN: "canary",
  PATHS: "no",
  EMPTY: "",
  UNSET: undefined,
};

test("only what is on the list passes", () => {
  expect(allowedEnvironment(host)).toEqual({ PATH: "/bin", HOME: "/h", LC_ALL: "C", LC_TIME: "C", TERM: "xterm" });
});

test("and what is named, if it is there", () => {
  const passed = allowedEnvironment(host, ["NPM_TOKEN", "EMPTY", "UNSET", "toString"]);
  expect(passed).toMatchObject({ NPM_TOKEN: "canary", EMPTY: "" });
  expect(Object.keys(passed)).not.toContain("UNSET");
});
