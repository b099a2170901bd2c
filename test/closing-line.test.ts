import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

const repository = dirname(import.meta.dirname);

type Run = { code: number | null; lastLine: string | undefined; output: string };

/** Runs vitest with the repository's own configuration on one planted test file. */
function runVitest(testFile: string, ...flags: string[]): Run {
  const folder = mkdtempSync(join(tmpdir(), "longhaul-closing-line-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const vitest = dirname(createRequire(import.meta.url).resolve("vitest/package.json"));
  symlinkSync(dirname(vitest), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  mkdirSync(join(folder, "test"));
  writeFileSync(join(folder, "test", "planted.test.ts"), `import {describe, expect, test} from "vitest";\n${testFile}`);
  const [config, reporter] = ["vitest.config.ts", "test/closing-line.ts"].map((path) => join(repository, path));
  writeFileSync(
    join(folder, "vitest.config.ts"),
    `import config from ${JSON.stringify(config)};
    export default { ...config, test: { ...config.test, globalSetup: [], reporters: ["default", ${JSON.stringify(reporter)}] } };`,
  );
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(vitest, "vitest.mjs"), "run", "--root", folder, "--config", join(folder, "vitest.config.ts"), ...flags],
    { encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } },
  );
  return { code: status, lastLine: stdout.trimEnd().split("\n").at(-1), output: stdout + stderr };
}

const passes = "test('a', () => {});";

test("a run in which everything passed ends with its numbers, after vitest's own summary", () => {
  const run = runVitest(`${passes} describe("s", () => { test("b", () => {}); });`);
  expect(run).toMatchObject({ code: 0, lastLine: "2 passed, 0 failed, 0 skipped" });
  expect(run.output).toMatch(/Tests +2 passed[^]*Duration[^]*\n2 passed, 0 failed, 0 skipped\n$/);
});

test("a failed test fails the run", () => {
  expect(runVitest(`${passes} test("b", () => expect(1).toBe(2));`)).toMatchObject({
    code: 1,
    lastLine: "1 passed, 1 failed, 0 skipped",
  });
});

test.each([
  ["a skipped test", "test.skip('b', () => {});"],
  ["a test that skips itself", "test('b', ({ skip }) => skip());"],
  ["a test under a condition", "test.runIf(false)('b', () => {});"],
  ["a todo", "test.todo('b');"],
  ["a skipped suite", "describe.skip('s', () => { test('b', () => {}); });"],
  ["a skipped suite without tests", "describe.skip('s', () => {});"],
])("%s fails the run and is named", (_, planted) => {
  const run = runVitest(passes + planted);
  expect(run).toMatchObject({ code: 1, lastLine: "1 passed, 0 failed, 1 skipped" });
  expect(run.output).toMatch(/Skipped tests fail the run:\n +test\/planted\.test\.ts > [bs]/);
});

test(".only fails the run", () => {
  expect(runVitest(`${passes} test.only("b", () => {});`).code).toBe(1);
});

test.each([
  ["a file that does not load", "throw new Error('planted');", "0 passed, 1 failed, 0 skipped"],
  ["a file without tests", "", "0 passed, 1 failed, 0 skipped"],
  [
    "an error outside any test",
    `${passes} void Promise.reject(new Error("planted"));`,
    "1 passed, 1 failed, 0 skipped",
  ],
])("%s fails the run and is counted", (_, planted, lastLine) => {
  expect(runVitest(planted)).toMatchObject({ code: 1, lastLine });
});

test("who narrows a run to some names does not fail it with the others", () => {
  expect(runVitest(`${passes} test("b", () => {});`, "-t", "a")).toMatchObject({
    code: 0,
    lastLine: "1 passed, 0 failed, 1 skipped",
  });
});
