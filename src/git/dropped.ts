/**
 * Owns the question whether the resolution of a conflict has dropped what the trunk's side had added. Pure. No
 * comparing of versions line by line: what counts as added is a run of lines that the base has not, and a line that
 * the worker's own version has as well proves nothing.
 */
import { gitLimits } from "../domain/limits.ts";

/** `words`: those of the line that the worker's own version of the file has not. */
export type AddedLine = { line: string; words: string[] };
export type Hunk = AddedLine[];

/** Lines as they are compared: without what stands around them, for a moved block is often indented anew. */
export function linesOf(text: string): string[] {
  return text.split("\n").map((line) => line.trim());
}

const wordsOf = (text: string): string[] => text.match(/[\p{L}\p{N}_]+/gu) ?? [];

/** What the trunk's side has added to the base, of what the worker's version has not. `null`: no such file. */
export function addedHunks(versions: { base: string | null; trunk: string; yours: string | null }): Hunk[] {
  const before = new Set(linesOf(versions.base ?? ""));
  const own = new Set(linesOf(versions.yours ?? ""));
  const ownWords = new Set(wordsOf(versions.yours ?? ""));
  const hunks: Hunk[] = [];
  let open = false;
  let room: number = gitLimits.addedLinesMax;
  for (const line of linesOf(versions.trunk)) {
    if (room === 0) break;
    const words = wordsOf(line);
    // Blank lines and brackets neither count nor end a run.
    if (words.length === 0) continue;
    if (before.has(line)) open = false;
    else {
      if (!open) hunks.push([]);
      open = true;
      if (own.has(line) || line.length > gitLimits.addedLineCharactersMax) continue;
      hunks.at(-1)?.push({ line, words: words.filter((word) => !ownWords.has(word)) });
      room--;
    }
  }
  return hunks.filter((hunk) => hunk.length > 0);
}

/**
 * The hunks of which nothing is left: no line of theirs is anywhere in `lines`, and what the worker wrote into the file
 * since (`result` without what `trunk` has) holds the words of none of them, as a line that says both sides' would.
 */
export function droppedHunks(
  hunks: readonly Hunk[],
  { result, trunk, lines }: { result: string; trunk: string; lines: ReadonlySet<string> },
): Hunk[] {
  const known = new Set(linesOf(trunk));
  const written = new Set(linesOf(result).flatMap((line) => (known.has(line) ? [] : wordsOf(line))));
  const isLeft = ({ line, words }: AddedLine) =>
    lines.has(line) || (words.length > 0 && words.every((word) => written.has(word)));
  return hunks.filter((hunk) => !hunk.some(isLeft));
}
