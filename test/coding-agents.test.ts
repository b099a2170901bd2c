/** How the agents get where tests find them; what they do is tested with the agents. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { acpPresets } from "../src/config/acp-presets.ts";
import { codingAgent, codingAgentsTested, install } from "./coding-agents.ts";

let at = "";
beforeEach(() => {
  at = mkdtempSync(join(tmpdir(), "longhaul-coding-agents-"));
  onTestFinished(() => rmSync(at, { recursive: true }));
  writeFileSync(join(at, "package-lock.json"), "{}");
});

const npm = (script: string): string[] => ["sh", "-c", script];
const times = (): number => readFileSync(join(at, "log"), "utf8").length;

test("installs once, whoever calls at the same time, and again when the lock has changed", async () => {
  const ci = npm("printf x >> log");
  await Promise.all([install(at, ci), install(at, ci), install(at, ci)]);
  expect(times()).toBe(1);
  writeFileSync(join(at, "package-lock.json"), '{"lockfileVersion":3}');
  await install(at, ci);
  expect(times()).toBe(2);
});

test("a failed installation says what npm said and how to mend it, and is tried again", async () => {
  await expect(install(at, npm("echo no such version >&2; exit 1"))).rejects.toThrow(
    /could not be installed in .*npm ended with 1\nno such version\n\nMend what npm says, run `sh/s,
  );
  await install(at, npm("printf x >> log"));
  expect(times()).toBe(1);
});

test("an installation that hangs is ended", async () => {
  await expect(install(at, ["sleep", "1000"], 100)).rejects.toThrow(/npm took too long/);
});

test("every preset has its agent in a test package, and an unknown one is refused", async () => {
  expect(Object.keys(acpPresets)).toEqual(expect.arrayContaining([...codingAgentsTested]));
  await expect(codingAgent("nobody")).rejects.toThrow("no test package has a coding agent for the preset nobody");
});

test.each(["", "more/"])("test/coding-agents/%spackage-lock.json names no address to download from", (more) => {
  const read = (name: string) => readFileSync(join(import.meta.dirname, "coding-agents", more, name), "utf8");
  expect(read("package-lock.json")).not.toContain('"resolved"');
  const versions = Object.values((JSON.parse(read("package.json")) as { dependencies: object }).dependencies);
  expect(versions.filter((version: string) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});
