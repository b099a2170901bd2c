/** Shares the rows of a screen among its sections. */

/** `least` rows make a section useful; more than `wanted` it cannot fill. `least <= wanted`. */
export type RowClaim = { least: number; wanted: number };

/** Rows per section, never more than `rows` in all: first what each needs at least, in order; the rest in turns. */
export function allotRows(rows: number, claims: readonly RowClaim[]): number[] {
  let left = Math.max(0, rows);
  const given = claims.map(({ least }) => {
    const granted = least <= left ? least : 0;
    left -= granted;
    return granted;
  });
  while (left > 0) {
    let moved = false;
    for (const [i, { wanted }] of claims.entries()) {
      const has = given[i] ?? 0;
      if (left === 0 || has === 0 || has >= wanted) continue;
      given[i] = has + 1;
      left -= 1;
      moved = true;
    }
    if (!moved) break;
  }
  return given;
}

/** What a list shows in `rows` rows: all, or the first ones and a last row for `… n more`. */
export const shownOf = (length: number, rows: number) => (length <= rows ? length : Math.max(0, rows - 1));
