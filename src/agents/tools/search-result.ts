/** Owns reading ripgrep's JSON records, and what a match looks like for the model. */
import { z } from "zod";
import { toolLimits } from "../../domain/limits.ts";
import { characterEnd, characterStart } from "../../domain/text.ts";
import { shownPath } from "./answer.ts";
import { plainName } from "./ripgrep.ts";

const textSchema = z.union([
  z.object({ text: z.string() }).transform(({ text }) => Buffer.from(text)),
  z.object({ bytes: z.base64() }).transform(({ bytes }) => Buffer.from(bytes, "base64")),
]);

const lineSchema = z.object({
  path: textSchema,
  lines: textSchema,
  line_number: z.int().nullable(),
  submatches: z.array(z.object({ start: z.int() })),
});

const recordSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("match"), data: lineSchema }),
  z.object({ type: z.literal("context"), data: lineSchema }),
  z.object({ type: z.literal("end"), data: z.object({ path: textSchema, binary_offset: z.int().nullable() }) }),
  z.object({ type: z.literal("begin") }),
  z.object({ type: z.literal("summary") }),
]);

type Line = { number: number | null; match: boolean; text: string };

/** Matches by file, up to `matchesMax`. */
export class Matches {
  readonly #matchesMax: number;
  readonly #files = new Map<string, Line[]>();
  count = 0;
  /** There are more than are kept. */
  more = false;

  constructor(matchesMax: number = toolLimits.matchesMax) {
    this.#matchesMax = matchesMax;
  }

  add(json: string, whole: boolean): void {
    if (!whole) return this.#addOverlong(json);
    const record = recordSchema.parse(JSON.parse(json));
    if (record.type === "end") return this.#end(nameOf(record.data.path), record.data.binary_offset);
    if (record.type !== "match" && record.type !== "context") return;
    const match = record.type === "match";
    if (this.more || (match && this.#isFull())) return;
    const { path, lines, line_number, submatches } = record.data;
    this.#add(nameOf(path), { number: line_number, match, text: excerpt(lines, submatches[0]?.start ?? 0) });
  }

  /** Sorted by file. Lines that do not follow each other are parted by `--`. */
  lines(): string[] {
    const files = [...this.#files].filter(([, lines]) => lines.length > 0);
    return files
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([name, lines]) => [shownPath(name), ...fileLines(lines)]);
  }

  get files(): number {
    return this.#files.size;
  }

  #isFull(): boolean {
    this.more ||= this.count >= this.#matchesMax;
    return this.more;
  }

  #add(name: string, line: Line): void {
    const lines = this.#files.get(name) ?? [];
    this.#files.set(name, lines);
    lines.push(line);
    if (line.match) this.count++;
  }

  /** Of a line that is too long for us there is the beginning of its record, with the file's name. */
  #addOverlong(json: string): void {
    const [, type, path] = /^\{"type":"(match|context)","data":\{"path":(\{"\w+":"(?:[^"\\]|\\.)*"\})/.exec(json) ?? [];
    if (type !== "match" || path === undefined || this.#isFull()) return;
    const text = "a line that is too long to show";
    this.#add(nameOf(textSchema.parse(JSON.parse(path))), { number: null, match: true, text });
  }

  #end(name: string, binaryOffset: number | null): void {
    const lines = this.#files.get(name);
    if (binaryOffset === null || !lines) return;
    const matches = lines.filter((line) => line.match).length;
    this.count -= matches - 1;
    this.#files.set(name, [{ number: null, match: true, text: "a binary file that matches" }]);
  }
}

const nameOf = (path: Buffer): string => plainName(path.toString());

function fileLines(lines: Line[]): string[] {
  return lines.flatMap((line, i) => {
    const before = lines[i - 1]?.number;
    const gap = lines.some((each) => !each.match) && i > 0 && before !== (line.number ?? 0) - 1;
    const shown = line.number === null ? `  (${line.text})` : `  ${line.number}${line.match ? ":" : "-"}${line.text}`;
    return gap ? ["  --", shown] : [shown];
  });
}

/** The part around the match, when the line is long. */
function excerpt(line: Buffer, matchAt: number): string {
  const end = line.at(-1) === 10 ? line.length - (line.at(-2) === 13 ? 2 : 1) : line.length;
  const bytesMax = toolLimits.matchBytesMax;
  if (end <= bytesMax) return line.toString("utf8", 0, end);
  const from = characterStart(line, Math.max(0, Math.min(matchAt - bytesMax / 4, end - bytesMax)));
  const to = Math.min(end, from + bytesMax);
  const part = line.toString("utf8", from, to === end ? to : characterEnd(line, to));
  return `${from > 0 ? "…" : ""}${part}${to < end ? "…" : ""} (${end} bytes in this line)`;
}
