/** Finds out whether bubblewrap works here, and what of it, by running commands in it. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { release } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";
import { sandboxLimits } from "../domain/limits.ts";
import type { InsideAbilities } from "./inside.ts";
import { systemPrograms } from "./system-files.ts";

export type Bubblewrap = InsideAbilities & {
  program: string;
  version: string;
  /** Namespaces and rights. */
  confinement: readonly string[];
  disablesUserNamespaces: boolean;
  canSize: boolean;
};

export type BubblewrapProbe = { ok: true; found: Bubblewrap } | { ok: false; missing: string; mend: string };

const managers: { readonly [program: string]: string } = {
  "apt-get": "apt-get install bubblewrap",
  dnf: "dnf install bubblewrap",
  apk: "apk add bubblewrap",
  pacman: "pacman -S bubblewrap",
  zypper: "zypper install bubblewrap",
};

/** With the package manager that is here; it need not be in the operator's PATH. */
function install(path: string): string {
  const here = Object.keys(managers).find((name) => programIn(`${path}:/usr/bin:/bin:/sbin`, name) !== undefined);
  const how = here === undefined ? Object.values(managers).slice(0, 4).join(", or ") : managers[here];
  return `Install the package "bubblewrap", as root: ${how}.`;
}

export const programIn = (path: string, name: string): string | undefined =>
  path
    .split(delimiter)
    .filter(isAbsolute)
    .map((folder) => join(folder, name))
    .find(isExecutable);

const always = [
  "--unshare-user",
  "--unshare-ipc",
  "--unshare-pid",
  "--unshare-net",
  "--unshare-uts",
  "--unshare-cgroup-try",
  "--die-with-parent",
  // As root, bubblewrap would keep them all.
  "--cap-drop",
  "ALL",
  "--hostname",
  "sandbox",
];

/** Asked once for a process: what a machine can do does not change while it runs. */
export function probeBubblewrap(path: string): BubblewrapProbe {
  const known = probes.get(path) ?? probe(path);
  probes.set(path, known);
  return known;
}

const probes = new Map<string, BubblewrapProbe>();

function probe(path: string): BubblewrapProbe {
  if (process.platform !== "linux")
    return missing("bubblewrap is for Linux", "There is no sandbox for this system yet.");
  const program = programIn(path, "bwrap");
  if (program === undefined) return missing("there is no program bwrap in PATH", install(path));
  const help = run(program, ["--help"]).stdout;
  const disablesUserNamespaces = help.includes("--disable-userns");
  const confinement = [...always, ...(disablesUserNamespaces ? ["--disable-userns"] : [])];
  const tried = run(program, [...confinement, ...bareSystem(), "--", "/bin/sh", "-c", abilityScript]);
  if (!tried.stdout.startsWith("runs\n"))
    return missing(`${program} cannot confine a program here: ${tried.why}`, mendOf(tried.why, path));
  const can = new Set(tried.stdout.split("\n"));
  return {
    ok: true,
    found: {
      program,
      version: /\d[\d.]*/.exec(run(program, ["--version"]).stdout)?.[0] ?? "of an unknown version",
      confinement,
      disablesUserNamespaces,
      canSize: help.includes("--size"),
      prlimit: can.has("prlimit") && countsProcesses(release(), process.getuid?.() ?? 0) ? "/usr/bin/prlimit" : null,
      keepsTerm: can.has("term"),
    },
  };
}

const abilityScript = `echo runs
/usr/bin/prlimit --nproc=4096:4096 -- true 2>/dev/null && echo prlimit
/usr/bin/env --default-signal=TERM true 2>/dev/null && echo term
exit 0`;

/** Since Linux 5.14 the processes of each user namespace are counted apart; those of root are never bounded so. */
export function countsProcesses(kernel: string, user: number): boolean {
  const [major = 0, minor = 0] = kernel.split(".").map(Number);
  return user !== 0 && (major > 5 || (major === 5 && minor >= 14));
}

const bareSystem = (): string[] => [
  ...systemPrograms().flatMap((file) =>
    file.kind === "link" ? ["--symlink", file.to, file.path] : ["--ro-bind", file.from, file.path],
  ),
  "--proc",
  "/proc",
  "--dev",
  "/dev",
];

function run(program: string, args: string[]): { stdout: string; why: string } {
  const ran = spawnSync(program, args, {
    env: { PATH: "/usr/bin:/bin" },
    encoding: "utf8",
    timeout: sandboxLimits.probeMs,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const why = ran.error?.message ?? (ran.stderr.trim().split("\n", 1)[0] || `exit code ${ran.status}`);
  return { stdout: ran.stdout ?? "", why };
}

function mendOf(why: string, path: string): string {
  if (!/namespace|permi|not permitted|uid map|loopback/i.test(why)) return install(path);
  const restricted = existsSync("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    ? "On Ubuntu 24.04 and newer, allow bwrap user namespaces with an AppArmor profile (the package apparmor-profiles has one), or set sysctl kernel.apparmor_restrict_unprivileged_userns=0. "
    : "";
  return `${restricted}Unprivileged user namespaces must be allowed (sysctl user.max_user_namespaces above 0, kernel.unprivileged_userns_clone=1 where there is such a setting); in a container, its seccomp and AppArmor profiles must allow them as well.`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error) return false;
    throw error;
  }
}

const missing = (what: string, mend: string): BubblewrapProbe => ({ ok: false, missing: what, mend });
