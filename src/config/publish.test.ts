import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { loadConfig } from "../config.ts";

async function read(publish: unknown) {
  const folder = await mkdtemp(join(tmpdir(), "longhaul-publish-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "longhaul.config.json");
  const config = { roles: { planner: "p", worker: "w" }, acceptance: ["true"], publish };
  await writeFile(path, JSON.stringify(config));
  return (await loadConfig(path)).config.publish;
}

test("a remote alone gets branches of the run's own, and follows nothing", async () => {
  expect(await read({ remote: "origin" })).toEqual({
    remote: "origin",
    trunk: "longhaul/{run}",
    green: "longhaul/{run}-green",
    follow: null,
  });
  expect(await read(undefined)).toBeNull();
});

test.each([
  [{ remote: "https://ada:secret@example.org/a.git" }, /publish\.remote.*password/s],
  [{ remote: "ext::sh -c true" }, /publish\.remote/],
  [{ remote: "origin", trunk: "a b" }, /publish\.trunk.*not a name for a branch/s],
  [{ remote: "origin", trunk: "a", green: "a" }, /publish.*a branch each/s],
  [{ remote: "origin", branch: "main" }, /branch/],
])("%j is refused, and the place is named", async (publish, fault) => {
  await expect(read(publish)).rejects.toThrow(fault);
});
