/**
 * How many terminal cells a text takes. Terminals disagree about joined emoji, flags, keycaps and stacked marks; so
 * `cellText` first spells these in a way that all terminals draw alike, and then a width is a sum over code points.
 */
import { safeText } from "./safe-text.ts";

/** More than any line of a screen shows; bounds the work per text. */
const textUnitsMax = 2_000;
const marksPerLetterMax = 2;
const letters = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** East Asian Width W or F of what `cellText` lets through, and emoji that are drawn as pictures by themselves. */
const wide =
  // oxlint-disable-next-line no-misleading-character-class -- these are ranges of code points, not letters with marks
  /[[\p{Emoji_Presentation}\p{Ideographic}\p{sc=Hang}\p{sc=Hira}\p{sc=Kana}\p{sc=Bopo}\p{sc=Yiii}\p{sc=Tang}\p{sc=Nshu}\p{sc=Kits}\u2329\u232a\u2630-\u2637\u268a-\u268f\u2e80-\u303e\u3099-\u33ff\u4dc0-\u4dff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe2}-\u{16fe3}\u{16ff0}-\u{16ff1}\u{1d300}-\u{1d376}\u{1f200}-\u{1f2ff}]--[\u02ea\u02eb\u1161-\u11ff\u3248-\u324f\ud7b0-\ud7ff\uff66-\uffdc]]/v;
const mark = /\p{M}/u;
const zeroWidth = /\p{Mn}/u;
/** Joiners, selectors, skin tones, enclosing marks: each turns its neighbour into something terminals disagree about. */
const joining = /[\p{Cf}\p{Me}\p{Variation_Selector}\p{Emoji_Modifier}]/gu;
/** Without a known width: private, unassigned, and Hangul letters that do not join into a syllable. */
const unknown = /[\p{Co}\p{Cn}\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7ff]/gu;
const flagLetter = /\p{Regional_Indicator}/gu;

/** Plain text in which every code point has a known width. Our own glyphs and spaces pass unchanged. */
export function cellText(text: string): string {
  if (text.length <= textUnitsMax && /^[ -~]*$/.test(text)) return text;
  const plain = safeText(text.slice(0, textUnitsMax))
    .replace(joining, "")
    .replace(/\p{Zs}/gu, " ")
    .replace(flagLetter, (letter) => String.fromCharCode(65 + (letter.codePointAt(0) ?? 0) - 0x1f1e6))
    .normalize("NFC")
    .replace(unknown, "\ufffd");
  return mark.test(plain) ? withFewMarks(plain) : plain;
}

function withFewMarks(text: string): string {
  let result = "";
  for (const { segment } of letters.segment(text)) {
    const points = Array.from(segment);
    const bases = points.filter((point) => !mark.test(point));
    // A mark without a letter would sit on whatever is printed before it.
    if (bases.length === 0) continue;
    const marks = bases.length > 1 ? [] : points.filter((point) => mark.test(point)).slice(0, marksPerLetterMax);
    result += bases.join("") + marks.join("");
  }
  return result;
}

/** The text as one phrase: blanks at the ends and in a row are gone. */
export const phrase = (text: string) => cellText(text).replace(/ {2,}/g, " ").trim();

/** Cells that a text takes which came through `cellText`. */
export function cellWidth(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  let width = 0;
  for (const point of text) width += pointWidth(point);
  return width;
}

const pointWidth = (point: string) => (zeroWidth.test(point) ? 0 : wide.test(point) ? 2 : 1);

/** The longest beginning of at most `width` cells. */
export function take(text: string, width: number): string {
  let [taken, used] = ["", 0];
  for (const point of text) {
    used += pointWidth(point);
    if (used > width) break;
    taken += point;
  }
  return taken;
}

/** At most `width` cells, with `…` at the end when something is missing. */
export function cut(text: string, width: number): string {
  const plain = cellText(text);
  if (cellWidth(plain) <= width) return plain;
  return width < 1 ? "" : `${take(plain, width - 1).trimEnd()}…`;
}

/** Exactly `width` cells. */
export function fit(text: string, width: number, align: "left" | "right" = "left"): string {
  const short = cut(text, width);
  const blanks = " ".repeat(Math.max(0, width - cellWidth(short)));
  return align === "left" ? short + blanks : blanks + short;
}

/** Lines of at most `width` cells, broken at blanks; the last one says by `…` that there is more than `linesMax`. */
export function wrap(text: string, width: number, linesMax: number): string[] {
  const lines: string[] = [];
  let rest = phrase(text);
  while (rest !== "" && lines.length < linesMax - 1 && cellWidth(rest) > width) {
    const most = take(rest, width + 1);
    const blank = most.lastIndexOf(" ");
    const line = blank > 0 ? most.slice(0, blank) : take(rest, width);
    // A letter wider than the line.
    if (line === "") break;
    lines.push(line);
    rest = rest.slice(line.length).trimStart();
  }
  if (rest !== "") lines.push(cut(rest, width));
  return lines;
}
