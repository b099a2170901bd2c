/** Has a command that drives a run work in a mount namespace of its own, where workspaces can be overlays. */
import { environment, ownMounts } from "../config.ts";
import { inOwnMounts, whyNoMounts } from "../git/mounts.ts";

/**
 * Begins the command anew, in place of this very process: terminal, signals and exit code stay what they are to whoever
 * started it. Does nothing where that cannot be; workspaces are copies then.
 */
export function enterOwnMounts(): void {
  if (ownMounts || !process.execve || whyNoMounts(environment["PATH"] ?? "") !== null) return;
  const command = inOwnMounts([process.execPath, ...process.execArgv, ...process.argv.slice(1)]);
  // Only a shell looks for programs along PATH.
  const words = ["sh", "-c", 'exec "$@"', "longhaul", ...command];
  process.execve("/bin/sh", words, { ...environment, LONGHAUL_MOUNTS: "own" });
}
