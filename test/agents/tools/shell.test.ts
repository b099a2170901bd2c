import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { toolLimits } from "../../../src/domain/limits.ts";
import { FileOutputs } from "../../../src/agents/tools/outputs.ts";
import { openWorld } from "./world.ts";

describe("a command", () => {
  test("runs in the workspace with the session's environment, both outputs, no input", async () => {
    const { call, workspace, context, printed } = openWorld();
    const { ok, text } = await call("bash", { command: 'pwd; echo "$LONGHAUL_SESSION"; echo err >&2; cat; exit 3' });
    expect(ok).toBe(true);
    const lines = text.split("\n");
    expect(lines).toHaveLength(4);
    expect(lines).toEqual(
      expect.arrayContaining([realpathSync(workspace), context.environment["LONGHAUL_SESSION"], "err"]),
    );
    expect(lines.at(-1)).toBe("[exit code 3]");
    expect(printed.text).toContain("err\n");
  });

  test("is bash where there is one", async () => {
    const { call } = openWorld();
    expect((await call("bash", { command: 'a=(x y); echo "${a[1]}"' })).text).toBe("y\n[exit code 0]");
  });

  test("colors and control characters are left out of the answer", async () => {
    const { call } = openWorld();
    const { text } = await call("bash", { command: String.raw`printf '\033[31mred\033[0m\r\nb\0c \377\n'` });
    expect(text).toBe("red\nbc \ufffd\n[exit code 0]");
  });

  test("what does not exist or is too long is said", async () => {
    const { call } = openWorld();
    expect((await call("bash", { command: "no-such-program" })).text).toMatch(/not found\n\[exit code 127\]$/);
    const long = await call("bash", { command: `: ${"x".repeat(toolLimits.commandBytesMax)}` });
    expect(long).toEqual({ ok: false, text: expect.stringContaining("write a file and run that") });
    const fits = await call("bash", { command: `: ${"x".repeat(toolLimits.commandBytesMax - 2)}` });
    expect(fits).toEqual({ ok: true, text: "[exit code 0]" });
    expect(await call("bash", { command: "a\0b" })).toMatchObject({ ok: false, text: expect.stringContaining("NUL") });
    expect(await call("bash", { command: "true", timeoutSeconds: 5_000 })).toMatchObject({
      ok: false,
      text: expect.stringContaining("timeoutSeconds"),
    });
  });
});

describe("nothing survives the call", () => {
  test("what is in the background, ignores signals or has left the group", async () => {
    const { call, living, workspace } = openWorld();
    const { text } = await call("bash", {
      command:
        "sleep 1000 & (trap '' TERM HUP; sleep 1000) & nohup sleep 1000 >/dev/null 2>&1 & " +
        "setsid sh -c 'echo up > up; sleep 1000' >/dev/null 2>&1 & " +
        "while [ ! -s up ]; do :; done; echo done",
    });
    expect(text).toMatch(/^done\n\[exit code 0; \d process(es)? that it left running killed\]$/);
    expect(existsSync(join(workspace, "up"))).toBe(true);
    expect(living()).toEqual([]);
  });

  test("a swarm of daemons", async () => {
    const { call, living } = openWorld();
    await call("bash", {
      command:
        "for i in 1 2 3 4 5 6 7 8 9 10; do setsid sh -c 'setsid sh -c \"sleep 1000 & sleep 1000\" & setsid sleep 1000' & done; exit 0",
    });
    expect(living()).toEqual([]);
  });

  test("at the time limit", async () => {
    const { call, living } = openWorld();
    const { ok, text } = await call("bash", { command: "echo begun; sleep 1000 & sleep 1000", timeoutSeconds: 1 });
    expect(ok).toBe(false);
    expect(text).toMatch(/^begun\n\[timed out after 1 s and was killed; give timeoutSeconds/);
    expect(living()).toEqual([]);
  });

  test("when the session ends; and then nothing starts", async () => {
    const { call, living, printed, workspace } = openWorld();
    const abort = new AbortController();
    const pending = call("bash", { command: "echo up; setsid sleep 1000 & sleep 1000" }, { signal: abort.signal });
    await vi.waitFor(() => expect(printed.text).toBe("up\n"));
    abort.abort();
    expect(await pending).toEqual({ ok: false, text: expect.stringContaining("the session is being closed") });
    expect(living()).toEqual([]);
    const late = await call("bash", { command: "touch late" }, { signal: abort.signal });
    expect(late).toMatchObject({ ok: false });
    expect(existsSync(join(workspace, "late"))).toBe(false);
  });
});

describe("long output", () => {
  test("its start and its end are shown, and the way to the rest", async () => {
    const { call } = openWorld();
    const { text } = await call("bash", { command: "seq 1 100000" });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(toolLimits.answerBytesMax);
    expect(text).toMatch(/^1\n2\n3\n/);
    expect(text).toMatch(/\n99999\n100000\n\[exit code 0\]$/);
    const [, name, offset] = /… \d+ bytes left out; read_output \{"call": "([^"]+)", "offset": (\d+)\} reads on …/.exec(
      text,
    )!;
    let whole = text.slice(0, text.indexOf("\n… "));
    expect(Buffer.byteLength(whole)).toBe(Number(offset));
    for (let at: number | null = Number(offset); at !== null;) {
      const part = await call("read_output", { call: name, offset: at });
      expect(part.ok).toBe(true);
      const [, body, next] =
        /^([^]*)\n\[bytes \d+ to \d+ of \d+; (?:read on with offset (\d+)|this is the end)\]$/.exec(part.text)!;
      whole += body;
      at = next === undefined ? null : Number(next);
    }
    expect(whole.trimEnd()).toBe(Array.from({ length: 100_000 }, (_, i) => i + 1).join("\n"));
  });

  test("100 MB in one line are bounded, whole and valid", async () => {
    const { call } = openWorld();
    const command = "head -c 100000000 /dev/zero | tr '\\0' '\\303'; echo; echo last";
    const { ok, text } = await call("bash", { command }, { onOutput: () => {} });
    expect(ok).toBe(true);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(toolLimits.answerBytesMax);
    expect(text).toMatch(/^\ufffd+\n… \d+ bytes left out; read_output .*…\n\ufffd*\nlast\n\[exit code 0\]$/);
  });

  test("when it cannot be kept, the answer is still there", async () => {
    const { call } = openWorld();
    // No folder can be made there, not even by root.
    const { text } = await call("bash", { command: "seq 1 100000" }, { outputs: new FileOutputs("/dev/null/outputs") });
    expect(text).toMatch(/bytes left out; they could not be kept \(ENOTDIR/);
    expect(text).toMatch(/\[exit code 0\]$/);
  });
});

test("planners and judges have it under the name that says what it is for", async () => {
  const { call, workspace } = openWorld("judge");
  expect((await call("run_command", { command: "echo kept > x" })).ok).toBe(true);
  expect(readFileSync(join(workspace, "x"), "utf8")).toBe("kept\n");
  expect(await call("bash", { command: "true" })).toMatchObject({
    ok: false,
    text: expect.stringContaining("run_command"),
  });
});
