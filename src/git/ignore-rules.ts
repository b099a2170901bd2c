/**
 * Owns which names git ignores (gitignore(5)), for the patterns that people write. Pure. What is written in any other
 * way is not guessed: `parseIgnore` answers null, and git is asked.
 */
import { gitLimits } from "../domain/limits.ts";

type Pattern = {
  /** `!`: not ignored after all. */
  keeps: boolean;
  foldersOnly: boolean;
  /** Of the name alone; else of the path from the file's own folder. */
  anchored: boolean;
  segments: string[];
};
export type Patterns = { list: readonly Pattern[]; work: number };

/** The patterns of one `.gitignore`, as latin1; null: some of them only git can judge. */
export function parseIgnore(text: string): Patterns | null {
  if (text.length > gitLimits.ignoreBytesMax) return null;
  const lines = text.replace(/^\u00ef\u00bb\u00bf/, "").split("\n");
  const patterns: Pattern[] = [];
  for (const [n, line] of lines.entries()) {
    // Only a line that ends has its carriage return taken off.
    const pattern = parsePattern(n < lines.length - 1 ? line.replace(/\r$/, "") : line);
    if (pattern === null) return null;
    if (pattern !== "none") patterns.push(pattern);
  }
  return { list: patterns, work: text.length };
}

/** Brackets may hold letters, digits, dots and underscores, and ranges of them. */
const plain = /^(?:[^[\]\\]|\[(?:[A-Za-z0-9._](?:-[A-Za-z0-9])?)+\])*$/;

function parsePattern(line: string): Pattern | "none" | null {
  if (line.startsWith("#")) return "none";
  if (line.includes("\0") || line.includes("***") || !plain.test(line)) return null;
  let text = line.replace(/ +$/, "");
  const keeps = text.startsWith("!");
  if (keeps) text = text.slice(1);
  const foldersOnly = text.endsWith("/");
  if (foldersOnly) text = text.slice(0, -1);
  if (text === "") return line.trimEnd() === "" ? "none" : null;
  const anchored = text.includes("/");
  return { keeps, foldersOnly, anchored, segments: text.replace(/^\//, "").split("/") };
}

/** The rules that hold in one folder: those of its own file and of the folders above. */
export type Rules = { patterns: Patterns; folder: string; above: Rules | null };

/** How much has to be looked at for one name: the length of all patterns. */
export function workOf(rules: Rules | null): number {
  let work = 0;
  for (let at = rules; at !== null; at = at.above) work += at.patterns.work;
  return work;
}

/** Does git ignore `path`, whose folder it does not ignore? Paths as latin1, `folder` "" for the root. */
export function isIgnored(rules: Rules | null, path: string, isFolder: boolean): boolean {
  for (let at = rules; at !== null; at = at.above) {
    const below = at.folder === "" ? path : path.slice(at.folder.length + 1);
    const segments = below.split("/");
    const last = at.patterns.list.findLast((pattern) => matches(pattern, segments, isFolder));
    if (last) return !last.keeps;
  }
  return false;
}

function matches({ foldersOnly, anchored, segments }: Pattern, path: string[], isFolder: boolean): boolean {
  if (foldersOnly && !isFolder) return false;
  if (!anchored) return matchesName(segments[0] ?? "", path.at(-1) ?? "");
  return matchesPath(segments, path);
}

/** `**` is any number of folders, at the end at least one name. A later one takes over from an earlier: no search in depth. */
function matchesPath(pattern: string[], path: string[]): boolean {
  let [p, n, retryP, retryN] = [0, 0, -1, 0];
  for (;;) {
    const part = pattern[p];
    if (part === "**" && p === pattern.length - 1) {
      if (n < path.length) return true;
    } else if (part === "**") {
      [retryP, retryN] = [++p, n];
      continue;
    } else if (part === undefined && n === path.length) return true;
    else if (part !== undefined && n < path.length && matchesName(part, path[n] ?? "")) {
      p++;
      n++;
      continue;
    }
    if (retryP === -1 || ++retryN > path.length) return false;
    [p, n] = [retryP, retryN];
  }
}

/** `*`, `?` and brackets within one name, in time bounded by the product of both lengths. */
function matchesName(pattern: string, name: string): boolean {
  let [p, n, retryP, retryN] = [0, 0, -1, 0];
  for (;;) {
    const char = pattern[p];
    if (char === "*") {
      [retryP, retryN] = [++p, n];
      continue;
    }
    if (char === undefined && n === name.length) return true;
    if (char !== undefined && n < name.length) {
      const end = char === "[" ? pattern.indexOf("]", p) : p;
      const fits = char === "?" || (char === "[" ? inSet(pattern.slice(p + 1, end), name[n] ?? "") : char === name[n]);
      if (fits) {
        p = end + 1;
        n++;
        continue;
      }
    }
    if (retryP === -1 || ++retryN > name.length) return false;
    [p, n] = [retryP, retryN];
  }
}

function inSet(set: string, char: string): boolean {
  for (let at = 0; at < set.length; at++) {
    const [from, to] = [set[at] ?? "", set[at + 1] === "-" ? (set[at + 2] ?? "") : (set[at] ?? "")];
    if (from <= char && char <= to) return true;
    if (set[at + 1] === "-") at += 2;
  }
  return false;
}
