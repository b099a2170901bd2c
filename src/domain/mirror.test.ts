import { expect, test } from "vitest";
import { nextBatchAt } from "./mirror.ts";
import { branchFault, planPush, remoteFault, withoutCredentials } from "./publish-config.ts";

const limits = { mirrorMs: 10, mirrorMsMax: 65 };

test("batches keep their distance, and failures make it grow up to a bound", () => {
  expect(nextBatchAt({ startedAt: null, failures: 5 }, limits)).toBe(-Infinity);
  const waits = [0, 1, 2, 3, 99].map((failures) => nextBatchAt({ startedAt: 100, failures }, limits) - 100);
  expect(waits).toEqual([10, 20, 40, 65, 65]);
  expect(nextBatchAt({ startedAt: 0, failures: 1 }, { mirrorMs: 10, mirrorMsMax: 1 })).toBe(10);
});

test.each(["main", "longhaul/{run}", "longhaul/{run}-green", "größe/1.2", "{run}", "a+b"])("%j is a branch", (name) => {
  expect(branchFault(name)).toBeNull();
});

test.each([
  "",
  "-x",
  "a..b",
  "a//b",
  "a/",
  "a.lock",
  "a.lock/b",
  "a b",
  "a~1",
  "a:b",
  "a\n",
  ".a",
  "a/.b",
  "a.",
  "@",
  "a{x}",
])("%j is none", (name) => expect(branchFault(name)).not.toBeNull());

test.each([
  "origin",
  "git@example.org:a/b.git",
  "https://example.org/a.git",
  "https://ada@example.org/a.git",
  "https://example.org:8443/a@b.git",
  "http://[::1]:80/a@b.git",
  "/srv/a.git",
  "../a",
])("%j is a remote", (remote) => expect(remoteFault(remote)).toBeNull());

test.each([
  "-x",
  "--upload-pack=x",
  "a b",
  "ext::sh -c x",
  "ext::x",
  "https://ada:secret@example.org/a.git",
  "https://ada:sec/ret@example.org/a.git",
])("%j is none", (remote) => expect(remoteFault(remote)).not.toBeNull());

test("what stands in a URL besides the place is cut", () => {
  const said =
    "fatal: unable to access 'https://ada:se@cret@example.org/a.git?token=abc': no; see ssh://git@x/y#z git@h:a";
  expect(withoutCredentials(said)).toBe(
    "fatal: unable to access 'https://example.org/a.git': no; see ssh://x/y git@h:a",
  );
  expect(withoutCredentials("fatal: unable to access 'https://ada:se/cr@et/x@example.org/a.git/': no")).toBe(
    "fatal: unable to access 'https://example.org/a.git/': no",
  );
  expect(withoutCredentials("at http://127.0.0.1:80/a@b.git and ssh://h/a@b")).toBe(
    "at http://127.0.0.1:80/a@b.git and ssh://h/a@b",
  );
});

test("only what is ours, or not there yet, is moved, and only from where it is", () => {
  const plan = planPush([
    { branch: "new", wanted: "1", there: null, ours: false },
    { branch: "ours", wanted: "2", there: "1", ours: true },
    { branch: "done", wanted: "3", there: "3", ours: true },
    { branch: "theirs", wanted: "4", there: "abc", ours: false },
  ]);
  expect(plan.push).toEqual([
    { branch: "new", wanted: "1", lease: null },
    { branch: "ours", wanted: "2", lease: "1" },
  ]);
  expect(plan.faults).toEqual([expect.stringMatching(/theirs has commits .*abc.*left alone/)]);
});
