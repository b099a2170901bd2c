/**
 * There is no macOS here. What can be tested without it: the profile's text; that the attacks of the probe are real; and the way to a
 * program, with a stand-in for `sandbox-exec` that confines nothing.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { none } from "./none.ts";
import { openProxy } from "./proxy/proxy.ts";
import { openSandboxExec, tryAttacks } from "./sandbox-exec-probe.ts";
import { sandboxExec } from "./sandbox-exec.ts";
import { testWork } from "./sandbox.testsuite.ts";
import { profileText } from "./seatbelt.ts";
import { answerer, makeSite } from "./site.testsuite.ts";

const folder = mkdtempSync(join(tmpdir(), "longhaul-seatbelt-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = join(folder, "stand-in");
writeFileSync(
  program,
  `#!/bin/sh\n[ "$1" = -p ] || exit 64\nprintf %s "$2" >"${folder}/profile"\nshift 2; exec "$@"\n`,
);
chmodSync(program, 0o755);
const standIn = sandboxExec({ program, folder });

describe("the way to a program, with a stand-in that confines nothing", () => {
  testWork(() => makeSite(standIn));
});

const attacks = [
  "read a file",
  "listed a folder",
  "read a file by a hard link",
  "read a file by a link",
  "changed a file",
  "made a file",
  "reached a process",
  "reached loopback",
  "read a hidden file",
  "changed what is only read",
];

test.each([
  ["no sandbox", none],
  ["a stand-in that confines nothing", standIn],
])("with %s, every attack of the probe succeeds", (_, sandbox) =>
  expect(tryAttacks(sandbox, folder)).toEqual({ ran: true, succeeded: attacks }),
);

test("where it is not, it is refused", () =>
  expect(openSandboxExec({ program: join(folder, "not-there"), folder })).toMatchObject({ ok: false }));

test("everything is denied but what is named, and of two rules for one place the deeper one is last", () => {
  const text = profileText({
    mounts: [
      { kind: "read", path: "/People/a", from: "/People/a", optional: true },
      { kind: "fresh", path: "/People/a/.longhaul" },
      { kind: "write", path: '/People/a/.longhaul/"w\\1', from: "/", optional: false },
    ],
    ports: [4711],
    hasProxy: true,
  });
  expect(text.split("\n").slice(0, 3)).toEqual(["(version 1)", "(deny default)", "(allow process-exec process-fork)"]);
  expect(text).not.toMatch(
    /procargs2|kern\.proc\.all|SecurityServer|securityd|\(allow network\*|\(allow default|file-write\* *\)/,
  );
  expect(text.split("\n").slice(-9)).toEqual(
    [
      '(allow file-read-metadata (literal "/") (literal "/People"))',
      '(allow file-read* file-map-executable (subpath "/People/a"))',
      '(deny file-read* file-write* (subpath "/People/a/.longhaul"))',
      '(allow file-read-metadata (literal "/") (literal "/People") (literal "/People/a") (literal "/People/a/.longhaul"))',
      '(allow file-read* file-map-executable file-write* (subpath "/People/a/.longhaul/\\"w\\\\1"))',
      '(allow network-outbound (remote ip "localhost:4711"))',
      '(allow network-outbound (remote ip "localhost:@PROXY@"))',
      "",
    ].toSpliced(0, 0, '(allow file-read-data file-write-data (subpath "/dev/fd"))'),
  );
});

test("the proxy is reached at a port of its own, which the profile names", async () => {
  const at = makeSite(standIn);
  const port = await answerer("the internet");
  const proxy = join(at.folder, "proxy");
  const opened = openProxy({
    socket: proxy,
    hosts: [`example.org:${port}`],
    inside: [],
    onDecision: () => {},
    report: () => {},
    internet: { lookup: async () => ["127.0.0.1"], isPublic: () => true },
  });
  onTestFinished(() => opened.close());
  const ask = `port=\${https_proxy##*:}; echo $port; exec 3<>/dev/tcp/127.0.0.1/$port && printf "CONNECT example.org:${port} HTTP/1.1\\r\\n\\r\\n" >&3 && cat <&3`;
  const { pid, ran } = at.start(`bash -c '${ask}'`, { proxy });
  const { out } = await ran;
  process.kill(-pid, "SIGKILL");
  const [used, answer] = out.split("\n");
  expect(answer).toMatch(/^HTTP\/1.1 200/);
  expect(out).toMatch(/the internet$/);
  expect(readFileSync(join(folder, "profile"), "utf8")).toContain(`(remote ip "localhost:${used}")`);
});

test("home and the folder for what is temporary are the program's own", async () => {
  const at = makeSite(standIn);
  const { out } = await at.run("echo kept >~/kept && cat ~/kept; ls -A ~; cd $TMPDIR && echo there");
  expect(out).toBe("kept\nkept\nthere\n");
});

test.each([
  [{ placed: [{ at: "/w/login", file: "/login" }] }, /login/],
  [{ caches: [{ path: "/c", mode: "private" as const }] }, /read-only/],
])("what it cannot give is refused: %j", (more, why) =>
  expect(() => standIn.confine(makeSite(standIn).order("true", more))).toThrow(why),
);
