import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, expect, test, vi } from "vitest";
import type { RunId } from "../domain/ids.ts";
import type { CommandOrder } from "../engine/ports.ts";
import { createCommands } from "./commands.ts";
import { allowedEnvironment } from "./environment.ts";
import { livingWith } from "./living.fixture.ts";
import { openProcesses } from "./processes.ts";

vi.setConfig({ testTimeout: 30_000 });
const processes = openProcesses();
afterAll(() => processes.stop());
const run = `commands-test-${process.pid}` as RunId;
const environment = allowedEnvironment({ PATH: "/usr/bin:/bin", SECRET: "canary" });
const commands = createCommands({ groups: processes.groups, environment, killGraceMs: 2_000 });
const order = (command: string, more: Partial<CommandOrder> = {}): CommandOrder => {
  return {
    run,
    command,
    directory: tmpdir(),
    timeoutMs: 600_000,
    outputBytesMax: 10_000,
    signal: new AbortController().signal,
    ...more,
  };
};
const living = () => livingWith(`LONGHAUL_RUN=${run}`);

test("exit code and output, stdout and stderr together", async () => {
  const result = await commands.run(order("echo out; echo err >&2; exit 4"));
  expect(result).toMatchObject({ exitCode: 4, timedOut: false });
  expect(result.output.split("\n").toSorted()).toEqual(["", "err", "out"]);
});

test("long output is cut in the middle, with a note", async () => {
  const { output } = await commands.run(order("echo first; head -c 1000000 /dev/zero | tr '\\0' x; echo; echo last"));
  expect(Buffer.byteLength(output)).toBeLessThanOrEqual(10_000);
  expect(output).toMatch(/^first\nx+\n… 99\d{4} bytes left out …\nx+\nlast\n$/);
});

test("at the time limit everything it started is killed", async () => {
  const result = await commands.run(order("echo begun; sleep 1000 & sleep 1000", { timeoutMs: 50 }));
  expect(result).toMatchObject({ exitCode: null, timedOut: true });
  expect(living()).toEqual([]);
});

test("a command that exits with 0 when it is told to end has not passed", async () => {
  const result = await commands.run(order("trap 'exit 0' TERM; while :; do sleep 0.01; done", { timeoutMs: 200 }));
  expect(result).toMatchObject({ exitCode: null, timedOut: true });
});

test("an abort kills it; one from before starts nothing", async () => {
  const abort = new AbortController();
  const pending = commands.run(order("sleep 1000; true", { signal: abort.signal }));
  await vi.waitFor(() => expect(living().length).toBeGreaterThan(0));
  abort.abort();
  expect(await pending).toMatchObject({ exitCode: null, timedOut: false });
  expect(living()).toEqual([]);
  expect(await commands.run(order("echo no", { signal: abort.signal }))).toMatchObject({ exitCode: null, output: "" });
});

test("it rejects only when it cannot be started", async () => {
  expect(await commands.run(order("no-such-program"))).toMatchObject({ exitCode: 127 });
  await expect(commands.run(order("true", { directory: "/no/such/directory" }))).rejects.toThrow("no such directory");
});

test("the host's secrets are not in its environment, nor in /proc", async () => {
  vi.stubEnv("LONGHAUL_TEST_SECRET", "canary");
  const pending = commands.run(order("env; cat /proc/self/environ; sleep 0.2"));
  const [pid] = await vi.waitFor(() => {
    expect(living().length).toBeGreaterThan(0);
    return living();
  });
  expect(readFileSync(`/proc/${pid}/environ`, "utf8")).not.toContain("canary");
  expect((await pending).output).not.toContain("canary");
  expect(readFileSync(`/proc/${processes.reaperPid()}/environ`, "utf8")).not.toContain("canary");
  vi.unstubAllEnvs();
});
