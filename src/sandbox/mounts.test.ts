import { expect, test } from "vitest";
import { mountWords, outermost } from "./mounts.ts";

const order = {
  system: [],
  home: "/home/user",
  scratch: null,
  caches: [],
  readable: ["/home/user/project/.longhaul/trunk.git/objects", "/home/user/tools", "/home"],
  hidden: ["/home/user/project/.longhaul"],
  placed: [],
  writable: ["/home/user/project/.longhaul/workspaces/w1"],
  tmpBytes: 10,
  canSize: true,
};

test("a folder is mounted before what lies below it, so what is given on purpose is seen and what is private is not", () => {
  const words = mountWords(order).join(" ");
  const places = ["/home", "/home/user", "/home/user/tools", "/home/user/project/.longhaul"].map((path) =>
    words.indexOf(` ${path} `),
  );
  expect(places.toSorted((a, b) => a - b)).toEqual(places);
  expect(words).toMatch(
    /--tmpfs \/home\/user .*--tmpfs \/home\/user\/project\/.longhaul .*--ro-bind-try .*objects.*--bind /,
  );
});

test("home and /tmp are the session's where it has a place for them", () => {
  expect(mountWords({ ...order, scratch: "/s" }).join(" ")).toContain("--bind /s/home /home/user");
});

test("a private cache is the session's own, and another is only read", () => {
  const caches = [
    { path: "/c/private", mode: "private" as const },
    { path: "/c/read", mode: "read-only" as const },
  ];
  expect(mountWords({ ...order, scratch: "/s", caches }).join(" ")).toMatch(
    /--bind \/s\/cache-0 \/c\/private --ro-bind-try \/c\/read \/c\/read/,
  );
});

test.each([
  [["/a", "/a/b", "/a"], [], ["/a"]],
  [["/a", "/a/b/c"], ["/a/b"], ["/a", "/a/b/c"]],
  [["/a", "/ab"], [], ["/a", "/ab"]],
  [["/a/b", "/c"], ["/a"], ["/a/b", "/c"]],
])("of %j, with %j between, %j are mounted", (paths, covers, mounted) =>
  expect(outermost(paths, covers)).toEqual(mounted),
);
