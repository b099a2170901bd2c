/** `longhaul doctor`: what this machine has left, and how many of the configured coding agents it holds. */
import { statfs } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { memoryFor } from "../../domain/admission.ts";
import { doubtful, good, type Finding } from "../../domain/finding.ts";
import { limitDefaults, type Limits, type Parallel } from "../../domain/limits.ts";
import type { RunConfig } from "../../domain/run-config.ts";
import { room } from "../../terminal/amounts.ts";
import { placedAgents } from "../agent-needs.ts";
import { freeMemoryBytes } from "../../processes/memory.ts";

export type Machine = {
  disk: { path: string; freeBytes: number };
  memory: { freeBytes: number; totalBytes: number };
  processors: number;
};

export async function lookAtMachine(path: string): Promise<Machine> {
  const { bavail, bsize } = await statfs(path);
  // 0, or more than there is: nothing constrains this process.
  const constrained = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return {
    disk: { path, freeBytes: bavail * bsize },
    memory: { freeBytes: freeMemoryBytes(), totalBytes: Math.min(totalmem(), constrained) },
    processors: availableParallelism(),
  };
}

export function machineFindings(machine: Machine, config: RunConfig | null): Finding[] {
  const { disk, memory, processors } = machine;
  const { diskFreeBytesMin }: Pick<Limits, "diskFreeBytesMin"> = config?.limits ?? limitDefaults;
  const at = (name: string) => ({ group: "machine", name }) as const;
  return [
    disk.freeBytes < diskFreeBytesMin
      ? doubtful(
          at("disk"),
          `${room(disk.freeBytes)} free at ${disk.path}`,
          `Make room: with less than ${room(diskFreeBytesMin)} a run pauses.`,
        )
      : good(at("disk"), `${room(disk.freeBytes)} free`),
    good(at("memory"), `${room(memory.freeBytes)} free of ${room(memory.totalBytes)}`),
    good(at("processors"), String(processors)),
    ...(config === null ? [] : roomFindings(memory.freeBytes, config)),
  ];
}

/** Coding agents wait for memory; of other programs nobody knows what they take. One line for agents that are alike. */
function roomFindings(freeBytes: number, config: RunConfig): Finding[] {
  const alike = new Map<string, { memoryBytes: number; places: Set<string> }>();
  for (const { place, agent } of placedAgents(config)) {
    const known = config.agents[agent];
    if (known?.kind !== "acp") continue;
    const name = known.name === "own" ? agent : known.name;
    const before = alike.get(name) ?? { memoryBytes: known.preset.memoryBytes, places: new Set() };
    alike.set(name, { ...before, places: before.places.add(place) });
  }
  return [...alike].map(([name, each]) => {
    const at = { group: "machine", name: `room: ${name}` } as const;
    const wanted = wantedAtOnce(each.places, config.parallel);
    const fit = fitting(freeBytes, each.memoryBytes);
    const found = `${fit} fit by memory (${room(each.memoryBytes)} each), at most ${wanted} run at once`;
    if (fit >= wanted) return good(at, found);
    return doubtful(at, found, "The others wait for memory: lower parallel in the configuration, or free some.");
  });
}

/** Some memory stays free whoever starts. */
export const fitting = (freeBytes: number, eachBytes: number): number =>
  Math.max(0, Math.floor(memoryFor(freeBytes) / eachBytes));

/** An area's agent may be of either kind. There is one judge. */
function wantedAtOnce(places: ReadonlySet<string>, { workers, planners }: Parallel): number {
  const has = (place: string) => places.has(place) || (place !== "judge" && places.has("areas"));
  return (has("worker") || has("arbiter") ? workers : 0) + (has("planner") ? planners : 0) + (has("judge") ? 1 : 0);
}
