/** Who drives a run, and whether that process is alive: only a process of this very machine can be known to be dead. */
import { hostname } from "node:os";
import type { EngineLease, Run } from "../domain/run.ts";

export type EngineHolder = EngineLease;

/** The engine that drives the run now, if it is not known to be dead and its lease is valid. */
export function engineOf(run: Run): EngineHolder | null {
  const { engine } = run;
  return engine && !isDead(engine) && engine.leaseUntil > Date.now() ? engine : null;
}

export function isDead({ host, pid }: EngineLease): boolean {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
