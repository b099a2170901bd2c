/**
 * Owns the copying of folders of files by `cp`. Times stay: only then git need not read files that look as if they were written with the
 * index. A program and not `fs.cp`: Node cannot clone on macOS, and tens of thousands of calls are not for the engine's loop.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { RunId } from "../domain/ids.ts";
import { gitLimits } from "../domain/limits.ts";
import { BoundedChild } from "./bounded-child.ts";
import type { Environment } from "./git-process.ts";

/** Each file shares its blocks with the one that it was copied from, or the copy fails. */
export const cloning: readonly string[] = process.platform === "darwin" ? ["-RPpc"] : ["-RPp", "--reflink=always"];
export const copying: readonly string[] = ["-RPp"];

/** `how`: one of the above. Into the folder `to`, or as `to` if that is not there; all are absolute. `environment`: of it `cp` sees only PATH. */
export async function copyFiles(
  how: readonly string[],
  from: readonly string[],
  to: string,
  environment: Environment,
  run?: RunId,
): Promise<void> {
  const env = { PATH: environment["PATH"] ?? "", LC_ALL: "C", ...(run ? { LONGHAUL_RUN: run } : {}) };
  // Detached, as git is: Ctrl-C is for the engine to answer.
  const child = spawn("cp", [...how, "--", ...from, to], {
    env,
    cwd: "/",
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const bounded = new BoundedChild(child, gitLimits.processMs);
  try {
    const [code] = (await once(child, "close")) as [number | null];
    if (code === 0) return;
  } finally {
    bounded.settle();
  }
  throw new Error(`cp: ${bounded.stopped ?? (bounded.stderr.trim().split("\n")[0] || "failed and said nothing")}`);
}
