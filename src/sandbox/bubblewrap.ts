/**
 * Sandboxes by bubblewrap, Linux only: namespaces of the program's own for users, processes, network, mounts and IPC,
 * without rights, without a way to new ones.
 *
 * The program stays in the process group that it is started in, so that the group can be asked to end: no controlling
 * terminal can be reached, for a group has a session of its own (`src/processes`). bubblewrap itself ignores SIGTERM, else
 * it would end first and take the program with it; the program does not.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sandboxLimits } from "../domain/limits.ts";
import { probeBubblewrap, type Bubblewrap } from "./bubblewrap-probe.ts";
import { copyScript } from "./cache-copies.ts";
import { findControlGroups, type ControlGroups } from "./cgroups.ts";
import { forwarderText } from "./forwarder.ts";
import { homeOf, inside, insideArgv, proxyEnvironment } from "./inside.ts";
import { cacheCopies, mountWords, scratchFolders } from "./mounts.ts";
import type { Confined, Probed, Sandbox, SandboxOrder } from "./sandbox.ts";
import { systemFiles, type SystemFile } from "./system-files.ts";

export type BubblewrapOptions = {
  /** The operator's. */
  path: string;
  /** Ours alone, for as long as the sandbox is used. */
  folder: string;
};

/**
 * `TERM SECONDS BLOCKS STATUS {FROM TO}… -- JOIN… -- bwrap …`: what to do about SIGTERM, limits, copies of caches, and files of a
 * control group to join.
 */
const outerScript =
  'trap "$1" TERM; exec 3>"$4" || exit 126; seconds=$2 blocks=$3; shift 4; ' +
  copyScript +
  'ulimit -c 0; ulimit -t "$seconds"; ulimit -f "$blocks"; ' +
  'while [ "$1" != -- ]; do echo $$ >"$1" || exit 126; shift; done; shift; exec "$@"';
/** What POSIX counts the size of files in. */
const blockBytes = 512;

export function openBubblewrap({ path, folder }: BubblewrapOptions): Probed {
  const probed = probeBubblewrap(path);
  if (!probed.ok) return probed;
  const { found } = probed;
  const groups = findControlGroups();
  const forwarder = join(folder, "forwarder.cjs");
  writeFileSync(forwarder, forwarderText());
  let opened = 0;
  const nextStatus = () => join(folder, `status-${++opened}`);
  const parts: Parts = { found, groups, system: systemFiles(join(folder, "etc")), forwarder, nextStatus };
  const sandbox: Sandbox = {
    kind: "bubblewrap",
    says: saysOf(found, groups),
    lacks: [],
    confine: (order) => confine(order, parts),
  };
  return { ok: true, sandbox };
}

/** Root in there is root to the settings of the kernel: that it has no capabilities does not matter to them. */
const kernel = ["--proc", "/proc", "--dev", "/dev"];
const sealed = ["--remount-ro", "/proc", "--remount-ro", "/"];

type Parts = {
  found: Bubblewrap;
  groups: ControlGroups | null;
  system: readonly SystemFile[];
  forwarder: string;
  /** A file for what bubblewrap tells of itself. */
  nextStatus(): string;
};

function confine(order: SandboxOrder, { found, groups, system, forwarder, nextStatus }: Parts): Confined {
  const home = homeOf(order.environment["HOME"]);
  if (order.scratch !== null)
    for (const name of scratchFolders(order, existsSync)) mkdirSync(join(order.scratch, name), { recursive: true });
  const group = groups?.make(order.limits) ?? null;
  const { proxy, doors } = order;
  const status = nextStatus();
  const mounts = mountWords({ ...order, system, home, tmpBytes: sandboxLimits.tmpBytesMax, canSize: found.canSize });
  const openings = [
    ...(proxy === null ? [] : ["--ro-bind", proxy, inside.proxy]),
    ...doors.flatMap(({ port, socket }) => ["--ro-bind", socket, inside.door(port)]),
  ];
  const forwarding =
    openings.length === 0
      ? []
      : ["--ro-bind", process.execPath, inside.node, "--ro-bind", forwarder, inside.forwarder, ...openings];
  return {
    argv: [
      "/bin/sh",
      "-c",
      outerScript,
      "longhaul",
      found.keepsTerm ? "" : "-",
      String(order.limits.cpuSeconds),
      String(Math.floor(order.limits.fileBytes / blockBytes)),
      status,
      ...cacheCopies(order, existsSync).flatMap(({ from, to }) => [from, to]),
      "--",
      ...(group?.joins ?? []),
      "--",
      found.program,
      ...found.confinement,
      "--json-status-fd",
      "3",
      ...mounts,
      ...kernel,
      ...forwarding,
      ...sealed,
      "--chdir",
      order.directory,
      "--",
      ...insideArgv(order, found),
    ],
    directory: order.directory,
    environment: { ...order.environment, HOME: home, ...(proxy !== null && proxyEnvironment()) },
    began: () => saysExit(status),
    async release() {
      group?.remove();
      rmSync(status, { force: true });
    },
  };
}

/** bubblewrap tells how a program ended only if it had come to start it. */
function saysExit(status: string): boolean {
  try {
    return readFileSync(status, "utf8").includes('"exit-code"');
  } catch (error) {
    if (error instanceof Error && "code" in error) return false;
    throw error;
  }
}

function saysOf(found: Bubblewrap, groups: ControlGroups | null): string[] {
  const memory = groups?.holds.memory ? "bounded" : "not bounded (this system lets us have no control groups)";
  const counted =
    found.prlimit !== null || groups?.holds.processes
      ? "bounded"
      : "not bounded (root, an old kernel or no prlimit, and no control groups)";
  return [
    `bubblewrap ${found.version} (${found.program}): programs see their workspace, the system's programs, and what the configuration names.`,
    `CPU seconds and file sizes: bounded; processes: ${counted}; memory: ${memory}.`,
    ...(found.disablesUserNamespaces
      ? []
      : ["Programs can make user namespaces of their own: bubblewrap 0.8 or newer prevents that."]),
    ...(found.keepsTerm ? [] : ["Programs are killed without being asked to end first: env has no --default-signal."]),
  ];
}
