/** Private caches are copied for each session: one that is too large for that is refused before anything begins. */
import { spawnSync } from "node:child_process";
import { EnvironmentError } from "../domain/environment-error.ts";
import { sandboxLimits } from "../domain/limits.ts";
import type { RunConfig } from "../domain/run-config.ts";

/** Throws an `EnvironmentError` that names the first one that is too large. */
export function requireSmallCaches(
  { caches }: Pick<RunConfig, "caches">,
  bytesMax: number = sandboxLimits.cacheBytesMax,
): void {
  for (const { path, mode } of caches) {
    const bytes = mode === "private" ? bytesOf(path) : 0;
    if (bytes > bytesMax)
      throw new EnvironmentError(
        path,
        `this private cache has ${megabytes(bytes)} MB; each session copies it, so it may have ${megabytes(bytesMax)} MB at most`,
        'Name a smaller folder in it, clean it, or make it mode: "read-only".',
      );
  }
}

/** As it takes room on the disk; 0: it is not there. */
function bytesOf(path: string): number {
  const { stdout } = spawnSync("du", ["-skH", "--", path], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return Number(/^\d+/.exec(stdout ?? "")?.[0] ?? 0) * 1_024;
}

const megabytes = (bytes: number): string => Math.floor(bytes / 1_048_576).toLocaleString("en");
