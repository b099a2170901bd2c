/** Numbers of the configuration with which nothing could happen, or everything at once. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { loadConfig } from "../config.ts";

async function read(part: object) {
  const folder = await mkdtemp(join(tmpdir(), "longhaul-bounds-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "longhaul.config.json");
  await writeFile(path, JSON.stringify({ roles: { planner: "p", worker: "w" }, acceptance: ["true"], ...part }));
  return (await loadConfig(path)).config;
}

const month = 30 * 86_400_000;

test.each([
  [{ limits: { cyclesMax: 0 } }, /limits\.cyclesMax/],
  [{ limits: { landingTriesMax: 0 } }, /limits\.landingTriesMax/],
  [{ limits: { pollMs: 0 } }, /limits\.pollMs/],
  // A timer of a month fires at once.
  [{ limits: { hardDeadlineMs: month } }, /limits\.hardDeadlineMs.*2147483647/],
  [{ limits: { retryBackoffMsMax: month } }, /limits\.retryBackoffMsMax.*2147483647/],
  [{ checks: [{ name: "a", command: "a", timeoutMs: month }] }, /checks\.0\.timeoutMs.*2147483647/],
])("%j is refused, and the place is named", async (part, fault) => {
  await expect(read(part)).rejects.toThrow(fault);
});

test("0 says none, or at once, where that means something", async () => {
  const limits = { planDepthMax: 0, bisectMs: 0, drainMs: 0, conflictLeaseMs: 0 };
  expect((await read({ limits })).limits).toMatchObject(limits);
});
