/** Owns finding the lines of a file that are most like some that are not in it, to show where somebody meant them. */
import { toolLimits } from "../../domain/limits.ts";
import { cutEnd } from "../../domain/text.ts";
import { linesOf } from "./read-file.ts";

const { placesMax, nearLinesMax, matchBytesMax } = toolLimits;
/** Lines are compared by their beginning. */
const comparedMax = 200;

/** For an error: `   12\ttext`, or null when nothing is alike. */
export function nearLines(text: string, wanted: string): { kind: "spaces" | "alike"; lines: string } | null {
  const all = linesOf(text).slice(0, nearLinesMax);
  const sought = linesOf(wanted);
  const block = bestBlock(all, sought);
  if (block !== null) {
    const kind = block.equal === sought.length ? "spaces" : "alike";
    return { kind, lines: numbered(all, range(block.at, Math.min(sought.length, placesMax), all.length)) };
  }
  const single = alikeLines(all, sought);
  return single.length === 0 ? null : { kind: "alike", lines: numbered(all, single) };
}

/** Where the most lines are equal but for the spaces around and in them. */
function bestBlock(all: string[], sought: string[]): { at: number; equal: number } | null {
  const have = all.map(withoutSpaces);
  const want = sought.map(withoutSpaces).slice(0, placesMax);
  let best: { at: number; equal: number } | null = null;
  for (let at = 0; at < have.length; at++) {
    let equal = 0;
    let telling = 0;
    for (const [i, line] of want.entries()) {
      if (have[at + i] !== line) continue;
      equal++;
      if (line.length > 3) telling++;
    }
    // Braces and empty lines are alike everywhere.
    const means = telling > 0 || (equal === want.length && want.some((line) => line !== ""));
    if (means && equal > (best?.equal ?? 0)) best = { at, equal };
  }
  return best && { ...best, equal: best.equal === want.length ? sought.length : best.equal };
}

function alikeLines(all: string[], sought: string[]): number[] {
  const longest = sought.toSorted((a, b) => b.trim().length - a.trim().length)[0] ?? "";
  const want = pairs(longest);
  if (want.size < 3) return [];
  const scored = all.map((line, index) => ({ index, score: likeness(pairs(line), want) }));
  const best = scored.filter(({ score }) => score >= 0.5).toSorted((a, b) => b.score - a.score);
  return best
    .slice(0, 3)
    .map(({ index }) => index)
    .toSorted((a, b) => a - b);
}

const withoutSpaces = (line: string): string => line.replace(/\s+/g, "");

function pairs(line: string): Set<string> {
  const text = line.trim().slice(0, comparedMax);
  const found = new Set<string>();
  for (let i = 0; i + 1 < text.length; i++) found.add(text.slice(i, i + 2));
  return found;
}

function likeness(a: Set<string>, b: Set<string>): number {
  let both = 0;
  for (const pair of a) if (b.has(pair)) both++;
  return (2 * both) / (a.size + b.size || 1);
}

const range = (from: number, count: number, end: number): number[] =>
  Array.from({ length: Math.max(0, Math.min(count, end - from)) }, (_, i) => from + i);

function numbered(all: string[], indexes: number[]): string {
  return indexes.map((index) => `${index + 1}\t${cutEnd(all[index]!, matchBytesMax)}`).join("\n");
}
