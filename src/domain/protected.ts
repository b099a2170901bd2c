/** Protected files: what acceptance commands rest on, and what is run as it was at the run's base whatever the trunk made of it. */

/** `added`: it was not there at the base, and is left out where the commands run. */
export type ProtectedChange = { path: string; change: "changed" | "deleted" | "added" };

/** What the trunk has otherwise than the run's base; `omitted` further files are not named. */
export type PutBack = { files: ProtectedChange[]; omitted: number };

export const nothingPutBack: PutBack = { files: [], omitted: 0 };

/** What is wrong with a protected path as it was written; null: nothing. */
export function protectedPathFault(written: string): string | null {
  if (/\p{Cc}/u.test(written)) return "a path without control characters is needed";
  if (written.startsWith("/") || /^[A-Za-z]:[\\/]/.test(written))
    return "a path relative to the repository's top is needed";
  if (written.includes("\\")) return "a path with / between its parts is needed";
  const names = namesOf(written);
  if (names.includes("..")) return 'a path without ".." is needed';
  if (names.length === 0) return "a path inside the repository is needed, not the repository itself";
  if (names.some((name) => name.toLowerCase() === ".git")) return "nothing in .git belongs to the repository's files";
  return null;
}

const namesOf = (path: string) => path.split("/").filter((name) => name !== "" && name !== ".");

/** As git names it: `./test/` is `test`. */
export const protectedPath = (written: string): string => namesOf(written).join("/");

/** All protected paths of the commands, sorted; what lies below another is left out. */
export function protectedPaths(commands: readonly { protected: readonly string[] }[]): string[] {
  const all = [...new Set(commands.flatMap((command) => command.protected))].toSorted();
  return all.filter((path) => !all.some((other) => path.startsWith(`${other}/`)));
}

/** One sentence for a person; null: nothing was put back. `named` at most are named. */
export function putBackWords({ files, omitted }: PutBack, named: number): string | null {
  if (files.length === 0) return null;
  const rest = files.length - named + omitted;
  const list = files.slice(0, named).map(({ path, change }) => `${path} (${change})`);
  return (
    `The trunk has protected files otherwise than the run's base; the acceptance commands ran with those of the base: ` +
    `${list.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}.`
  );
}
