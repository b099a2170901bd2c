import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { lives, livingWith } from "./living.fixture.ts";
import { openProcesses } from "./processes.ts";

vi.setConfig({ testTimeout: 30_000 });
const engineProgram = fileURLToPath(new URL("./engine.fixture.ts", import.meta.url));
const patience = { timeout: 20_000, interval: 10 };
let folder = "";
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "longhaul-reaper-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let runs = 0;
const started: string[] = [];
afterEach(() => {
  for (const mark of started.splice(0)) for (const pid of livingWith(mark)) process.kill(pid, "SIGKILL");
});

async function startEngine(count: number): Promise<{ engine: ChildProcess; mark: string; said: () => string }> {
  const id = `reaper-test-${process.pid}-${++runs}`;
  const mark = `LONGHAUL_RUN=${id}`;
  started.push(mark);
  const engine = spawn(process.execPath, [engineProgram, id, String(count)], {
    // A folder of our own: an engine that is killed in the wrong moment cannot tidy up.
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  engine.stdout.on("data", (piece: Buffer) => void (said += piece.toString()));
  await vi.waitFor(() => expect(said).toContain("begun"), patience);
  return { engine, mark, said: () => said };
}

async function killEngine(engine: ChildProcess): Promise<void> {
  engine.kill("SIGKILL");
  if (engine.exitCode === null && engine.signalCode === null) await once(engine, "exit");
}

describe("kill -9 of the engine", () => {
  test("leaves nothing of 20 programs with children, and no reaper", async () => {
    const { engine, mark, said } = await startEngine(20);
    await vi.waitFor(() => expect(livingWith(mark)).toHaveLength(60), patience);
    await vi.waitFor(() => expect(said()).toContain("reaper"), patience);
    const reaper = Number(/reaper (\d+)/.exec(said())?.[1]);
    expect(lives(reaper)).toBe(true);
    await killEngine(engine);
    await vi.waitFor(() => expect(livingWith(mark)).toEqual([]), patience);
    await vi.waitFor(() => expect(lives(reaper)).toBe(false), patience);
  });

  test("in the middle of starting programs leaves nothing either", async () => {
    for (let round = 0; round < 12; round++) {
      const { engine, mark } = await startEngine(500);
      await vi.waitFor(() => expect(livingWith(mark).length).toBeGreaterThan(round * 3), { ...patience, interval: 1 });
      await killEngine(engine);
      await vi.waitFor(() => expect(livingWith(mark)).toEqual([]), patience);
    }
  });

  test("whose reaper was killed before leaves nothing: it had a new one", async () => {
    const { engine, mark, said } = await startEngine(5);
    await vi.waitFor(() => expect(said()).toContain("reaper"), patience);
    await vi.waitFor(() => expect(livingWith(mark)).toHaveLength(15), patience);
    const first = Number(/reaper (\d+)/.exec(said())?.[1]);
    process.kill(first, "SIGKILL");
    await vi.waitFor(() => expect(said()).toMatch(/then \d+\n/), patience);
    await killEngine(engine);
    await vi.waitFor(() => expect(livingWith(mark)).toEqual([]), patience);
  });
});

describe("the reaper", () => {
  test("does not die of the signals that a terminal or a service manager sends to all", async () => {
    const processes = openProcesses();
    onTestFinished(() => processes.stop());
    await run(processes, "true");
    const reaper = processes.reaperPid()!;
    for (const signal of ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGPIPE"] as const) process.kill(reaper, signal);
    await run(processes, "true");
    expect(processes.reaperPid()).toBe(reaper);
    expect(lives(reaper)).toBe(true);
  });

  test("is replaced when it was killed, and programs start and end as before", async () => {
    const processes = openProcesses();
    onTestFinished(() => processes.stop());
    for (let round = 0; round < 5; round++) {
      await run(processes, "true");
      process.kill(processes.reaperPid()!, "SIGKILL");
      // The engine has not noticed yet: the program must run all the same.
      expect(await run(processes, "echo $((20 + 22))")).toBe("42\n");
    }
  });

  test("kills no group that has ended: its id may be somebody else's by then", async () => {
    const processes = openProcesses();
    await run(processes, "true");
    const bystander = spawn("sleep", ["1000"], { detached: true, stdio: "ignore" });
    onTestFinished(() => void bystander.kill("SIGKILL"));
    await processes.stop();
    expect(lives(bystander.pid!)).toBe(true);
  });

  test("stop ends what still runs, is repeatable, and nothing starts afterwards", async () => {
    const processes = openProcesses();
    const group = processes.groups.spawn({
      argv: ["sleep", "1000"],
      directory: "/",
      environment: { PATH: "/usr/bin:/bin" },
      stdin: null,
      onStdout: () => {},
      onStderr: () => {},
    });
    await Promise.all([processes.stop(), processes.stop()]);
    await processes.stop();
    expect(await group.ended).toEqual({ kind: "killed", signal: "SIGKILL" });
    const late = processes.groups.spawn({
      argv: ["true"],
      directory: "/",
      environment: {},
      stdin: null,
      onStdout: () => {},
      onStderr: () => {},
    });
    expect(await late.ended).toEqual({ kind: "not_started", reason: expect.stringContaining("the engine is ending") });
  });
});

async function run(processes: ReturnType<typeof openProcesses>, script: string): Promise<string> {
  let stdout = "";
  const onStdout = (text: string) => void (stdout += text);
  const group = processes.groups.spawn({
    argv: ["/bin/sh", "-c", script],
    directory: "/",
    environment: { PATH: "/usr/bin:/bin" },
    stdin: null,
    onStdout,
    onStderr: () => {},
  });
  await group.ended;
  return stdout;
}
