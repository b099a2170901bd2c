/**
 * What of the host's system every sandbox sees, read-only: its programs and libraries, and of /etc only what they need
 * to work. Nothing of it belongs to a person.
 */
import { lstatSync, readlinkSync } from "node:fs";

export type SystemFile = { kind: "bind"; path: string } | { kind: "link"; path: string; to: string };

/** Where these are links, as on most systems, they are the same links inside. */
const programs = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store"];

const settings = [
  "alternatives",
  "ca-certificates",
  "ca-certificates.conf",
  "crypto-policies",
  "debian_version",
  "fonts",
  "group",
  "java",
  "ld.so.cache",
  "ld.so.conf",
  "ld.so.conf.d",
  "locale.alias",
  "localtime",
  "magic",
  "mime.types",
  "nsswitch.conf",
  "os-release",
  "passwd",
  "pki/ca-trust",
  "pki/tls/certs",
  "pki/tls/cert.pem",
  "pki/tls/openssl.cnf",
  "protocols",
  "services",
  "ssl/certs",
  "ssl/cert.pem",
  "ssl/openssl.cnf",
  "terminfo",
  "timezone",
].map((name) => `/etc/${name}`);

/** Those that are there. A link among the settings is bound as what it leads to. */
export function systemFiles(): SystemFile[] {
  return [...programs.map((path) => fileAt(path, true)), ...settings.map((path) => fileAt(path, false))].filter(
    (file) => file !== null,
  );
}

function fileAt(path: string, keepLink: boolean): SystemFile | null {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  return keepLink && stats.isSymbolicLink() ? { kind: "link", path, to: readlinkSync(path) } : { kind: "bind", path };
}

/** Whether it lies in what every sandbox sees. */
export const isOfSystem = (path: string): boolean =>
  programs.some((each) => path === each || path.startsWith(`${each}/`));
