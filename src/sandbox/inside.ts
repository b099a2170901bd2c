/** What is started inside a sandbox before the program itself: its limits, its signals, its doors. Pure. */
import { isAbsolute } from "node:path";
import { sandboxLimits } from "../domain/limits.ts";
import type { SandboxBounds, SandboxOrder } from "./sandbox.ts";

/** Where things of ours lie inside. */
export const inside = {
  folder: "/run/longhaul",
  node: "/run/longhaul/node",
  forwarder: "/run/longhaul/forwarder.cjs",
  proxy: "/run/longhaul/proxy.sock",
  door: (port: number) => `/run/longhaul/door-${port}.sock`,
} as const;

/** Of the sandbox's own loopback. */
export const proxyPort = 3128;

/** A home that is the root of everything, or none at all, cannot be made private. */
export const homeOf = (home: string | undefined): string =>
  home === undefined || !isAbsolute(home) || /^\/*$|^\/(usr|proc|dev|run|etc|tmp)\/*$/.test(home) ? "/tmp/home" : home;

export type InsideAbilities = {
  /** Of the program that bounds the number of processes; null: there is none, or it would count other sandboxes' as well. */
  prlimit: string | null;
  /** `env --default-signal`: a program can be asked to end. */
  keepsTerm: boolean;
};

export function insideArgv(
  { argv, limits, doors, proxy }: Pick<SandboxOrder, "argv" | "limits" | "doors" | "proxy">,
  abilities: InsideAbilities,
): string[] {
  return [
    // Inside, for there they are counted apart.
    ...(abilities.prlimit === null ? [] : [abilities.prlimit, `--nproc=${limits.processes}:${limits.processes}`, "--"]),
    ...(abilities.keepsTerm ? ["/usr/bin/env", "--default-signal=TERM"] : []),
    ...forwardWords({ doors, proxy }),
    // `env` would take it for a variable.
    ...(argv[0].includes("=") ? ["/bin/sh", "-c", 'exec "$@"', "sh"] : []),
    ...argv,
  ];
}

/** Starts the forwarder, waits until it listens, then becomes the program. */
function forwardWords({ doors, proxy }: Pick<SandboxOrder, "doors" | "proxy">): string[] {
  const ways = [
    ...(proxy === null ? [] : [`${proxyPort}=${inside.proxy}`]),
    ...doors.map(({ port }) => `${port}=${inside.door(port)}`),
  ];
  if (ways.length === 0) return [];
  const ready = `${inside.folder}/ready`;
  const script =
    `mkfifo -m 600 ${ready} && { env -i ${inside.node} ${inside.forwarder} ${ways.join(" ")} >${ready} 2>/dev/null </dev/null & } && ` +
    `read -r word ports <${ready} && [ "$word" = ready ] || { echo "longhaul: the sandbox's doors do not open" >&2; exit 126; }; exec "$@"`;
  return ["/bin/sh", "-c", script, "longhaul"];
}

/** What a program has to know of the proxy. */
export function proxyEnvironment(): { [name: string]: string } {
  const url = `http://127.0.0.1:${proxyPort}`;
  const none = "127.0.0.1,localhost";
  return {
    http_proxy: url,
    https_proxy: url,
    HTTP_PROXY: url,
    HTTPS_PROXY: url,
    no_proxy: none,
    NO_PROXY: none,
    NODE_USE_ENV_PROXY: "1",
  };
}

/** The bounds of a sandbox that nobody set otherwise. `totalBytes`: of the machine's memory. */
export const usualBounds = (totalBytes: number): SandboxBounds => ({
  cpuSeconds: sandboxLimits.cpuSecondsMax,
  fileBytes: sandboxLimits.fileBytesMax,
  processes: sandboxLimits.processesMax,
  memoryBytes: Math.floor(totalBytes * sandboxLimits.memoryShareMax),
});
