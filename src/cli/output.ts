/** Data goes to stdout, everything else to stderr. Knows whether colours are wanted. */
import { environment } from "../config.ts";
import { exitCodes } from "./exit.ts";

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

/**
 * A reader such as `head` that has seen enough is no fault. What cannot be written otherwise, such as to a full disk, is one of the
 * surroundings. Without stderr there is nobody to tell, and nothing to end for.
 */
export function endWithReader(): void {
  process.stdout.on("error", onLostReader);
  process.stderr.on("error", () => {});
}

/** From here on what this process does counts, and not who reads of it: it goes on, and its exit code is its own. */
export function outliveReader(): void {
  process.stdout.off("error", onLostReader).on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return;
    sayLost(error);
    process.once("exit", () => (process.exitCode = exitCodes.environment));
  });
}

function onLostReader(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(exitCodes.ok);
  sayLost(error);
  process.exit(exitCodes.environment);
}

const sayLost = ({ message }: Error) =>
  say(`longhaul: what it prints cannot be written: ${message}. Make room, or send it elsewhere.`);
