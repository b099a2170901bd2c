/**
 * Owns how other people's and agents' texts stand in a prompt: marked, so that no text can pass for another's or for
 * one of ours, and bounded, so that what is cut is said. Invariant: whatever a text holds, each of its lines begins
 * with `> ` (quoted), lies inside its tag (tagged), or is one line (inline).
 */
import { cutEnd } from "../../domain/text.ts";

/** Everything that some reader takes for the end of a line. */
const lineEnd = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/;

/** Material: the words of agents, files and programs. There is no end mark, so nothing can forge one. */
export function quoted(text: string, indent = ""): string {
  const lines = text.toWellFormed().split(lineEnd);
  while (lines.length > 1 && lines.at(-1)?.trim() === "") lines.pop();
  return lines.map((line) => `${indent}> ${line}`.trimEnd()).join("\n");
}

/** Instructions and the agent's own words. An end tag inside the text is broken by a backslash. */
export function tagged(tag: string, text: string): string {
  const inside = text.toWellFormed().replace(new RegExp(`<(?=\\s*/\\s*${tag}\\b)`, "gi"), "<\\");
  return `<${tag}>\n${inside.trim()}\n</${tag}>`;
}

/** A title, a name, a reason: white space becomes single spaces. */
export function inline(text: string, bytesMax: number): string {
  const line = text
    .toWellFormed()
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
  return Buffer.byteLength(line) <= bytesMax ? line : `${cutEnd(line, bytesMax).trimEnd()} …`;
}

/** In backticks; what could end them or the line is written as an escape. */
export function code(text: string): string {
  const escaped = text
    .toWellFormed()
    .replace(/[`\p{C}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
  return `\`${escaped}\``;
}

/** As many as fit, in their order; `rest` says what happens to the others. */
export function fit(
  items: readonly string[],
  bytesMax: number,
  separator: string,
  rest: (omitted: number) => string,
): string {
  let bytes = 0;
  const end = items.findIndex((item) => (bytes += Buffer.byteLength(item) + separator.length) > bytesMax);
  if (end === -1) return items.join(separator);
  return [...items.slice(0, end), rest(items.length - end)].join(separator);
}

/** Fair parts of a bound: what one does not need of an equal part goes to those that need more. */
export function fairShares(needs: readonly number[], total: number): number[] {
  const shares = needs.map(() => 0);
  let left = total;
  const order = needs.map((need, index) => ({ need, index })).toSorted((a, b) => a.need - b.need || a.index - b.index);
  for (const [done, { need, index }] of order.entries()) {
    const share = Math.min(need, Math.floor(left / (order.length - done)));
    shares[index] = share;
    left -= share;
  }
  return shares;
}

/** Sections with a blank line between; empty ones are left out. */
export const sections = (...texts: string[]): string => texts.filter((text) => text !== "").join("\n\n");

export const bytesOf = (text: string): number => Buffer.byteLength(text);

/** `plural(1, "task")` → `1 task`. */
export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
