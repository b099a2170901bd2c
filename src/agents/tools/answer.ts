/** Owns what an answer to the model looks like: bounded, and with the way to what did not fit into it. */
import { toolLimits } from "../../domain/limits.ts";
import { cutEnd, cutStart, cutMiddle } from "../../domain/text.ts";
import type { ToolAnswer, ToolContext } from "./tool.ts";

/** A value, or the answer that says why there is none. */
export type Outcome<T> = { ok: true; value: T } | Refusal;
export type Refusal = { ok: false; text: string };

export const refuse = (text: string): Refusal => ({ ok: false, text: cutMiddle(text, toolLimits.answerBytesMax) });
export const found = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });

/** Room for the body of an answer. */
export const bodyBytesMax = toolLimits.answerBytesMax - toolLimits.noteBytesMax;

/**
 * `body` and after it `note`, which is never cut. Of a body that is too long the start and the end are shown and the
 * whole is kept for `read_output`.
 */
export async function answer(ok: boolean, body: string, note: string, context: ToolContext): Promise<ToolAnswer> {
  const end = cutEnd(note, toolLimits.noteBytesMax / 2);
  const bytes = Buffer.byteLength(body);
  if (bytes <= bodyBytesMax) return { ok, text: joined(body, end) };
  const fault = await keep(body, context);
  const half = Math.floor(bodyBytesMax / 2);
  const [head, tail] = [wholeLines(cutEnd(body, half), "head"), wholeLines(cutStart(body, half), "tail")];
  const headBytes = Buffer.byteLength(head);
  const cut = bytes - headBytes - Buffer.byteLength(tail);
  const way = fault ?? `read_output {"call": ${JSON.stringify(context.call)}, "offset": ${headBytes}} reads on`;
  return { ok, text: joined(`${head}\n… ${cut} bytes left out; ${way} …\n${tail}`, end) };
}

/** null: it is kept. */
async function keep(body: string, context: ToolContext): Promise<string | null> {
  try {
    await context.outputs.keep(context.call, body);
    return null;
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    return `they could not be kept (${error.message}): narrow the call to see them`;
  }
}

/** Without the line that the cut went through, unless that would be most of the text. */
function wholeLines(text: string, part: "head" | "tail"): string {
  const at = part === "head" ? text.lastIndexOf("\n") : text.indexOf("\n") + 1;
  const whole = part === "head" ? text.slice(0, Math.max(0, at)) : text.slice(at);
  return whole.length * 2 > text.length ? whole : text;
}

function joined(body: string, note: string): string {
  if (note === "") return body;
  return body === "" ? note : `${body.replace(/\n+$/, "")}\n${note}`;
}

/** As many of the lines as fit; each counts its line end. */
export function fitting(lines: readonly string[], bytesMax: number): string[] {
  let bytes = 0;
  const over = lines.findIndex((line) => (bytes += Buffer.byteLength(line) + 1) > bytesMax);
  return over === -1 ? [...lines] : lines.slice(0, over);
}

/** A name as one line: with control characters or spaces around it, as a JSON text, which every tool takes as it is. */
export function shownPath(path: string): string {
  return /[\p{Cc}\p{Zl}\p{Zp}]|^\s|\s$|^"/u.test(path) ? JSON.stringify(path) : path;
}

export const counted = (count: number, one: string): string =>
  `${count} ${one}${count === 1 ? "" : one.endsWith("s") ? "es" : "s"}`;
