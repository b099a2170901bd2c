import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { GroupEnd, GroupOrder } from "../engine/ports.ts";
import { lives, livingWith } from "./living.fixture.ts";
import { openProcesses } from "./processes.ts";

vi.setConfig({ testTimeout: 30_000 });
const processes = openProcesses();
let directory = "";
beforeAll(() => void (directory = mkdtempSync(join(tmpdir(), "longhaul-group-"))));
afterAll(async () => {
  await processes.stop();
  rmSync(directory, { recursive: true, force: true });
});

let marks = 0;
function start(argv: GroupOrder["argv"], more: Partial<GroupOrder> = {}) {
  const printed = { stdout: "", stderr: "" };
  const mark = `group-test-${process.pid}-${++marks}`;
  const environment = { PATH: "/usr/bin:/bin", LONGHAUL_RUN: mark, ...more.environment };
  const group = processes.groups.spawn({
    argv,
    directory,
    stdin: null,
    onStdout: (text) => void (printed.stdout += text),
    onStderr: (text) => void (printed.stderr += text),
    ...more,
    environment,
  });
  const living = () => livingWith(`LONGHAUL_RUN=${mark}`);
  return { group, printed, living };
}

async function run(
  argv: GroupOrder["argv"],
  more: Partial<GroupOrder> = {},
): Promise<{ end: GroupEnd; stdout: string; stderr: string }> {
  const { group, printed } = start(argv, more);
  return { end: await group.ended, ...printed };
}

const sh = (script: string): GroupOrder["argv"] => ["/bin/sh", "-c", script];
const node = (script: string): GroupOrder["argv"] => [process.execPath, "-e", script];

describe("what a program is given", () => {
  test("its arguments come through unchanged", async () => {
    const argv = ["a b", "", "$HOME", "'", '"', "-n", "\n", "é"];
    const { stdout } = await run([
      process.execPath,
      "-e",
      "console.log(JSON.stringify(process.argv.slice(1)))",
      "--",
      ...argv,
    ]);
    expect(JSON.parse(stdout)).toEqual(argv);
  });

  test("exactly the environment it was given, and no descriptor but 0, 1 and 2", async () => {
    const { stdout } = await run(
      sh("env; exec 9<&-; for f in /proc/self/fd/*; do readlink $f; done | grep -c -e socket"),
    );
    const names = stdout.split("\n").flatMap((line) => (line.includes("=") ? line.split("=", 1) : []));
    expect(names.toSorted()).toEqual(["LONGHAUL_RUN", "PATH", "PWD"]);
    expect(stdout).toMatch(/^0$/m);
  });

  test("descriptor 3, the reaper's pipe, is closed", async () => {
    expect((await run(sh("echo +999999 2>/dev/null >&3 || echo closed"))).stdout).toBe("closed\n");
  });

  test("a signal disposition for SIGPIPE that ends it as usual", async () => {
    const { stdout } = await run(sh("grep SigIgn /proc/self/status"));
    const ignored = BigInt(`0x${/SigIgn:\s*([0-9a-f]+)/.exec(stdout)?.[1]}`);
    expect(ignored & (1n << 12n)).toBe(0n);
  });

  test("a text as input, a file as input, or none", async () => {
    const file = join(directory, "input");
    writeFileSync(file, "from a file");
    expect((await run(["cat"], { stdin: { text: "from a text" } })).stdout).toBe("from a text");
    expect((await run(["cat", "/dev/stdin"], { stdin: { file } })).stdout).toBe("from a file");
    expect((await run(["cat"])).stdout).toBe("");
  });

  test("input that nobody reads does no harm", async () => {
    const { end } = await run(["true"], { stdin: { text: "x".repeat(5_000_000) } });
    expect(end).toEqual({ kind: "exited", exitCode: 0 });
  });

  test("an output that scripts can open by name", async () => {
    const { end, stdout, stderr } = await run(
      sh("echo a >/dev/stdout; echo b >/dev/stderr; echo c | tee -a /dev/stderr"),
    );
    expect(end).toEqual({ kind: "exited", exitCode: 0 });
    expect([stdout, stderr]).toEqual(["a\nc\n", "b\nc\n"]);
  });
});

describe("how a program ends", () => {
  test("its exit code or its signal", async () => {
    expect((await run(sh("exit 7"))).end).toEqual({ kind: "exited", exitCode: 7 });
    expect((await run(sh("kill -s SEGV $$"))).end).toEqual({ kind: "killed", signal: "SIGSEGV" });
  });

  test("127 when it is not found, 126 when it may not be executed, with its name", async () => {
    const missing = await run(["no-such-program"]);
    expect(missing.end).toEqual({ kind: "exited", exitCode: 127 });
    expect(missing.stderr).toContain("no-such-program");
    writeFileSync(join(directory, "plain"), "", { mode: 0o644 });
    expect((await run(["./plain"])).end).toEqual({ kind: "exited", exitCode: 126 });
  });

  test.each([
    ["no such directory", ["true"], { directory: "/no/such/directory" }, "no such directory"],
    ["arguments too long", ["true", "x".repeat(4_000_000)], {}, "too long"],
    ["a NUL in an argument", ["true", "a\0b"], {}, "null bytes"],
    ["no input file", ["true"], { stdin: { file: "/no/such/file" } }, "cannot start"],
  ] satisfies [string, GroupOrder["argv"], Partial<GroupOrder>, string][])(
    "not started: %s",
    async (_, argv, more, reason) => {
      const { group } = start(argv, more);
      expect(group.pid).toBeNull();
      expect(await group.ended).toEqual({ kind: "not_started", reason: expect.stringContaining(reason) });
      await group.kill(1_000);
    },
  );

  test("what it left in the background dies with it, and its pipes do not hang us", async () => {
    const { group, living } = start(sh("sleep 1000 & sleep 1000 & exit 3"));
    expect(await group.ended).toEqual({ kind: "exited", exitCode: 3 });
    expect(living()).toEqual([]);
  });

  test("a process outside the group that holds the pipes does not hang us", async () => {
    const { group, printed, living } = start(
      sh("setsid sh -c 'echo out; sleep 1000' & while [ -z \"$(cat go 2>/dev/null)\" ]; do :; done"),
    );
    await vi.waitFor(() => expect(printed.stdout).toBe("out\n"));
    writeFileSync(join(directory, "go"), "go");
    expect(await group.ended).toEqual({ kind: "exited", exitCode: 0 });
    expect(living()).toHaveLength(2); // setsid's sh and sleep: `killMarked` is for them.
    for (const pid of living()) process.kill(pid, "SIGKILL");
  });
});

describe("kill", () => {
  test("asks first, so that a program can end in its own way", async () => {
    const { group, printed, living } = start(sh("trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.01; done"));
    await vi.waitFor(() => expect(printed.stdout).toBe("up\n"));
    await group.kill(30_000);
    expect(await group.ended).toEqual({ kind: "exited", exitCode: 5 });
    expect(printed.stdout).toBe("up\nbye\n");
    expect(living()).toEqual([]);
  });

  test("kills what ignores the request, members too, once the grace is over", async () => {
    const { group, printed, living } = start(
      sh("trap '' TERM; (trap '' TERM; sleep 1000) & echo up; sleep 1000; sleep 1000"),
    );
    await vi.waitFor(() => expect(printed.stdout).toBe("up\n"));
    await group.kill(20);
    expect(await group.ended).toEqual({ kind: "killed", signal: "SIGKILL" });
    expect(living()).toEqual([]);
  });

  test("leaves the members the grace that the leader did not use", async () => {
    const member = "trap 'echo tidied; exit' TERM; echo up; while :; do sleep 0.01; done";
    const { group, printed } = start(sh(`(${member}) & trap 'exit 0' TERM; while :; do sleep 0.01; done`));
    await vi.waitFor(() => expect(printed.stdout).toBe("up\n"));
    await group.kill(30_000);
    expect(printed.stdout).toBe("up\ntidied\n");
  });

  test("the shortest grace counts, and it may be repeated, also afterwards", async () => {
    const { group, printed } = start(sh("trap '' TERM; echo up; while :; do sleep 0.01; done"));
    await vi.waitFor(() => expect(printed.stdout).toBe("up\n"));
    const patient = group.kill(600_000);
    await Promise.all([group.kill(0), patient]);
    expect(await group.ended).toEqual({ kind: "killed", signal: "SIGKILL" });
    await group.kill(0);
  });

  test("no output follows the end", async () => {
    let over = false;
    let late = 0;
    const onStdout = () => void (over && late++);
    const { group } = start(sh("setsid sh -c 'while :; do echo x; done' & while :; do echo y; done"), { onStdout });
    await group.kill(0);
    over = true;
    await new Promise((resolve) => setImmediate(resolve));
    expect(late).toBe(0);
  });
});

describe("output", () => {
  test("characters cut by pieces are whole, invalid bytes are replaced", async () => {
    const script =
      "const b=Buffer.from('aé€😀'); let i=0; const t=setInterval(()=>{ if(i<b.length) process.stdout.write(b.subarray(i,++i)); else clearInterval(t) },2)";
    expect((await run(node(script))).stdout).toBe("aé€😀");
    expect((await run(node("process.stdout.write(Buffer.from([0x61,0xff,0xc3,0x28,0xe2,0x82]))"))).stdout).toBe(
      "a\ufffd\ufffd(\ufffd",
    );
  });

  test("a line of 100 MB comes in small pieces and is not held", async () => {
    let bytes = 0;
    let longest = 0;
    const onStdout = (text: string) => {
      bytes += text.length;
      longest = Math.max(longest, text.length);
    };
    const before = process.memoryUsage().rss;
    const { end } = await run(sh("head -c 100000000 /dev/zero | tr '\\0' x"), { onStdout });
    expect(end).toEqual({ kind: "exited", exitCode: 0 });
    expect(bytes).toBe(100_000_000);
    expect(longest).toBeLessThanOrEqual(65_536);
    expect(process.memoryUsage().rss - before).toBeLessThan(90_000_000);
  });

  test("all that was printed right before the end arrives", async () => {
    const { stdout } = await run(sh("head -c 1000000 /dev/zero | tr '\\0' x; sleep 1000 & exit 0"));
    expect(stdout).toHaveLength(1_000_000);
  });
});

test("200 groups at once: each its own, none left, no descriptor leaked", async () => {
  const open = () => readdirSync("/proc/self/fd").length;
  await run(["true"]);
  const before = open();
  const all = Array.from({ length: 200 }, (_, i) =>
    start(sh(`sleep 1000 & read line; echo "$line ${i}"`), { stdin: { text: "hello\n" } }),
  );
  const ends = await Promise.all(all.map(({ group }) => group.ended));
  expect(ends.every((end) => end.kind === "exited" && end.exitCode === 0)).toBe(true);
  expect(all.map(({ printed }) => printed.stdout)).toEqual(all.map((_, i) => `hello ${i}\n`));
  expect(all.flatMap(({ group }) => (group.pid !== null && lives(group.pid) ? [group.pid] : []))).toEqual([]);
  await vi.waitFor(() => expect(open()).toBeLessThanOrEqual(before + 64)); // Spare pipes are kept.
});
