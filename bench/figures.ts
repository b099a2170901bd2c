/** From measured values to what is printed: order statistics, spreads over repeats, Markdown tables. */

/** The q-quantile (nearest rank) of unsorted values; NaN when there are none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? NaN;
}

/** Of two values, their mean. */
export const median = (values: readonly number[]): number => (quantile(values, 0.5) + quantile(values, 0.5 + 1e-9)) / 2;
export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** `12 / 40 / 55`: median, 95th percentile, maximum. */
export function threeFigures(values: readonly number[]): string {
  if (values.length === 0) return "–";
  return [0.5, 0.95, 1].map((q) => figure(quantile(values, q))).join(" / ");
}

/** `14 (12–15)`: the median of the repeats and their range. */
export function spread(repeats: readonly number[]): string {
  if (repeats.length === 0) return "–";
  const [low, high] = [Math.min(...repeats), Math.max(...repeats)].map(figure);
  return low === high ? figure(median(repeats)) : `${figure(median(repeats))} (${low}–${high})`;
}

/** Three digits that count; whole numbers as they are. */
export function figure(value: number): string {
  if (Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  return value.toFixed(Number.isInteger(value) || size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
