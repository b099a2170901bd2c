/**
 * Owns how ripgrep is started: nothing configures it but this file, it follows no links, asks nobody outside of the
 * workspace what to ignore, and leaves out git's own folder unless that is what it is asked for. It runs with the
 * rights of the session's commands, so a folder that is swapped under it shows nothing that a command could not show.
 */
import { relative } from "node:path";
import { rgPath } from "@vscode/ripgrep";
import { found, refuse, type Outcome } from "./answer.ts";
import { placeOf, statsOf } from "./place.ts";

const settings = [
  "--no-config",
  "--color=never",
  "--no-follow",
  "--hidden",
  // The user's own ignore files are not the project's; .ignore files are ripgrep's idea, not git's.
  "--no-ignore-global",
  "--no-ignore-dot",
  "--threads=4",
];

/** Behind `glob`, so that no glob brings it back. */
const notGit = "--glob=!.git";

export function ripgrep(
  options: readonly string[],
  glob: string | undefined,
  rest: readonly string[],
): [string, ...string[]] {
  const globs = glob === undefined ? [notGit] : [`--glob=${glob}`, notGit];
  return [rgPath, ...settings, ...options, ...globs, "--", ...rest];
}

export type SearchPlace = {
  /** For ripgrep. Not `shown`: a link given by name would be followed. */
  argument: string;
  shown: string;
  isFolder: boolean;
};

export async function searchPlace(workspace: string, path: string): Promise<Outcome<SearchPlace>> {
  const placed = await placeOf(workspace, path);
  if (!placed.ok) return placed;
  const { root, real, shown } = placed.value;
  const name = relative(root, real);
  if (name.includes("\ufffd")) return refuse(`path: ${shown} is not valid UTF-8; use a command`);
  const isFolder = (await statsOf(real))?.isDirectory() ?? false;
  return found({ argument: name === "" ? "." : `./${name}`, shown, isFolder });
}

/** ripgrep names files as it was given them: `./src/a.ts`. */
export const plainName = (name: string): string => (name.startsWith("./") ? name.slice(2) : name);

/** What ripgrep complained about, without its own name. */
export function complaint(stderr: string): string {
  return stderr
    .trim()
    .split("\n")
    .map((line) => line.replace(/^rg: /, ""))
    .join("\n");
}
