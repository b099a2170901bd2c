/**
 * Owns how much memory is free for programs that are started next. Node's own answer counts the files that the kernel keeps in memory
 * as used where a control group sets a limit (a container, a service): after a few hours nothing would be free.
 */
import { readFileSync } from "node:fs";
import { freemem } from "node:os";
import { join, posix } from "node:path";

/** Below `root`: `proc/self/cgroup`, `sys/fs/cgroup`. */
type System = { root: string; freeBytes(): number };
/** macOS calls next to nothing free: there the second counts what it gives up at once as well, and elsewhere it is never more. */
const thisSystem: System = { root: "/", freeBytes: () => Math.max(freemem(), process.availableMemory()) };

/** Of version 2 and of version 1 of control groups (the kernel's cgroup-v2 and cgroup-v1/memory). */
const versions = [
  {
    line: /^0::(\/.*)$/m,
    at: "sys/fs/cgroup",
    limit: "memory.max",
    used: "memory.current",
    droppable: /^inactive_file (\d+)$/m,
  },
  {
    line: /^\d+:(?:[^:\n]*,)?memory(?:,[^:\n]*)?:(\/.*)$/m,
    at: "sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    droppable: /^total_inactive_file (\d+)$/m,
  },
];

/** Without what the kernel gives up at once. */
export function freeMemoryBytes(system: System = thisSystem): number {
  const read = (...path: string[]) => readOrNull(join(system.root, ...path));
  const groups = read("proc/self/cgroup") ?? "";
  let free = system.freeBytes();
  for (const { line, at, limit, used, droppable } of versions) {
    // From inside a container the path may be one of outside: the container's own group is at the top then.
    for (
      let group = line.exec(groups)?.[1];
      group !== undefined;
      group = group === "/" ? undefined : posix.dirname(group)
    ) {
      const [most, now] = [Number(read(at, group, limit) ?? "max"), Number(read(at, group, used) ?? "0")];
      const files = Number(droppable.exec(read(at, group, "memory.stat") ?? "")?.[1] ?? 0);
      if (Number.isFinite(most)) free = Math.min(free, Math.max(0, most - now + Math.min(files, now)));
    }
  }
  return free;
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Not Linux, another kind of control group, or none.
    return null;
  }
}
