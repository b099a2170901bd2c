/**
 * Sandboxes by macOS's own `sandbox-exec`, with a profile of ours (`seatbelt.ts`). It has no namespaces: see `lacks`.
 *
 * Written for macOS and never run there by us. So its probe makes real attacks, each time that a process of ours first asks for
 * it, and a sandbox in which one of them succeeds is not used (`sandbox-exec-probe.ts`).
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { forwarderText } from "./forwarder.ts";
import { proxyEnvironment } from "./inside.ts";
import { mountsOf, type Mount } from "./mounts.ts";
import type { Confined, Lack, Sandbox, SandboxOrder } from "./sandbox.ts";
import { profileText, proxyMark } from "./seatbelt.ts";

export type SandboxExecOptions = {
  /** `sandbox-exec` of the system. */
  program: string;
  /** Ours alone, for as long as the sandbox is used. */
  folder: string;
};

/**
 * `PROFILE STATUS SECONDS BLOCKS READY NODE FORWARDER SOCKET sandbox-exec …`: starts the forwarder to the proxy if there is a socket, puts
 * its port into the profile and the environment, and becomes the sandbox. What began is written from inside to a file that was
 * opened outside.
 */
const outerScript =
  'profile=$1; exec 3>"$2" || exit 126; ulimit -c 0; ulimit -t "$3"; ulimit -f "$4"; ready=$5 node=$6 forwarder=$7 socket=$8; shift 8; ' +
  'if [ -n "$socket" ]; then mkfifo -m 600 "$ready" && { env -i "$node" "$forwarder" "0=$socket" >"$ready" 2>/dev/null </dev/null 3>&- & } && ' +
  'read -r word port <"$ready" && [ "$word" = ready ] || { echo "longhaul: the way to the proxy does not open" >&2; exit 126; }; ' +
  `profile="\${profile%%${proxyMark}*}$port\${profile#*${proxyMark}}"; ` +
  `for name in http_proxy https_proxy HTTP_PROXY HTTPS_PROXY; do export "$name=http://127.0.0.1:$port"; done; fi; ` +
  'program=$1; shift; exec "$program" -p "$profile" "$@"';

/** Inside. */
const innerScript = 'echo begun >&3; exec 3>&-; exec "$@"';

const blockBytes = 512;

const lacks: readonly Lack[] = ["daemons", "places", "logins", "privateCaches", "counts", "loopback"];

export function sandboxExec({ program, folder }: SandboxExecOptions): Sandbox {
  const forwarder = join(folder, "forwarder.cjs");
  writeFileSync(forwarder, forwarderText());
  return {
    kind: "sandbox-exec",
    says: [
      `${program}: programs see their workspace, the system's programs, and what the configuration names. CPU seconds and file sizes: bounded.`,
      "Written for macOS and not run there by its authors; the attacks of its probe were held back here just now.",
    ],
    lacks,
    confine: (order) => confine(order, program, folder, forwarder),
  };
}

function confine(order: SandboxOrder, program: string, folder: string, forwarder: string): Confined {
  refuse(order);
  const own = mkdtempSync(join(folder, "program-"));
  const scratch = order.scratch ?? own;
  const [home, tmp] = [join(scratch, "home"), join(scratch, "tmp")];
  for (const each of [home, tmp]) mkdirSync(each, { recursive: true });
  const status = join(own, "status");
  const { cpuSeconds, fileBytes } = order.limits;
  const profile = profileText({
    mounts: realMounts(order, home, tmp),
    ports: order.doors.map(({ port }) => port),
    hasProxy: order.proxy !== null,
  });
  const ways = [join(own, "ready"), process.execPath, forwarder, order.proxy ?? ""];
  return {
    argv: [
      "/bin/sh",
      "-c",
      outerScript,
      "longhaul",
      profile,
      status,
      String(cpuSeconds),
      String(Math.floor(fileBytes / blockBytes)),
      ...ways,
      program,
      "/bin/sh",
      "-c",
      innerScript,
      "sh",
      ...order.argv,
    ],
    directory: order.directory,
    environment: {
      ...order.environment,
      HOME: home,
      TMPDIR: tmp,
      ...(order.proxy !== null && proxyEnvironment()),
    },
    began: () => existsSync(status) && readFileSync(status, "utf8") !== "",
    async release() {
      rmSync(own, { recursive: true, force: true });
    },
  };
}

/** What it cannot give is not left out silently. */
function refuse({ placed, caches }: SandboxOrder): void {
  if (placed.length > 0)
    throw new Error(
      "sandbox-exec cannot give an agent its own login: give it a key or a model, or run with --sandbox=none",
    );
  if (caches.some(({ mode }) => mode === "private"))
    throw new Error('sandbox-exec has no private caches: write mode: "read-only" in the configuration');
}

/** Its profile knows real paths alone. Nothing stands for the host's home, /tmp and /run: they are denied as all else is. */
function realMounts(order: SandboxOrder, home: string, tmp: string): Mount[] {
  const writable = [...order.writable, home, tmp].map(real);
  const mounts = mountsOf({
    ...order,
    writable,
    readable: order.readable.filter((path) => existsSync(path)).map(real),
    hidden: order.hidden.map(real),
    caches: order.caches.map((cache) => ({ ...cache, path: real(cache.path) })),
    scratch: null,
    system: [],
    home: real(order.environment["HOME"] ?? home),
  });
  return mounts.filter(({ path }) => path !== "/run" && path !== "/tmp");
}

const real = (path: string): string => (existsSync(path) ? realpathSync(path) : path);
