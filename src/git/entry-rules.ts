/** Owns which names and links may enter the trunk. Pure. Each rule answers why not, or null. */
import { posix } from "node:path";
import { gitLimits } from "../domain/limits.ts";

/** What HFS+ leaves out when it compares names. */
const hfsIgnored = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/** What file systems may take a name for: in any case, without characters that one ignores, or that Windows cuts off. */
function readings(name: string): string[] {
  return name.split("\\").flatMap((part) => {
    const plain = part.replace(hfsIgnored, "").toLowerCase();
    return [plain, (plain.split(":")[0] ?? "").replace(/[ .]+$/, "")];
  });
}

/** Is this name `.git` to some file system, or what Windows abbreviates it to? */
export function isGitName(name: string): boolean {
  return readings(name).some((reading) => reading === ".git" || /^git~\d+$/.test(reading));
}

/** The same of `.gitmodules`: git checks nothing out any more of a tree that has a link at or below such a name. */
function isModulesName(name: string): boolean {
  return readings(name).some((reading) => {
    if (reading === ".gitmodules" || /^gitmod~[1-4]$/.test(reading)) return true;
    // Windows' other way: eight characters, of which the last ones are a number.
    const start = reading.length === 8 && /^([a-z\d]*)~[1-9]\d*$/.exec(reading)?.[1];
    return start !== false && start !== undefined && "gi7eba".startsWith(start);
  });
}

export const tooLong = "its path is too long";

/** `path` relative to the root, with `/`. */
export function refusePath(path: string): string | null {
  if (Buffer.byteLength(path) > gitLimits.pathBytesMax) return tooLong;
  if (path.includes("\ufffd")) return "its name is not valid UTF-8";
  if (path.split("/").some(isGitName)) return "no part of a path may be named .git, in any spelling";
  return null;
}

/**
 * A link must stay inside the tree. `..` only at its start: behind a name it could climb out through another link.
 * Then every link climbs real folders only, and no chain of them leaves.
 */
export function refuseLink(path: string, target: string): string | null {
  if (/^\.git(attributes|ignore)$/i.test(posix.basename(path))) return "this file must not be a symbolic link";
  if (path.split("/").some(isModulesName))
    return "no symbolic link may be named .gitmodules, in any spelling, or lie below it";
  if (target.includes("\ufffd")) return "its target is not valid UTF-8";
  if (posix.isAbsolute(target) || /^[A-Za-z]:|\\/.test(target))
    return "a symbolic link to an absolute path leaves the tree";
  const parts = target.split("/").filter((part) => part !== "" && part !== ".");
  const climbs = parts.findIndex((part) => part !== "..");
  const up = climbs === -1 ? parts.length : climbs;
  if (parts.slice(up).includes("..")) return "a symbolic link may have `..` only at its start";
  if (up > path.split("/").length - 1) return "a symbolic link must not leave the tree";
  if (parts.some(isGitName)) return "a symbolic link must not lead into a .git folder";
  return null;
}

/** A path as it may be shown: control and direction characters escaped. */
export function showPath(path: string): string {
  return showLine(path.replaceAll("\\", "\\\\"));
}

/** A line of a file as it may be shown. */
export function showLine(line: string): string {
  return line.replace(
    // eslint-disable-next-line no-control-regex
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (c) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}
