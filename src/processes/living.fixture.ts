/** For tests: who lives, seen from outside through `/proc`. */
import { environmentOf, livesInGroup, processIds } from "./proc.ts";
import { readFileSync } from "node:fs";

/** Ids of the living processes that carry the mark, for instance `LONGHAUL_RUN=abc`. */
export function livingWith(mark: string): number[] {
  return processIds().filter((pid) => `\0${environmentOf(pid).toString("latin1")}`.includes(`\0${mark}\0`));
}

export function lives(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const group = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]);
    return livesInGroup(pid, group);
  } catch (error) {
    if (error instanceof Error && "code" in error) return false;
    throw error;
  }
}
