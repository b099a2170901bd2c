/**
 * The text of a profile for macOS's `sandbox-exec`. Pure. Everything is denied that is not named; of two rules for one thing, the later
 * one counts. There are no mounts: what is seen is seen under its own name.
 */
import { dirname } from "node:path";
import { assertNever } from "../domain/assert.ts";
import type { Mount } from "./mounts.ts";

export type ProfileOrder = {
  /** In their order: the later one counts. Links are not followed: paths are real ones. */
  mounts: readonly Mount[];
  /** Of the host's loopback. */
  ports: readonly number[];
  /** The port of the proxy is known only when the program starts: `proxyMark` stands for it. */
  hasProxy: boolean;
};

/** What whoever starts the program replaces. */
export const proxyMark = "@PROXY@";

export const profileText = ({ mounts, ports, hasProxy }: ProfileOrder): string =>
  [
    "(version 1)",
    "(deny default)",
    "(allow process-exec process-fork)",
    "(allow process-info* (target same-sandbox))",
    "(allow signal (target same-sandbox))",
    "(allow mach-priv-task-port (target same-sandbox))",
    "(allow ipc-posix-sem)",
    rule("allow", "mach-lookup", machServices.map(named("global-name"))),
    rule("allow", "sysctl-read", [
      ...settings.map(named("sysctl-name")),
      ...settingPrefixes.map(named("sysctl-name-prefix")),
    ]),
    rule("allow", "file-read* file-map-executable", [...systemFolders.map(named("subpath")), ...files("/")]),
    rule("allow", "file-read-metadata", ["/etc", "/tmp", "/var", "/private", "/dev"].flatMap(files)),
    rule("allow", "file-read* file-write-data file-ioctl", devices.flatMap(files)),
    '(allow file-read-data file-write-data (subpath "/dev/fd"))',
    ...mounts.flatMap(rulesOf),
    ...[...ports, ...(hasProxy ? [proxyMark] : [])].map(
      (port) => `(allow network-outbound (remote ip "localhost:${port}"))`,
    ),
    "",
  ].join("\n");

/** Names of users and time zones, log lines; no keychain, no preferences, nothing that starts programs. */
const machServices = [
  "com.apple.system.opendirectoryd.libinfo",
  "com.apple.system.opendirectoryd.membership",
  "com.apple.system.notification_center",
  "com.apple.system.logger",
  "com.apple.logd",
];

/** Not `kern.procargs2`, which has the environments of other processes, and not `kern.proc.all`. */
const settings = [
  "kern.argmax",
  "kern.hostname",
  "kern.maxfiles",
  "kern.maxfilesperproc",
  "kern.maxproc",
  "kern.ngroups",
  "kern.osproductversion",
  "kern.osrelease",
  "kern.ostype",
  "kern.osvariant_status",
  "kern.osversion",
  "kern.secure_kernel",
  "kern.tcsm_available",
  "kern.usrstack64",
  "kern.version",
  "security.mac.lockdown_mode_state",
  "sysctl.proc_cputype",
  "vm.loadavg",
];
const settingPrefixes = ["hw.", "machdep.cpu."];

/** Nothing in them belongs to a person. Homebrew's tree is one of programs, as `/usr/local` is. */
export const systemFolders = [
  "/usr",
  "/bin",
  "/sbin",
  "/System",
  "/opt/homebrew",
  "/Library/Apple",
  "/Library/Developer",
  "/Library/Frameworks",
  "/Library/Java",
  "/Applications/Xcode.app",
  "/private/etc/hosts",
  "/private/etc/localtime",
  "/private/etc/passwd",
  "/private/etc/group",
  "/private/etc/protocols",
  "/private/etc/services",
  "/private/etc/shells",
  "/private/etc/ssl",
  "/private/var/db/timezone",
  "/private/var/db/dyld",
  "/private/var/select",
  "/private/var/db/xcode_select_link",
];

const devices = ["/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/dtracehelper", "/dev/tty"];

function rulesOf(mount: Mount): string[] {
  switch (mount.kind) {
    case "link":
      return [];
    case "fresh":
      return [rule("deny", "file-read* file-write*", [named("subpath")(mount.path)])];
    case "read":
      return seen(mount.path, "file-read* file-map-executable");
    case "write":
      return seen(mount.path, "file-read* file-map-executable file-write*");
    default:
      return assertNever(mount, "mount");
  }
}

/** The folders that it lies in can be asked for, not listed: programs look for their own place that way. */
const seen = (path: string, rights: string): string[] => [
  rule("allow", "file-read-metadata", ancestors(path).flatMap(files)),
  rule("allow", rights, [named("subpath")(path)]),
];

function ancestors(path: string): string[] {
  const above = dirname(path);
  return above === path ? [] : [...ancestors(above), above];
}

const rule = (what: "allow" | "deny", rights: string, filters: readonly string[]): string =>
  `(${[what, rights, ...filters].join(" ")})`;

const files = (path: string): string[] => [named("literal")(path)];

/** Strings are those of Scheme: a quote or a backslash would end them. */
const named =
  (filter: string) =>
  (text: string): string =>
    `(${filter} "${text.replace(/["\\]/g, "\\$&")}")`;
