/** Owns `read_file`: lines of one text file, numbered. */
import { z } from "zod";
import { toolLimits } from "../../domain/limits.ts";
import { cutEnd } from "../../domain/text.ts";
import { allRoles } from "../../domain/session.ts";
import { bodyBytesMax, fitting, refuse } from "./answer.ts";
import { exactText, isBinary, readWhole } from "./reading.ts";
import type { Tool, ToolAnswer } from "./tool.ts";

const { linesPerReadMax, lineBytesMax, fileBytesMax } = toolLimits;

const input = z.object({
  path: z.string().describe("The file, relative to the workspace."),
  offset: z.int().min(1).default(1).describe("The first line to show; 1 is the file's first."),
  limit: z.int().min(1).max(linesPerReadMax).default(linesPerReadMax).describe("How many lines to show at most."),
});

export const readFile: Tool<z.infer<typeof input>> = {
  name: "read_file",
  description:
    `Shows lines of a text file, each as "number<tab>text"; the numbers are not part of the file. At most ${linesPerReadMax} lines ` +
    `or ${bodyBytesMax} bytes at once; the answer says how many lines there are and how to read on. Lines are cut after ` +
    `${lineBytesMax} bytes. Files up to ${fileBytesMax / 1_048_576} MB; of binary files only the size is told.`,
  input,
  roles: allRoles,
  effect: "look",
  async run({ path, offset, limit }, { workspace }) {
    const read = await readWhole(workspace, path);
    if (!read.ok) return read;
    const { bytes, place } = read.value;
    if (isBinary(bytes)) return { ok: true, text: `[${place.shown} is a binary file of ${bytes.length} bytes]` };
    if (bytes.length === 0) return { ok: true, text: `[${place.shown} is empty]` };
    const exact = exactText(bytes);
    const remark = exact === null ? "; not valid UTF-8, bad bytes are shown as \ufffd" : "";
    return lines(place.shown, exact ?? bytes.toString("utf8"), { offset, limit }, remark);
  },
};

function lines(shown: string, text: string, part: { offset: number; limit: number }, remark: string): ToolAnswer {
  const all = linesOf(text);
  const { offset, limit } = part;
  if (offset > all.length) return refuse(`offset: ${shown} has only ${all.length} lines`);
  const numbered = all.slice(offset - 1, offset - 1 + limit).map((line, i) => `${offset + i}\t${cutLine(line)}`);
  const fit = fitting(numbered, bodyBytesMax);
  const last = offset + fit.length - 1;
  const on = last < all.length ? `; read on with offset ${last + 1}` : "";
  const crlf = /\r\n/.test(text) ? "; lines end with CR LF" : "";
  const open = text.endsWith("\n") ? "" : "; the last line has no line end";
  const note = `[lines ${offset} to ${last} of ${all.length} in ${shown}${on}${crlf}${last === all.length ? open : ""}${remark}]`;
  return { ok: true, text: `${fit.join("\n")}\n${note}` };
}

export function linesOf(text: string): string[] {
  const all = text.split(/\r?\n/);
  if (all.at(-1) === "") all.pop();
  return all;
}

function cutLine(line: string): string {
  const bytes = Buffer.byteLength(line);
  if (bytes <= lineBytesMax) return line;
  return `${cutEnd(line, lineBytesMax)}… (${bytes} bytes in this line)`;
}
