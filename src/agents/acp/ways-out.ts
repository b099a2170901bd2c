/** Where an agent with its own login has to get: what its preset names, and where the operator's own variables lead it. Pure. */
import { isIP } from "node:net";
import { entryFault } from "../../domain/network-target.ts";
import type { Environment } from "../../engine/ports.ts";

export type WaysOut = {
  /** As a configuration lists them. */
  hosts: readonly string[];
  /** Of this machine's loopback. */
  ports: readonly number[];
};

export const nowhere: WaysOut = { hosts: [], ports: [] };

/** `$NAME` stands for the URL in that variable. One that no proxy of ours leads to (an address, plain http, one of the system's ports) opens nothing. */
export function waysOut(entries: readonly string[], environment: Environment): WaysOut {
  const urls = entries.flatMap((entry) => (entry.startsWith("$") ? urlIn(environment[entry.slice(1)]) : []));
  const local = urls.filter(({ hostname }) => isLoopback(hostname));
  const far = urls.filter(({ hostname, protocol }) => !isLoopback(hostname) && protocol === "https:");
  const hosts = [...entries.filter((entry) => !entry.startsWith("$")), ...far.map(({ host }) => host)];
  return {
    hosts: hosts.filter((entry) => entryFault(entry) === null),
    ports: local.map(({ port }) => Number(port)).filter((port) => port >= firstOpenPort),
  };
}

function urlIn(text: string | undefined): URL[] {
  const url = text === undefined ? null : URL.parse(text.trim());
  return url === null || !/^https?:$/.test(url.protocol) ? [] : [url];
}

/** Nobody in a sandbox may listen below it. */
const firstOpenPort = 1_024;

const isLoopback = (host: string): boolean => host === "localhost" || (isIP(host) === 4 && host.startsWith("127."));
