/** Puts the parts together: the process groups of one engine, and the leftovers of the engines before it. */
import type { Environment, Leftovers, ProcessGroups } from "../engine/ports.ts";
import { spawnGroup } from "./group.ts";
import { MarkedProcesses } from "./marked.ts";
import { Pipes } from "./pipes.ts";
import { memoryBytesOf } from "./proc.ts";
import { Reaper } from "./reaper.ts";

export type Processes = {
  groups: ProcessGroups;
  leftovers: Leftovers;
  /** For tests and `longhaul doctor`; null while there is no reaper. */
  reaperPid(): number | null;
  /** What all processes with these marks take together; null: this system does not say. */
  memoryBytes(marks: Environment): Promise<number | null>;
  /** Kills what still runs and ends the reaper; nothing can be started afterwards. Waits; repeatable. */
  stop(): Promise<void>;
};

export function openProcesses(): Processes {
  const reaper = new Reaper();
  const pipes = new Pipes();
  const marked = new MarkedProcesses(() => [reaper.pid]);
  return {
    groups: {
      confines: false,
      spawn: (order) => spawnGroup(reaper, pipes, order),
      killMarked: (marks, spared) => marked.kill(marks, spared),
      findMarked: (marks) => marked.find(marks),
    },
    leftovers: { killAll: (run) => marked.kill({ LONGHAUL_RUN: run }) },
    reaperPid: () => reaper.pid,
    async memoryBytes(marks) {
      const pids = [...(await marked.find(marks))];
      return pids.reduce((sum, pid) => sum + memoryBytesOf(pid), 0) || null;
    },
    async stop() {
      await reaper.stop();
      pipes.close();
    },
  };
}
