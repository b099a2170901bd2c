/**
 * Sandboxes by bubblewrap, Linux only: namespaces of the program's own for users, processes, network, mounts and IPC,
 * without rights, without a way to new ones.
 *
 * The program stays in the process group that it is started in, so that the group can be asked to end: no controlling
 * terminal can be reached, for a group has a session of its own (`src/processes`). bubblewrap itself ignores SIGTERM, else
 * it would end first and take the program with it; the program does not.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { extname, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sandboxLimits } from "../domain/limits.ts";
import { probeBubblewrap, type Bubblewrap } from "./bubblewrap-probe.ts";
import { findControlGroups, type ControlGroups } from "./cgroups.ts";
import { inside, insideArgv, proxyEnvironment } from "./inside.ts";
import { mountWords, scratchFolders } from "./mounts.ts";
import type { Confined, Probed, Sandbox, SandboxOrder } from "./sandbox.ts";
import { systemFiles, type SystemFile } from "./system-files.ts";

export type BubblewrapOptions = {
  /** The operator's. */
  path: string;
  /** Ours alone, for as long as the sandbox is used. */
  folder: string;
};

/** With these arguments: `JOIN… -- bwrap …`, where each JOIN is a file of a control group. */
const outerScript = `trap '' TERM; while [ "$1" != -- ]; do echo $$ >"$1" || exit 126; shift; done; shift; exec "$@"`;

const extension = extname(fileURLToPath(import.meta.url));
const forwarderFile = fileURLToPath(new URL(`./forwarder${extension}`, import.meta.url));
/** A module by its name alone: no package lies beside it there. */
const forwarderInside = `${inside.folder}/forwarder${extension.replace(".", ".m")}`;

export function openBubblewrap({ path, folder }: BubblewrapOptions): Probed {
  const probed = probeBubblewrap(path);
  if (!probed.ok) return probed;
  const { found } = probed;
  const groups = findControlGroups();
  const hosts = join(folder, "hosts");
  writeFileSync(hosts, "127.0.0.1 localhost\n::1 localhost\n");
  const parts: Parts = { found, groups, system: systemFiles(), hosts };
  const sandbox: Sandbox = {
    kind: "bubblewrap",
    says: saysOf(found, groups),
    confine: (order) => confine(order, parts),
  };
  return { ok: true, sandbox };
}

const kernelWords = (hosts: string) => ["--ro-bind", hosts, "/etc/hosts", "--proc", "/proc", "--dev", "/dev"];

/** Root in there is root to the settings of the kernel: that it has no capabilities does not matter to them. */
const sealed = ["--remount-ro", "/proc", "--remount-ro", "/"];

type Parts = { found: Bubblewrap; groups: ControlGroups | null; system: readonly SystemFile[]; hosts: string };

function confine(order: SandboxOrder, { found, groups, system, hosts }: Parts): Confined {
  const home = homeOf(order.environment["HOME"]);
  if (order.scratch !== null)
    for (const name of scratchFolders(order)) mkdirSync(join(order.scratch, name), { recursive: true });
  const group = groups?.make(order.limits) ?? null;
  const { proxy, doors } = order;
  const mounts = mountWords({ ...order, system, home, tmpBytes: sandboxLimits.tmpBytesMax, canSize: found.canSize });
  const openings = [
    ...(proxy === null ? [] : ["--ro-bind", proxy, inside.proxy]),
    ...doors.flatMap(({ port, socket }) => ["--ro-bind", socket, inside.door(port)]),
  ];
  const forwarding =
    openings.length === 0
      ? []
      : ["--ro-bind", process.execPath, inside.node, "--ro-bind", forwarderFile, forwarderInside, ...openings];
  return {
    argv: [
      "/bin/sh",
      "-c",
      found.keepsTerm ? outerScript : outerScript.replace("trap '' TERM; ", ""),
      "longhaul",
      ...(group?.joins ?? []),
      "--",
      found.program,
      ...found.confinement,
      ...mounts,
      ...kernelWords(hosts),
      ...forwarding,
      ...sealed,
      "--chdir",
      order.directory,
      "--",
      ...insideArgv(order, forwarderInside, found),
    ],
    directory: order.directory,
    environment: { ...order.environment, HOME: home, ...(proxy !== null && proxyEnvironment()) },
    release: () => group?.remove(),
  };
}

/** A home that is the root of everything, or none at all, cannot be made private. */
const homeOf = (home: string | undefined): string =>
  home === undefined || !isAbsolute(home) || /^\/*$|^\/(usr|proc|dev|run|etc|tmp)\/*$/.test(home) ? "/tmp/home" : home;

function saysOf(found: Bubblewrap, groups: ControlGroups | null): string[] {
  const memory = groups?.holds.memory ? "bounded" : "not bounded (this system lets us have no control groups)";
  const counted =
    found.countsProcesses || groups?.holds.processes ? "bounded" : "not bounded (root without control groups)";
  return [
    `bubblewrap ${found.version} (${found.program}): programs see their workspace, the system's programs, and what the configuration names.`,
    `CPU seconds and file sizes: ${found.prlimit === null ? "not bounded (there is no prlimit)" : "bounded"}; processes: ${counted}; memory: ${memory}.`,
    ...(found.disablesUserNamespaces
      ? []
      : ["Programs can make user namespaces of their own: bubblewrap 0.8 or newer prevents that."]),
    ...(found.keepsTerm ? [] : ["Programs are killed without being asked to end first: env has no --default-signal."]),
  ];
}
