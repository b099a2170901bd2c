/**
 * Which files of the host a program needs for itself: the folders in PATH and what their programs are made of. Never a
 * folder that holds the operator's home or the run's own state, whatever PATH says.
 */
import { existsSync, lstatSync, realpathSync } from "node:fs";
import { basename, delimiter, dirname, isAbsolute, join } from "node:path";
import { holds } from "./mounts.ts";
import { isOfSystem } from "./system-files.ts";

/** `named`: absolute paths of the operator's own. `closed`: folders of which nothing that holds them is let through. */
export function programFiles(named: readonly string[], path: string, closed: readonly string[]): string[] {
  const folders = path.split(delimiter).filter((folder) => isAbsolute(folder) && existsSync(folder));
  const found = [...folders.flatMap(packagesOf), ...named.filter(isFile).flatMap((file) => filesOf(file, closed))];
  return [...new Set(found)].filter((each) => !isOfSystem(each) && !closed.some((folder) => holds(each, folder)));
}

/** Absolute paths in a word of a command, which may be a whole text for a shell. */
export function pathsIn(text: string, configDirectory: string): string[] {
  if (isAbsolute(text) && isFile(text)) return [text];
  const named = text.replace(/"?\$\{?LONGHAUL_CONFIG_DIR\}?"?(?=\/)/g, configDirectory);
  return named.match(/(?<![\w.~$}-])\/[^\s'"`;|&<>()$*?]+/g) ?? [];
}

/** A folder of programs, and the packages that its links lead to. */
function packagesOf(folder: string): string[] {
  const real = realpathSync(folder);
  // Under its own name as well: links among its programs may be relative.
  const packages = [folder, real]
    .map((each) => (basename(each) === "bin" ? join(dirname(each), "lib", "node_modules") : dirname(each)))
    .filter((each) => basename(each) === "node_modules" && existsSync(each));
  return [folder, real, ...packages, ...packages.map((each) => realpathSync(each))];
}

/** What lies beside a file belongs to it; a package is nothing without the packages around it. */
function filesOf(file: string, closed: readonly string[]): string[] {
  const real = realpathSync(file);
  const at = real.indexOf("/node_modules/");
  if (at !== -1) return [file, real, real.slice(0, at + "/node_modules".length)];
  const beside = [dirname(file), dirname(real)].filter((folder) => !closed.some((each) => holds(folder, each)));
  return [file, real, ...beside];
}

const isFile = (path: string): boolean => {
  if (path.includes("\0")) return false;
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats !== undefined && !stats.isDirectory();
};
