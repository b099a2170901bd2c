/** Overlays can only be made by a process with mounts of its own: their tests run in one. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { inOwnMounts } from "./mounts.ts";

const top = join(import.meta.dirname, "../..");
const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

test("whatever every workspace does, overlays do", { timeout: 600_000 }, async () => {
  const config = join(top, "test", "mounted.config.ts");
  const [program, ...words] = inOwnMounts([process.execPath, vitest, "run", "--config", config, "--root", top]);
  const env = { ...process.env, NO_COLOR: "1" };
  const run = spawn(program, words, { cwd: top, env, stdio: ["ignore", "pipe", "pipe"] });
  const [out, err, [status]] = await Promise.all([text(run.stdout), text(run.stderr), once(run, "exit")]);
  expect(status, `${out}\n${err}`).toBe(0);
  expect(Number(/Tests\s+(\d+) passed/.exec(out)?.[1])).toBeGreaterThan(60);
});
