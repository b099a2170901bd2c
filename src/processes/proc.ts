/**
 * Owns reading `/proc`, Linux only: which processes there are, their groups and their environments. Elsewhere it
 * knows of none. What vanishes while it is read, or belongs to somebody else, is skipped.
 */
import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { processLimits } from "../domain/limits.ts";

const linux = process.platform === "linux";
let buffer = Buffer.allocUnsafe(65_536);

export function processIds(): number[] {
  return linux ? readdirSync("/proc").flatMap((name) => (/^[1-9]/.test(name) ? [Number(name)] : [])) : [];
}

/** Every variable ends with a NUL. The bytes are good until the next call. A zombie has none. */
export function environmentOf(pid: number): Buffer {
  return readFile(`/proc/${pid}/environ`);
}

/** What it takes for itself, and its part of what it has in common with others. 0: it is gone, or somebody else's. */
export function memoryBytesOf(pid: number): number {
  const [, kilobytes = "0"] = /^Pss:\s+(\d+) kB$/m.exec(readFile(`/proc/${pid}/smaps_rollup`).toString("latin1")) ?? [];
  return Number(kilobytes) * 1_024;
}

/** Whether it lives (zombies do not) and is in the group. */
export function livesInGroup(pid: number, group: number): boolean {
  const stat = readFile(`/proc/${pid}/stat`).toString("latin1");
  // pid (name) state parent group …; the name may contain anything.
  const [state, , itsGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ", 3);
  return Number(itsGroup) === group && state !== "Z" && state !== "X";
}

/**
 * Waits until the group has no living member; false when it still has one at `until` (on the clock of
 * `performance.now`). Zombies are the business of whoever inherits them: pid 1 of a container may take seconds.
 */
export async function groupEmpties(group: number, exists: () => boolean, until: number): Promise<boolean> {
  let known: number[] = [];
  for (let pause: number = processLimits.pollMs, first = true; exists(); first = false) {
    if (linux && !first) {
      known = known.filter((pid) => livesInGroup(pid, group));
      // A whole pass is dear, so it is made only when all the known ones are gone.
      if (known.length === 0) known = processIds().filter((pid) => livesInGroup(pid, group));
      if (known.length === 0) return true;
    }
    if (performance.now() >= until) return false;
    await sleep(pause);
    pause = Math.min(pause * 2, processLimits.pollMsMax);
  }
  return true;
}

function readFile(path: string): Buffer {
  let file: number | null = null;
  try {
    file = openSync(path, "r");
    let length = 0;
    for (;;) {
      const read = readSync(file, buffer, length, buffer.length - length, null);
      length += read;
      if (read === 0 || length >= processLimits.environBytesMax) return buffer.subarray(0, length);
      if (length === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2);
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ESRCH" || code === "EACCES" || code === "EPERM" || code === "EMFILE")
      return buffer.subarray(0, 0);
    throw error;
  } finally {
    if (file !== null) closeSync(file);
  }
}
