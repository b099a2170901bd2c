/** Whether a program may connect to what it asks for, by its name alone. Pure. */
import { proxyLimits } from "./limits.ts";

export type Target = { host: string; port: number };
export type Asked = { ok: true; target: Target } | { ok: false; why: string };

/** `host`, `*.host` (its subdomains), each for port 443, or `host:port`. */
const pattern =
  /^(?:\*\.)?((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)(?::(\d{1,5}))?$/;
/** The same without a star: letters, digits and dashes, a last label that begins with a letter, so that no number is a name. */
const name = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const httpsPort = 443;

/** null: it can stand on a list. */
export function entryFault(entry: string): string | null {
  const [, host = "", port] = pattern.exec(entry) ?? [];
  if (host === "" || host.length > proxyLimits.hostBytesMax)
    return 'expected a host name in small letters, such as "packages.example.org", "*.example.org" or "example.org:8443"';
  return port !== undefined && !isPort(Number(port)) ? "its port is not one" : null;
}

/** The nets that belong to nobody's internet (RFC 1918, RFC 6598), as their first address and bits. */
const insideNets: readonly [number, number][] = [
  [ipv4(10, 0, 0, 0), 8],
  [ipv4(172, 16, 0, 0), 12],
  [ipv4(192, 168, 0, 0), 16],
  [ipv4(100, 64, 0, 0), 10],
];

/** Why this range of addresses (RFC 4632, RFC 4291), which is one, cannot be of an operator's own network; null: it can. Loopback and link-local never are. */
export function insideFault(range: string): string | null {
  const [address = "", bits = ""] = range.split("/");
  const why = 'expected a range of a private network, such as "10.20.0.0/16" or "fd12:3456::/32"';
  // Unique local addresses (RFC 4193).
  if (address.includes(":")) return /^f[cd][0-9a-f]{2}:/i.test(address) && Number(bits) >= 7 ? null : why;
  const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
  const first = ipv4(a, b, c, d);
  const isIn = ([net, netBits]: readonly [number, number]) =>
    Number(bits) >= netBits && Math.floor(first / 2 ** (32 - netBits)) === net / 2 ** (32 - netBits);
  return insideNets.some(isIn) ? null : why;
}

function ipv4(a: number, b: number, c: number, d: number): number {
  return ((a * 256 + b) * 256 + c) * 256 + d;
}

/** `authority`: what stands behind CONNECT, as it came. */
export function judgeTarget(authority: string, list: readonly string[]): Asked {
  const asked = readAuthority(authority);
  if (!asked.ok) return asked;
  const { host, port } = asked.target;
  return list.some((entry) => allows(entry, host, port)) ? asked : refuse("it is not on the list");
}

function readAuthority(authority: string): Asked {
  const [, host = "", digits = ""] = /^([^:]*):(\d{1,5})$/.exec(authority) ?? [];
  const port = Number(digits);
  if (digits === "" || !isPort(port)) return refuse("it is no name with a port");
  const small = host.toLowerCase();
  if (small.length > proxyLimits.hostBytesMax || !name.test(small))
    return refuse(
      "it is no plain host name (addresses, other letters than a–z, a dot at the end and the like are refused)",
    );
  // Such a name is how a name in other letters is written: what a person takes it for, only eyes can say.
  if (small.split(".").some((label) => label.startsWith("xn--"))) return refuse("names in other letters are refused");
  return { ok: true, target: { host: small, port } };
}

function allows(entry: string, host: string, port: number): boolean {
  const [named = "", entryPort] = entry.split(":");
  if (port !== (entryPort === undefined ? httpsPort : Number(entryPort))) return false;
  return named.startsWith("*.") ? host.endsWith(named.slice(1)) : host === named;
}

const isPort = (port: number): boolean => Number.isInteger(port) && port > 0 && port < 65_536;
const refuse = (why: string): Asked => ({ ok: false, why });
