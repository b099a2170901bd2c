/** Tests that need something around their process, which they cannot make themselves, run in one of their own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { expect } from "vitest";

const top = join(import.meta.dirname, "../..");
const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

/** `inside`: what starts a program there. All tests of `file` have to pass; answers how many did. */
export async function runInside(
  inside: (program: readonly string[]) => [string, ...string[]],
  file: string,
): Promise<number> {
  const config = join(top, "test", "mounted.config.ts");
  const [program, ...words] = inside([process.execPath, vitest, "run", "--config", config, "--root", top, file]);
  const env = { ...process.env, NO_COLOR: "1" };
  const run = spawn(program, words, { cwd: top, env, stdio: ["ignore", "pipe", "pipe"] });
  const [out, err, [status]] = await Promise.all([text(run.stdout), text(run.stderr), once(run, "exit")]);
  expect(status, `${out}\n${err}`).toBe(0);
  return Number(/Tests\s+(\d+) passed/.exec(out)?.[1]);
}
