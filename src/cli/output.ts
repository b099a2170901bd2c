/** Data goes to stdout, everything else to stderr. Knows whether colours are wanted. */
import { environment } from "../config.ts";

/** https://no-color.org: set and not empty. */
const noColor = Boolean(environment["NO_COLOR"]);

export const colorOn = (stream: NodeJS.WriteStream) => stream.isTTY && !noColor;
/** A terminal that has not been told its size (a pipe of `script`, some CI) says 0. */
export const widthOf = (stream: NodeJS.WriteStream) => (stream.isTTY && stream.columns) || 100;

export function print(text: string): void {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

/** One JSON value. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** A fault of our own that nobody waits for. */
export function report(error: unknown): void {
  say(`longhaul: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
}

/** A reader such as `head` that has seen enough is no fault. */
export function endQuietlyWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
  });
}
