/**
 * Sandboxes by containers of Docker or Podman, on the Linux that we run on. Programs are those of an image that the operator names; it is
 * never pulled.
 *
 * A container belongs to a daemon or a monitor, not to the process that asked for it. So whoever kills that process kills the container by
 * its name afterwards, a guard does so when the engine itself is killed, and what is left of dead engines is removed by the next.
 */
import { execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { sandboxLimits } from "../domain/limits.ts";
import type { Environment } from "../engine/ports.ts";
import { copyScript } from "./cache-copies.ts";
import { begun, clientEnvironment, containerWords, type Ceilings, type OperatorEnvironment } from "./docker-words.ts";
import { forwarderText } from "./forwarder.ts";
import { homeOf, inside, insideArgv, proxyEnvironment } from "./inside.ts";
import { cacheCopies, scratchFolders } from "./mounts.ts";
import type { Confined, Lack, Sandbox, SandboxOrder } from "./sandbox.ts";

export type Containers = {
  /** `docker` or `podman`: absolute. */
  program: string;
  image: string;
  /** Ours alone, for as long as the sandbox is used. */
  folder: string;
  /** The operator's. */
  environment: OperatorEnvironment;
  ceilings: Ceilings;
  /** Names of variables that come with the image. */
  unasked: readonly string[];
};

/** All of this machine's have it. */
export const label = `longhaul=${hostname()}`;
export const namePrefix = "longhaul-";

/**
 * `ENDED NAME FROM TO … -- docker run …`: the client has a session of its own, for what it does about signals depends on when they come: asked to
 * end, we tell the container, as soon as there is one.
 */
const outerScript =
  `ended=$1 name=$2; shift 2; ${copyScript}client=$1; ` +
  `trap '( tries=0; until "$client" kill --signal TERM "$name" || [ "$tries" -ge ${sandboxLimits.askTriesMax} ]; do tries=$((tries + 1)); sleep 0.1; done ) >/dev/null 2>&1 &' TERM; ` +
  // What is started in the background has no standard input otherwise. A wait that was interrupted is begun again.
  'exec 3<&0; command -p setsid "$@" <&3 & child=$!; wait "$child"; code=$?; while kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done; ' +
  '[ "$code" -ge 125 ] || echo "$code" >"$ended"; exit "$code"';

/** `CLIENT NAMES`: waits for the end of the engine, which holds the other end of its standard input. */
const guardScript = `trap '' HUP INT TERM; read -r _; ids=$("$1" ps --all --quiet --filter "name=$2"); [ -z "$ids" ] || exec "$1" rm --force $ids`;

export function dockerSandbox(containers: Containers, lacks: readonly Lack[]): Sandbox {
  const forwarder = join(containers.folder, "forwarder.cjs");
  writeFileSync(forwarder, forwarderText());
  // Unlike any other's in this process, so that the guard kills no container of another sandbox.
  const names = `${namePrefix}${process.pid}-${randomUUID().slice(0, 8)}-`;
  let opened = 0;
  let guarded = false;
  return {
    kind: "docker",
    says: [
      `${containers.program}, image ${containers.image}: programs are the image's; they see their workspace, and what the configuration names.`,
      "CPU seconds and file sizes: bounded; processes: bounded; memory: bounded.",
    ],
    lacks,
    confine(order) {
      if (!guarded) guard(containers, names);
      guarded = true;
      return confine(order, containers, `${names}${++opened}`, forwarder);
    },
  };
}

function confine(order: SandboxOrder, containers: Containers, name: string, forwarder: string): Confined {
  const own = join(containers.folder, name);
  mkdirSync(own, { mode: 0o700 });
  const shared = join(own, "inside");
  mkdirSync(shared, { mode: 0o700 });
  if (order.scratch !== null)
    for (const each of scratchFolders(order, existsSync)) mkdirSync(join(order.scratch, each), { recursive: true });
  const home = homeOf(order.environment["HOME"]);
  const environment = { ...order.environment, ...(order.proxy !== null && proxyEnvironment()) };
  const client = clientEnvironment(containers.environment);
  const words = containerWords({
    ...containers,
    order: { ...order, readable: order.readable.filter(existsSync), caches: order.caches.filter(isThere(order)) },
    name,
    label,
    user: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    own: shared,
    openings: openingsOf(order, forwarder),
    home,
    environment,
    tmpBytes: sandboxLimits.tmpBytesMax,
    argv: insideArgv(order, { prlimit: null, keepsTerm: false }),
  });
  const ended = join(own, "ended");
  const copies = cacheCopies(order, existsSync).flatMap(({ from, to }) => [from, to]);
  return {
    argv: ["/bin/sh", "-c", outerScript, "longhaul", ended, name, ...copies, "--", containers.program, ...words],
    directory: order.directory,
    environment: { ...environment, ...client },
    began: () => existsSync(join(shared, begun)),
    async release() {
      if (!existsSync(own)) return;
      // The client saw it end, or was killed, or never made it.
      if (!existsSync(ended)) await remove(containers.program, [name], client);
      rmSync(own, { recursive: true, force: true });
    },
  };
}

const isThere =
  ({ scratch }: SandboxOrder) =>
  ({ path, mode }: SandboxOrder["caches"][number]): boolean =>
    mode === "private" || scratch === null || existsSync(path);

function openingsOf({ proxy, doors }: SandboxOrder, forwarder: string): { from: string; at: string }[] {
  const sockets = [
    ...(proxy === null ? [] : [{ from: proxy, at: inside.proxy }]),
    ...doors.map(({ port, socket }) => ({ from: socket, at: inside.door(port) })),
  ];
  if (sockets.length === 0) return [];
  return [{ from: process.execPath, at: inside.node }, { from: forwarder, at: inside.forwarder }, ...sockets];
}

/** Also where there is none of that name any more. Never rejects. */
export const remove = (program: string, names: readonly string[], env: Environment): Promise<void> =>
  new Promise((resolve) =>
    execFile(program, ["rm", "--force", ...names], { env, timeout: sandboxLimits.probeMs }, () => resolve()),
  );

function guard({ program, environment }: Containers, names: string): void {
  const child = spawn("/bin/sh", ["-c", guardScript, "longhaul-guard", program, names], {
    cwd: "/",
    env: clientEnvironment(environment),
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.on("error", () => {}); // `pid` says so.
  if (child.pid === undefined) throw new Error("cannot start /bin/sh as the guard of containers");
  child.unref();
  if ("unref" in child.stdin && typeof child.stdin.unref === "function") child.stdin.unref();
}
