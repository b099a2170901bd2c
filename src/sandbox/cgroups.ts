/**
 * Owns control groups: bounds on the memory and the number of processes of one sandbox together, where the system lets us
 * make such groups (root, or a session whose groups systemd has handed to its user). Found out by really using one.
 * Invariant: a group is removed once its sandbox is gone; those of dead engines are when the next one begins.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { sandboxLimits } from "../domain/limits.ts";

export type GroupBounds = { processes: number; memoryBytes: number | null };

export type ControlGroup = {
  /** Files that a process writes its id to, in order to be in the group before it starts anything. */
  joins: readonly string[];
  /** Repeatable; must not throw. */
  remove(): void;
};

export interface ControlGroups {
  readonly holds: { memory: boolean; processes: boolean };
  /** Throws when none can be made. */
  make(bounds: GroupBounds): ControlGroup;
}

/** Folders in which groups can be made, with the files that bound them. */
type Place = { folder: string; memory: string | null; processes: string | null };

const prefix = "longhaul-";

/** null: this system has none for us. */
export function findControlGroups(): ControlGroups | null {
  if (process.platform !== "linux") return null;
  const lines = readText("/proc/self/cgroup").split("\n");
  const places = [...oldPlaces(lines), ...newPlace(lines)].filter(works);
  if (places.length === 0) return null;
  for (const { folder } of places) removeStale(folder);
  const left = new Set<string>();
  let made = 0;
  return {
    holds: {
      memory: places.some(({ memory }) => memory !== null),
      processes: places.some(({ processes }) => processes !== null),
    },
    make(bounds) {
      const name = `${prefix}${process.pid}-${++made}`;
      const folders = places.map((place) => makeGroup(place, name, bounds));
      return {
        joins: folders.map((folder) => join(folder, "cgroup.procs")),
        remove() {
          for (const folder of folders) left.add(folder);
          // One whose last process is still being buried is removed with the next.
          for (const folder of left) if (removeGroup(folder)) left.delete(folder);
        },
      };
    },
  };
}

/** Version 1 has a tree for each thing that can be bounded. */
function oldPlaces(lines: readonly string[]): Place[] {
  const folderOf = (controller: string): string | null => {
    const found = lines
      .map((line) => /^\d+:([^:]+):(.*)$/.exec(line))
      .find((each) => each?.[1]?.split(",").includes(controller));
    return found ? join("/sys/fs/cgroup", controller, found[2] ?? "") : null;
  };
  const [memory, processes] = [folderOf("memory"), folderOf("pids")];
  return [
    ...(memory === null ? [] : [{ folder: memory, memory: "memory.limit_in_bytes", processes: null }]),
    ...(processes === null ? [] : [{ folder: processes, memory: null, processes: "pids.max" }]),
  ];
}

/** Version 2 has one tree, in which a group with processes of its own cannot have bounded ones below it: then beside it. */
function newPlace(lines: readonly string[]): Place[] {
  const path = lines.map((line) => /^0::(.*)$/.exec(line)?.[1]).find((found) => found !== undefined);
  if (path === undefined || !existsSync("/sys/fs/cgroup/cgroup.controllers")) return [];
  const own = join("/sys/fs/cgroup", path);
  const place = [own, dirname(own)]
    .filter((folder) => folder.startsWith("/sys/fs/cgroup"))
    .map((folder) => ({ folder, memory: "memory.max", processes: "pids.max" }))
    .find(works);
  return place ? [place] : [];
}

function works(place: Place): boolean {
  const name = `${prefix}${process.pid}-probe-${Math.random().toString(36).slice(2)}`;
  try {
    const folder = makeGroup(place, name, { processes: 64, memoryBytes: 2 ** 30 });
    const joined = spawnSync("/bin/sh", ["-c", 'echo $$ >"$1"', "sh", join(folder, "cgroup.procs")], {
      env: {},
      stdio: "ignore",
      timeout: sandboxLimits.probeMs,
    });
    return joined.status === 0;
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    return false; // Not ours to use: the probe was for finding that out.
  } finally {
    removeGroup(join(place.folder, name));
  }
}

function makeGroup({ folder, memory, processes }: Place, name: string, bounds: GroupBounds): string {
  const own = join(folder, name);
  mkdirSync(own);
  try {
    if (memory !== null && bounds.memoryBytes !== null) writeFileSync(join(own, memory), String(bounds.memoryBytes));
    if (processes !== null) writeFileSync(join(own, processes), String(bounds.processes));
    return own;
  } catch (error) {
    removeGroup(own);
    throw error;
  }
}

/** false: it still has processes. */
function removeGroup(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === undefined) throw error;
    return code !== "EBUSY";
  }
}

function removeStale(folder: string): void {
  for (const name of readdirSync(folder).slice(0, sandboxLimits.staleGroupsMax)) {
    const [, pid] = /^longhaul-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removeGroup(join(folder, name));
  }
}

function readText(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
