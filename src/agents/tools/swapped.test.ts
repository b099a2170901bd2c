/** Somebody changes the workspace at the very moment that tools work in it. */
import { execFileSync, fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { toolLimits } from "../../domain/limits.ts";
import { readExact, readWhole } from "./reading.ts";
import { openWorkspace, removeWorkspaces } from "./workspace.testsuite.ts";
import { replaceFile, stageRemoval } from "./writing.ts";

afterAll(removeWorkspaces);

/** A process that changes the workspace without end. */
function swapper(script: string, workspace: string): ChildProcess {
  const file = join(workspace, "..", "swapper.cjs");
  writeFileSync(file, script);
  const child = fork(file, { cwd: workspace, stdio: "inherit" });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  expect(child.exitCode).toBeNull(); // Else it did not do what the test is about.
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

describe("while a folder is swapped for a link to the outside, again and again", () => {
  // What the tools put in the way while there is no folder is moved aside.
  const swap = (outside: string) => `
    const { renameSync, symlinkSync, unlinkSync } = require("node:fs");
    let moved = 0;
    const insist = (step) => {
      for (;;) {
        try { return step(); } catch (error) { if (!/EEXIST|ENOTEMPTY/.test(error.code)) throw error; }
        renameSync("d", "moved-" + moved++);
      }
    };
    for (;;) {
      renameSync("d", "d.real");
      insist(() => symlinkSync(${JSON.stringify(outside)}, "d"));
      unlinkSync("d");
      insist(() => renameSync("d.real", "d"));
    }`;
  const rounds = { each: 100, max: 20_000 };
  const readings = { each: 2_000, max: 50_000 };

  test("reading gives the workspace's own file or nothing", async () => {
    const { workspace, outside, at } = openWorkspace();
    mkdirSync(at("d"));
    writeFileSync(at("d/secret"), "own");
    const child = swapper(swap(outside), workspace);
    const seen = { own: 0, refused: 0 };
    for (let i = 0; i < readings.max && (seen.own < readings.each || seen.refused < readings.each); i++) {
      const read = await readExact(workspace, "d/secret");
      expect(read.ok ? read.value.text : "own").toBe("own");
      seen[read.ok ? "own" : "refused"]++;
    }
    await end(child);
    expect(Math.min(seen.own, seen.refused)).toBeGreaterThan(0);
  });

  test("writing, making folders and removing reach the workspace's own folder or nothing", async () => {
    const { workspace, outside, at } = openWorkspace();
    mkdirSync(at("d"));
    mkdirSync(join(outside, "sub"));
    writeFileSync(at("d/secret"), "own");
    const child = swapper(swap(outside), workspace);
    const seen = { done: 0, refused: 0 };
    for (let i = 0; i < rounds.max && (seen.done < rounds.each || seen.refused < rounds.each); i++) {
      const written = await replaceFile(workspace, ["d/secret", "d/sub/new", `d/made-${i}/x`][i % 3]!, "overwritten");
      const removal = await stageRemoval(workspace, "d/sub/new");
      if (removal.ok) await removal.value.commit();
      seen[written.ok ? "done" : "refused"]++;
    }
    await end(child);
    expect(Math.min(seen.done, seen.refused)).toBeGreaterThan(0);
    expect(readFileSync(join(outside, "secret"), "utf8")).toBe("canary");
    expect(readdirSync(outside).toSorted()).toEqual(["secret", "sub"]);
    expect(readdirSync(join(outside, "sub"))).toEqual([]);
  });

  test("a file that is swapped for a link or a pipe is not followed and not waited for", async () => {
    const { workspace, outside, at } = openWorkspace();
    writeFileSync(at("f"), "own");
    execFileSync("mkfifo", [at("pipe")]);
    const child = swapper(
      `
      const { linkSync, renameSync, symlinkSync, writeFileSync } = require("node:fs");
      for (;;) {
        symlinkSync(${JSON.stringify(join(outside, "secret"))}, "l"); renameSync("l", "f");
        linkSync("pipe", "p"); renameSync("p", "f");
        writeFileSync("o", "own"); renameSync("o", "f");
      }`,
      workspace,
    );
    const seen = { own: 0, refused: 0 };
    for (let i = 0; i < rounds.max && (seen.own < rounds.each || seen.refused < rounds.each); i++) {
      const read = await readExact(workspace, "f");
      expect(read.ok ? read.value.text : "own").toBe("own");
      seen[read.ok ? "own" : "refused"]++;
    }
    await end(child);
    expect(Math.min(seen.own, seen.refused)).toBeGreaterThan(0);
    expect(lstatSync(join(outside, "secret")).size).toBe(6);
  });
});

test("a file that somebody writes to while it is read gives what was there, or is refused as too big", async () => {
  const { workspace, at } = openWorkspace();
  writeFileSync(at("log"), "");
  const writer = swapper(
    `
      const { appendFileSync, truncateSync } = require("node:fs");
      const line = "line\\n".repeat(20000);
      for (let i = 1; ; i++) { if (i % 300) appendFileSync("log", line); else truncateSync("log", 0); }`,
    workspace,
  );
  for (let i = 0; i < 100; i++) {
    const read = await readWhole(workspace, "log");
    expect(read.ok ? read.value.bytes.length : 0).toBeLessThanOrEqual(toolLimits.fileBytesMax);
    expect(read.ok ? "too big" : read.text).toContain("too big");
  }
  await end(writer);
});
