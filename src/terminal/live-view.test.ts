import { spawn, spawnSync } from "node:child_process";
import nodeConsole from "node:console";
import { Writable } from "node:stream";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { beforeAll, expect, onTestFinished, test, vi } from "vitest";
import type { RunView } from "../engine/views.ts";
import { startLiveView } from "./live-view.ts";
import { samples } from "./samples.testsuite.ts";

const colors = new RegExp(String.raw`\u001b\[[\d;]*m`, "g");

// Vitest's own console is not one that could be patched.
beforeAll(() => void vi.stubGlobal("console", nodeConsole));

/** A terminal that only remembers what was written to it. */
class FakeTerminal extends Writable {
  readonly isTTY = true;
  columns = 80;
  rows = 24;
  written = "";
  #waiting: (() => void)[] = [];

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.written += chunk.toString();
    done();
    for (const look of this.#waiting.splice(0)) look();
  }

  /** Resolves as soon as what was written since `from` has the text. */
  async shows(text: string, from = 0): Promise<void> {
    while (!stripVTControlCharacters(this.written.slice(from)).includes(text))
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

function startOn(terminal: FakeTerminal, read: () => Promise<RunView>, problems: unknown[] = []) {
  const view = startLiveView({
    read,
    stdout: terminal as unknown as NodeJS.WriteStream,
    color: false,
    onProblem: (error) => problems.push(error),
  });
  onTestFinished(() => view.stop());
  return view;
}

test("draws the run in place, hides the cursor, and gives the terminal back", async () => {
  const terminal = new FakeTerminal();
  const view = startOn(terminal, () => Promise.resolve(samples.middle));
  await terminal.shows("run kx4m2p   ● running");
  await terminal.shows("Ctrl-C: finish running sessions, then stop; twice: stop now");
  expect(terminal.written).toContain("\u001b[?25l");
  await view.stop();
  await view.stop();
  expect(terminal.written.lastIndexOf("\u001b[?25h")).toBeGreaterThan(terminal.written.lastIndexOf("\u001b[?25l"));
  // Neither the alternate screen nor a colour was asked for.
  expect(terminal.written).not.toContain("\u001b[?1049h");
  expect(terminal.written).toBe(terminal.written.replaceAll(colors, ""));
  const length = terminal.written.length;
  terminal.emit("resize");
  expect(terminal.written).toHaveLength(length);
});

test("never reads twice at once, and stop waits for the read under way", async () => {
  const terminal = new FakeTerminal();
  const answers: ((view: RunView) => void)[] = [];
  let asked = () => {};
  const view = startOn(
    terminal,
    () =>
      new Promise((resolve) => {
        answers.push(resolve);
        asked();
      }),
  );
  await terminal.shows("Reading the run");
  expect(answers).toHaveLength(1);
  const second = new Promise<void>((resolve) => (asked = resolve));
  answers[0]?.(samples.start);
  await terminal.shows("cycle 1 working");
  await second;
  let stopped = false;
  const stopping = view.stop().then(() => (stopped = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect([stopped, answers.length]).toEqual([false, 2]);
  answers[1]?.(samples.middle);
  await stopping;
  expect(answers).toHaveLength(2);
});

test("a failed read is shown, the run goes on being shown, and the caller hears of it once, at the end", async () => {
  const terminal = new FakeTerminal();
  const problems: unknown[] = [];
  let reads = 0;
  const fault = new Error("database\u001b[2J is locked");
  const view = startOn(
    terminal,
    () => {
      reads += 1;
      return reads === 2 || reads === 3
        ? Promise.reject(fault)
        : Promise.resolve(reads === 1 ? samples.start : samples.paused);
    },
    problems,
  );
  await terminal.shows("The run cannot be read: database is locked");
  expect(problems).toEqual([]);
  await terminal.shows("● paused");
  await view.stop();
  expect(problems).toEqual([fault]);
});

test("after a resize everything fits the new size", async () => {
  const terminal = new FakeTerminal();
  terminal.columns = 160;
  terminal.rows = 50;
  const view = startOn(terminal, () => Promise.resolve(samples.large));
  await terminal.shows("2000: 1144 active");
  const from = terminal.written.length;
  [terminal.columns, terminal.rows] = [44, 14];
  terminal.emit("resize");
  await terminal.shows("Ctrl-C", from);
  const lines = stripVTControlCharacters(terminal.written.slice(from)).split("\n");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(44);
  await view.stop();
});

test("what is printed by console is not swallowed", async () => {
  const terminal = new FakeTerminal();
  const view = startOn(terminal, () => Promise.resolve(samples.start));
  await terminal.shows("run kx4m2p");
  const from = terminal.written.length;
  // oxlint-disable-next-line no-console -- it is what this test is about
  console.log("a word from elsewhere");
  await terminal.shows("a word from elsewhere", from);
  await terminal.shows("run kx4m2p", from);
  await view.stop();
  expect(terminal.written.indexOf("a word from elsewhere")).toBe(terminal.written.lastIndexOf("a word from elsewhere"));
});

const scriptIsThere = spawnSync("script", ["--version"]).status === 0;

test.skipIf(!scriptIsThere)(
  "in a real terminal Ctrl-C stays a signal, and the terminal is as before",
  { timeout: 60_000 },
  async () => {
    const program = join(import.meta.dirname, "live-program.testsuite.ts");
    const child = spawn(
      "script",
      ["-qec", `trap : INT; stty rows 24 cols 80; '${process.execPath}' '${program}'; stty -a`, "/dev/null"],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    onTestFinished(() => void child.kill("SIGKILL"));
    let output = "";
    let interrupts = 0;
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
      const shown = stripVTControlCharacters(output);
      const wanted = ["Ctrl-C: finish running sessions", "Finishing 3 running sessions"][interrupts];
      if (wanted === undefined || !shown.includes(wanted)) return;
      interrupts += 1;
      child.stdin.write("\u0003");
    });
    const code = await new Promise((resolve) => child.once("close", resolve));
    const after = output.slice(output.indexOf("after 2 interrupts"));
    expect(code).toBe(0);
    expect(after).toContain("raw mode false");
    expect(after).toMatch(/ icanon .* echo /s);
    expect(output).toContain("\u001b[36m● running");
    expect(output.lastIndexOf("\u001b[?25h")).toBeGreaterThan(output.lastIndexOf("\u001b[?25l"));
  },
);
