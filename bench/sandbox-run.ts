/** One case of the sandbox's figures, in a process of its own: starts COUNT programs at once, lets them stand, ends them. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { ProcessGroup, ProcessGroups } from "../src/engine/ports.ts";
import { openProcesses } from "../src/processes/processes.ts";
import { chooseSandbox } from "../src/sandbox/choose.ts";
import { confineGroups } from "../src/sandbox/confined-groups.ts";
import { usualBounds } from "../src/sandbox/inside.ts";
import { childCpuMs } from "./engine-ports.ts";

export const variants = ["none", "bubblewrap", "bubblewrap with a door"] as const;
export type SandboxCase = { variant: (typeof variants)[number]; count: number };
export type SandboxFigures = {
  /** From the order to the program's first word, of each. */
  startMs: number[];
  wallMs: number;
  /** Of each: what it and its helpers took to begin and to end; memory that is not shared, and its part of what is. */
  cpuMs: number;
  memoryMb: number;
};

async function measure({ variant, count }: SandboxCase): Promise<SandboxFigures> {
  const folder = mkdtempSync(join(tmpdir(), "longhaul-bench-"));
  const processes = openProcesses();
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const ports = variant === "bubblewrap with a door" ? [(server.address() as AddressInfo).port] : [];
  try {
    const groups = variant === "none" ? processes.groups : confined(processes.groups, folder);
    const path = "/usr/local/bin:/usr/bin:/bin";
    const cpuBefore = childCpuMs() ?? NaN;
    const startMs: number[] = [];
    const began = performance.now();
    const running: ProcessGroup[] = [];
    await Promise.all(
      Array.from({ length: count }, (_, index) => {
        const directory = join(folder, `${index}`);
        mkdirSync(directory);
        const ordered = performance.now();
        return new Promise<void>((resolve) => {
          const group = groups.spawn({
            argv: ["/bin/sh", "-c", "echo up; exec sleep 600"],
            directory,
            environment: { PATH: path, HOME: "/root" },
            stdin: null,
            onStdout: () => {
              startMs.push(performance.now() - ordered);
              resolve();
            },
            onStderr: (text) => process.stderr.write(text),
            access: { role: null, folder: null, words: [], writable: [], placed: [], hosts: [], ports },
          });
          running.push(group);
          void group.ended.then(() => resolve());
        });
      }),
    );
    const wallMs = performance.now() - began;
    const memoryMb = memoryOf(running.map(({ pid }) => pid ?? 0)) / count;
    // Asked, not killed: of what is killed from outside, nobody is told what it took.
    await Promise.all(running.map((group) => group.kill(60_000)));
    if (startMs.length < count) throw new Error(`${count - startMs.length} of ${count} programs did not begin`);
    return { startMs, wallMs, memoryMb, cpuMs: ((childCpuMs() ?? NaN) - cpuBefore) / count };
  } finally {
    await processes.stop();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function confined(groups: ProcessGroups, folder: string): ProcessGroups {
  const sockets = join(folder, "s");
  mkdirSync(sockets);
  return confineGroups(groups, {
    sandbox: chooseSandbox("auto", {
      environment: { PATH: "/usr/local/bin:/usr/bin:/bin" },
      image: null,
      folder: sockets,
    }),
    config: {
      network: { planner: [], worker: [], arbiter: [], judge: [], prepare: [], inside: [] },
      readable: [],
      caches: [],
    },
    bounds: usualBounds(totalmem()),
    stateFolder: join(folder, "state"),
    ownFiles: [],
    folder: sockets,
    report: (error) => console.error(error),
  });
}

/** In MB, of the groups that these processes lead and of what they have started since. */
function memoryOf(leaders: readonly number[]): number {
  const stats = readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? [statOf(Number(name))] : []));
  const ours = new Set(leaders);
  for (let before = 0; before !== ours.size;) {
    before = ours.size;
    for (const { pid, parent } of stats) if (ours.has(parent)) ours.add(pid);
  }
  return [...ours].reduce((sum, pid) => sum + proportionalMb(pid), 0);
}

function statOf(pid: number): { pid: number; parent: number } {
  const stat = read(`/proc/${pid}/stat`);
  return { pid, parent: Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? 0) };
}

const proportionalMb = (pid: number): number =>
  Number(/^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024;

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if (error instanceof Error && "code" in error) return ""; // It has just ended.
    throw error;
  }
}

if (import.meta.main) {
  const [one = ""] = parseArgs({ allowPositionals: true }).positionals;
  console.log(JSON.stringify(await measure(JSON.parse(one) as SandboxCase)));
}
