/** A screen is a head and sections below it; each section can say how many rows it would fill, and do with fewer. */
import { shownOf, type RowClaim } from "./allot.ts";
import { quiet, strong, type Line, type Span } from "./paint.ts";

/** `lines(rows)` has at most `rows` lines. */
export type Section = RowClaim & { lines(rows: number): Line[] };

/** All labels of a screen stand in one column. */
export const labelWidth = 11;
export const label = (text: string): Span => quiet(text.padEnd(labelWidth));
export const heading = (text: string): Span => strong(text.padEnd(labelWidth));

/** The row that stands for what a list leaves out. */
export const more = (hidden: number, indent: string, detail = ""): Line => [
  quiet(`${indent}… ${hidden} more${detail}`),
];

/** A heading row and one row per item; items beyond the rows are counted in the last row. `rowsMax` bounds its wish. */
export function listSection<T>(head: Line, items: readonly T[], rowsMax: number, row: (item: T) => Line): Section {
  return {
    least: Math.min(items.length, 2) + 1,
    wanted: Math.min(items.length, rowsMax) + 1,
    lines(rows) {
      const shown = shownOf(items.length, rows - 1);
      const hidden = items.length - shown;
      return [head, ...items.slice(0, shown).map(row), ...(hidden > 0 && rows > 1 ? [more(hidden, "  ")] : [])];
    },
  };
}
