/** Owns what an agent's text looks like inside the product: inert in a terminal, storable, bounded. */
import { stripVTControlCharacters } from "node:util";
import { cutStart } from "../domain/text.ts";

// oxlint-disable-next-line no-control-regex -- they are what it is about
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Without escape sequences and control characters other than line feed and tab; lone surrogates replaced. */
export function plainText(text: string): string {
  return stripVTControlCharacters(text).replace(/\r\n?/g, "\n").replace(controls, "").toWellFormed();
}

/** The last lines of a program's output, without blank ones around them. */
export function lastLines(text: string, linesMax: number, bytesMax: number): string {
  const lines = plainText(text).trim().split("\n").slice(-linesMax);
  return cutStart(lines.map((line) => line.trimEnd()).join("\n"), bytesMax).trim();
}
