/** Owns replacing exact parts of a text: all of the edits or none. */
import { toolLimits } from "../../domain/limits.ts";
import { nearLines } from "./near-lines.ts";

export type Edit = { old: string; new: string; all: boolean };
/** `fault` names the edit as the model gave it: `edits[2].old: …`. */
export type Edited = { ok: true; text: string; replaced: number; places: number[] } | { ok: false; fault: string };

/** Later edits see what the earlier ones made. `places`: the lines of the edits, as they are after all of them. */
export function applyEdits(text: string, edits: readonly Edit[]): Edited {
  const crlf = hasOnlyCrlf(text);
  let edited = text;
  let replaced = 0;
  let starts: number[] = [];
  for (const [index, asked] of edits.entries()) {
    const edit = crlf ? { ...asked, old: toCrlf(asked.old), new: toCrlf(asked.new) } : asked;
    const fault = faultOf(edited, edit);
    if (fault !== null) return { ok: false, fault: `edits[${index}].${fault}` };
    const at = positions(edited, edit.old, edit.all ? Infinity : 1);
    edited = edited.split(edit.old).join(edit.new);
    const growth = edit.new.length - edit.old.length;
    starts = starts.map((start) => start + growth * at.filter((each) => each < start).length);
    starts.push(...at.slice(0, toolLimits.placesMax).map((each, i) => each + i * growth));
    replaced += at.length;
  }
  const places = lineNumbers(edited, starts.toSorted((a, b) => a - b).slice(0, toolLimits.placesMax));
  return { ok: true, text: edited, replaced, places: [...new Set(places)] };
}

function faultOf(text: string, edit: Edit): string | null {
  if (edit.old === "") return "old: is empty; give the text to replace, or use write_file for a whole file";
  if (edit.old === edit.new) return "new: is the same as old; nothing would change";
  const at = positions(text, edit.old, edit.all ? 1 : Infinity);
  if (at.length === 0) return `old: ${notFound(text, edit.old)}`;
  if (edit.all || at.length === 1) return null;
  const lines = lineNumbers(text, at.slice(0, toolLimits.placesMax)).join(", ");
  const more = at.length > toolLimits.placesMax ? ", …" : "";
  return `old: occurs ${at.length} times, at lines ${lines}${more}; add lines around it until it is the only one, or set all to true`;
}

function notFound(text: string, old: string): string {
  const near = nearLines(text, old);
  const again = "read the file again and copy the text exactly";
  if (near === null) return `is not in the file, and nothing like it; ${again}`;
  const how = near.kind === "spaces" ? "only with other spaces or line ends" : "but these lines are alike";
  return `is not in the file, ${how}; ${again}:\n${near.lines}`;
}

/** Where `part` begins; occurrences do not overlap. */
function positions(text: string, part: string, max: number): number[] {
  const found: number[] = [];
  for (let at = text.indexOf(part); at !== -1 && found.length < max; at = text.indexOf(part, at + part.length))
    found.push(at);
  return found;
}

/** Of positions in rising order; 1 is the first line. */
function lineNumbers(text: string, at: readonly number[]): number[] {
  let [line, from] = [1, 0];
  return at.map((position) => {
    for (let next = text.indexOf("\n", from); next !== -1 && next < position; next = text.indexOf("\n", from)) {
      line++;
      from = next + 1;
    }
    return line;
  });
}

/** Models write LF; in a file that has CR LF throughout, that is what they mean. */
const hasOnlyCrlf = (text: string): boolean => text.includes("\r\n") && !/(?<!\r)\n/.test(text);

const toCrlf = (text: string): string => text.replace(/\r?\n/g, "\r\n");
