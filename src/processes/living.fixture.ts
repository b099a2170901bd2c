/** For tests: who lives, seen from outside through `/proc`. */
import { readFileSync } from "node:fs";
import { environmentOf, livesInGroup, processIds } from "./proc.ts";

/** Ids of the living processes that carry the mark, for instance `LONGHAUL_RUN=abc`. */
export function livingWith(mark: string): number[] {
  return processIds().filter((pid) => `\0${environmentOf(pid).toString("latin1")}`.includes(`\0${mark}\0`));
}

/** False for zombies. */
export function lives(pid: number): boolean {
  return livesInGroup(pid, Number(statOf(pid)[2]));
}

/** Without id and name: state, parent, group, … */
function statOf(pid: number): string[] {
  const stat = read(pid, "stat");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch (error) {
    if (error instanceof Error && "code" in error) return "";
    throw error;
  }
}
