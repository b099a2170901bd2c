/** Overlays can only be made by a process with mounts of its own: their tests run in one. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { inOwnMounts } from "./mounts.ts";

const top = join(import.meta.dirname, "../..");
const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

test("whatever every workspace does, overlays do", { timeout: 300_000 }, () => {
  const config = join(top, "test", "mounted.config.ts");
  const [program, ...words] = inOwnMounts([process.execPath, vitest, "run", "--config", config, "--root", top]);
  const run = spawnSync(program, words, { cwd: top, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } });
  expect(run.status, `${run.stdout}\n${run.stderr}`).toBe(0);
  expect(Number(/Tests\s+(\d+) passed/.exec(run.stdout)?.[1])).toBeGreaterThan(60);
});
