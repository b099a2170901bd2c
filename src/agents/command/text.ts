/** Owns what an agent's text looks like inside the product: inert in a terminal, storable, bounded. */
import { stripVTControlCharacters } from "node:util";

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

/** At most `bytesMax` bytes: the start and the end. */
export function cutMiddle(text: string, bytesMax: number): string {
  const bytes = Buffer.byteLength(text);
  if (bytes <= bytesMax) return text;
  const half = Math.max(0, Math.floor((bytesMax - 64) / 2));
  const [head, tail] = [cutEnd(text, half), cutStart(text, half)];
  return `${head}\n… ${bytes - Buffer.byteLength(head) - Buffer.byteLength(tail)} bytes left out …\n${tail}`;
}

/** The start of the text, whole characters only. */
export function cutEnd(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return text;
  let end = bytesMax;
  while (end > 0 && isContinuation(bytes[end])) end--;
  return bytes.toString("utf8", 0, end);
}

/** The end of the text, whole characters only. */
export function cutStart(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return text;
  let start = bytes.length - bytesMax;
  while (start < bytes.length && isContinuation(bytes[start])) start++;
  return bytes.toString("utf8", start);
}

const isContinuation = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;
