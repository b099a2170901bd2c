/** Shares the rows of a screen among its sections. */

/** `least` rows make a section useful; more than `wanted` it cannot fill. `least <= wanted`. */
export type RowClaim = { least: number; wanted: number };

/**
 * Rows per section, never more than `rows` in all: first what each needs at least, then the rest in turns. Both begin
 * with the last section: there are the lists that are never shown whole.
 */
export function allotRows(rows: number, claims: readonly RowClaim[]): number[] {
  let left = Math.max(0, rows);
  const given = claims.map(() => 0);
  const fromLast = [...claims.entries()].toReversed();
  for (const [i, { least }] of fromLast) {
    if (least > left) continue;
    given[i] = least;
    left -= least;
  }
  for (let moved = true; moved && left > 0;) {
    moved = false;
    for (const [i, { wanted }] of fromLast) {
      const has = given[i] ?? 0;
      if (left === 0 || has === 0 || has >= wanted) continue;
      given[i] = has + 1;
      left -= 1;
      moved = true;
    }
  }
  return given;
}

/** What a list shows in `rows` rows: all, or the first ones and a last row for `… n more`. */
export const shownOf = (length: number, rows: number) => (length <= rows ? length : Math.max(0, rows - 1));
