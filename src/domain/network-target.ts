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
