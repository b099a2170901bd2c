/** Numbers as a person reads them: short, and of a steady width while they change. */

/** `7s`, `4m 07s`, `2h 05m`, `3d 04h`. Never negative: clocks of two machines may differ by a little. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [minutes, hours, days] = [Math.floor(seconds / 60), Math.floor(seconds / 3600), Math.floor(seconds / 86_400)];
  const two = (value: number) => String(value).padStart(2, "0");
  if (days > 0) return `${days}d ${two(hours % 24)}h`;
  if (hours > 0) return `${hours}h ${two(minutes % 60)}m`;
  return minutes > 0 ? `${minutes}m ${two(seconds % 60)}s` : `${seconds}s`;
}

const [mega, giga] = [2 ** 20, 2 ** 30];

/** Of memory and disks: `320 MB`, `12.3 GB`. */
export const room = (bytes: number) =>
  bytes < giga ? `${Math.floor(bytes / mega)} MB` : `${(Math.floor((10 * bytes) / giga) / 10).toFixed(1)} GB`;

/** How long a command took: `0.4s` below ten seconds, then as `duration`. */
export const took = (ms: number) => (ms < 10_000 ? `${(Math.max(0, ms) / 1000).toFixed(1)}s` : duration(ms));

/** `950`, `4.1k`, `20M`. */
export function count(value: number): string {
  for (const [unit, size] of [
    ["G", 1e9],
    ["M", 1e6],
    ["k", 1e3],
  ] as const) {
    if (value >= size) return `${(value / size).toFixed(value < 10 * size ? 1 : 0)}${unit}`;
  }
  return String(value);
}

/** `0.9312` → `0.9312`, `0.123456` → `0.1235`. */
export const score = (value: number) => String(Number(value.toPrecision(4)));

/** `1 conflict`, `2 conflicts`. */
export const counted = (value: number, noun: string) => `${value} ${noun}${value === 1 ? "" : "s"}`;

/** Of a bound; a bound of 0 is used up. */
export const percent = (value: number, of: number) =>
  of > 0 ? `${Math.min(999, Math.round((100 * value) / of))}%` : "100%";
