/** Owns which servers are the operator's own: this machine, and networks that nobody sells anything on. */
import { BlockList, isIP } from "node:net";

const own = new BlockList();
for (const [net, prefix] of [
  ["127.0.0.0", 8],
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
] as const)
  own.addSubnet(net, prefix, "ipv4");
own.addAddress("0.0.0.0", "ipv4");
own.addAddress("::1", "ipv6");
own.addSubnet("fc00::", 7, "ipv6");
own.addSubnet("fe80::", 10, "ipv6");

/** Names are not resolved: but for those that can only be local, they are taken to be somebody else's. */
export function isLocal(url: string): boolean {
  const host = URL.parse(url)?.hostname.replace(/^\[|\]$/g, "") ?? "";
  const version = isIP(host);
  if (version !== 0) return own.check(host, version === 4 ? "ipv4" : "ipv6");
  return host === "localhost" || host === "host.docker.internal" || /\.(?:localhost|local|internal)$/.test(host);
}
