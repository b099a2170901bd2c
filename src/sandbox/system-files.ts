/**
 * What of the host's system every sandbox sees, read-only: its programs and libraries, and of /etc only what they need
 * to work. Nothing of it belongs to a person.
 */
import { copyFileSync, lstatSync, mkdirSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** `from`: of the host. */
export type SystemFile = { kind: "bind"; from: string; path: string } | { kind: "link"; path: string; to: string };

/** Where these are links, as on most systems, they are the same links inside. */
const programs = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store"];

const settings = [
  "alternatives",
  "crypto-policies",
  "fonts",
  "group",
  "java",
  "ld.so.cache",
  "localtime",
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
];

/**
 * Those that are there. Single files of /etc are copied into `folder`, which stands for /etc: a mount for each of them would
 * cost every program some milliseconds.
 */
export function systemFiles(folder: string): SystemFile[] {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "hosts"), "127.0.0.1 localhost\n::1 localhost\n");
  return [
    ...systemPrograms(),
    { kind: "bind", from: folder, path: "/etc" },
    ...settings.flatMap((name) => settingIn(folder, name)),
  ];
}

export const systemPrograms = (): SystemFile[] => programs.flatMap(programFolder);

function programFolder(path: string): SystemFile[] {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  return [stats.isSymbolicLink() ? { kind: "link", path, to: readlinkSync(path) } : { kind: "bind", from: path, path }];
}

function settingIn(folder: string, name: string): SystemFile[] {
  const [path, copy] = [`/etc/${name}`, join(folder, name)];
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if (stats.isDirectory()) {
    mkdirSync(copy, { recursive: true });
    return [{ kind: "bind", from: path, path }];
  }
  mkdirSync(dirname(copy), { recursive: true });
  copyFileSync(path, copy);
  return [];
}

/** Whether it lies in what every sandbox sees. */
export const isOfSystem = (path: string): boolean =>
  programs.some((each) => path === each || path.startsWith(`${each}/`));
