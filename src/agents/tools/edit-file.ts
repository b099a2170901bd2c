/** Owns `edit_file`: replaces exact parts of one text file. */
import { z } from "zod";
import { toolLimits } from "../../domain/limits.ts";
import { counted, refuse } from "./answer.ts";
import { applyEdits } from "./edits.ts";
import { readExact } from "./reading.ts";
import type { Tool } from "./tool.ts";
import { replaceFile } from "./writing.ts";

const { editsMax, fileBytesMax } = toolLimits;

const input = z.object({
  path: z.string().describe("The file, relative to the workspace."),
  edits: z
    .array(
      z.object({
        old: z.string().describe("The text to replace, exactly as in the file, indentation included. Must occur once."),
        new: z.string().describe("What stands there afterwards; empty to remove the text."),
        all: z.boolean().default(false).describe("Replace every occurrence."),
      }),
    )
    .min(1)
    .max(editsMax)
    .describe("Applied one after the other; when one does not fit, nothing is changed."),
});

export const editFile: Tool<z.infer<typeof input>> = {
  name: "edit_file",
  description:
    `Replaces exact parts of a text file. Each old must occur exactly once, unless all is set; take enough lines around the ` +
    `change to make it so. All edits are made or none. Line ends (LF or CR LF) and the file's mode are kept. At most ${editsMax} edits.`,
  input,
  roles: ["worker", "arbiter"],
  effect: "work",
  async run({ path, edits }, { workspace }) {
    const half = edits.findIndex((edit) => !edit.new.isWellFormed());
    if (half !== -1) return refuse(`edits[${half}].new: is not well-formed Unicode (half a surrogate pair)`);
    const read = await readExact(workspace, path);
    if (!read.ok) return read;
    const { text, stats, place } = read.value;
    const edited = applyEdits(text, edits);
    if (!edited.ok) return refuse(`${place.shown} was not changed. ${edited.fault}`);
    const bytes = Buffer.from(edited.text);
    if (bytes.length > fileBytesMax)
      return refuse(`${place.shown} was not changed: it would have more than ${fileBytesMax} bytes`);
    const written = await replaceFile(workspace, path, bytes, { was: stats });
    if (!written.ok) return written;
    const lines = `${edited.places.length === 1 ? "line" : "lines"} ${edited.places.join(", ")}`;
    return { ok: true, text: `${place.shown}: ${counted(edited.replaced, "replacement")}, now at ${lines}` };
  },
};
