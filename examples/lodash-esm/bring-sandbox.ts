/** Brings the package that confines what agents run, on a fresh machine where it may be installed. */
import { spawnSync } from "node:child_process";

/** Each way is a list of commands that follow one another. The second way of Debian's is for a machine that knows of no packages yet. */
const managers: { [program: string]: string[][][] } = {
  "apt-get": [[["install", "--yes", "bubblewrap"]], [["update"], ["install", "--yes", "bubblewrap"]]],
  dnf: [[["install", "--assumeyes", "bubblewrap"]]],
  apk: [[["add", "bubblewrap"]]],
  pacman: [[["-Sy", "--noconfirm", "bubblewrap"]]],
};

/** `works`: tries a sandbox. Answers whether there is one now; what it does to the system, it says before. */
export function bringSandbox(works: () => boolean, asRoot: boolean, say: (line: string) => void): boolean {
  if (works()) return true;
  if (process.platform !== "linux") return false;
  const manager = Object.keys(managers).find((name) => spawnSync(name, ["--version"]).error === undefined);
  if (manager === undefined) return false;
  if (!asRoot) {
    say(`To have its programs confined, install the package bubblewrap as root (${manager}) and start again.`);
    return false;
  }
  say(`There is no sandbox here yet: installing the package bubblewrap with ${manager}.`);
  const run = (args: string[]) => spawnSync(manager, args, { stdio: ["ignore", "ignore", "inherit"] }).status === 0;
  return (managers[manager] ?? []).some((way) => way.every(run) && works());
}
