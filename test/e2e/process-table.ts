/** Which processes carry a variable in their environment: how a world and a run find what belongs to them. */
import { readdirSync, readFileSync } from "node:fs";
import { until } from "./until.ts";

export type Found = { pid: number; command: string };

/** Living ones only. `variables`: texts such as `LONGHAUL_RUN=r1`; all must be there. */
export function processesWith(...variables: string[]): Found[] {
  const found: Found[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const own = readOrNothing(`/proc/${name}/environ`).split("\0");
    if (!variables.every((variable) => own.includes(variable))) continue;
    found.push({ pid: Number(name), command: readOrNothing(`/proc/${name}/cmdline`).replaceAll("\0", " ").trim() });
  }
  return found;
}

/** A process may take a moment to be reaped after its SIGKILL; one that stays is named. */
export async function noneLeft(...variables: string[]): Promise<void> {
  await until(
    `no process with ${variables.join(" ")}`,
    () => processesWith(...variables).length === 0,
    () => JSON.stringify(processesWith(...variables)),
  );
}

/** SIGKILL; one that is gone already is fine. */
export function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** What vanishes while it is read is gone. */
function readOrNothing(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH" || code === "EACCES" || code === "EPERM") return "";
    throw error;
  }
}
