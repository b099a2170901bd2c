/** What agents print is data: it may be endless, no text at all, or meant for the terminal. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeWorld, type World } from "./world.ts";

const clear = "\u001b[2J\u001b]0;owned\u0007\u001b]52;c;cm0gLXJmIH4=\u0007\u202e";

test("control sequences, bytes that are no text, and a line of 100 MB do no harm", async () => {
  const world = makeWorld();
  world.configure({
    planner: ({ brief, plan, data }) => {
      const tasks = ["ansi", "bytes", "endless"].map((name) => ({
        type: "create_task",
        name,
        title: `${name} ${data}`,
      }));
      plan(...(brief.tasks.length === 0 ? tasks : []));
    },
    worker: ({ brief, write, log, data }) => {
      const fs = process.getBuiltinModule("node:fs");
      const { name } = brief.task;
      if (name === "ansi") for (let i = 0; i < 100; i++) log(`${data} line ${i}\n`);
      if (name === "bytes")
        for (const stream of [1, 2]) fs.writeSync(stream, Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28, 0x0a]));
      if (name === "endless") {
        const piece = Buffer.alloc(1 << 20, "x");
        for (let i = 0; i < 100; i++) for (let at = 0; at < piece.length;) at += fs.writeSync(1 + (i % 2), piece, at);
      }
      write(`${name}.txt`, name);
    },
    data: clear,
    acceptance: ["test $(ls *.txt | wc -l) -eq 3", `printf '\\033[2J\\377\\n'`],
    limits: { outputBytesMax: 100_000 },
  });
  const { code, stdout, stderr } = await world.finishRun();
  expect(code).toBe(0);
  const tasks = await world.tasks();
  expect(tasks.map(({ status }) => status)).toEqual(["landed", "landed", "landed"]);

  const screens = [stdout, stderr, (await world.longhaul("status")).stdout, (await world.longhaul("tasks")).stdout];
  screens.push((await world.longhaul("events")).stdout, onTerminal(world, ["status"]));
  for (const session of ["s2", "s3", "s4"]) {
    const logs = await world.longhaul("logs", session);
    expect(logs.code).toBe(0);
    expect(logs.stdout.length).toBeLessThan(300_000);
    const json = await world.longhaul("logs", session, "--json");
    expect(
      json.stdout
        .split("\n")
        .filter(Boolean)
        .every((line) => JSON.parse(line) !== null),
    ).toBe(true);
    screens.push(onTerminal(world, ["logs", session]));
  }
  // Our own colours are fine: what the agents sent is not.
  expect(onTerminal(world, ["status"])).toContain("\u001b[");
  expect(onTerminal(world, ["status"], { NO_COLOR: "1" })).not.toContain("\u001b[");
  const sent = ["\u001b[2J", "\u001b]", "\u0007", "\u202e"];
  expect(screens.map((screen) => sent.filter((sequence) => screen.includes(sequence)))).toEqual(screens.map(() => []));
});

/** Part of util-linux: runs a command on a terminal of its own. */
const terminal = "script";

/** What a command prints on a terminal, by way of `script`. */
function onTerminal(world: World, words: string[], environment: NodeJS.ProcessEnv = {}): string {
  const bin = join(import.meta.dirname, "../../bin/longhaul.js");
  const command = [process.execPath, bin, ...words].join(" ");
  const options = {
    cwd: world.repository,
    env: { ...world.environment, TERM: "xterm", ...environment },
    encoding: "utf8",
  } as const;
  return execFileSync(terminal, ["--quiet", "--return", "--command", command, "/dev/null"], {
    ...options,
    maxBuffer: 1 << 26,
  });
}
