/** Owns `write_file`: creates or replaces a whole file. */
import { z } from "zod";
import { toolLimits } from "../../domain/limits.ts";
import { counted, refuse } from "./answer.ts";
import { linesOf } from "./read-file.ts";
import type { Tool } from "./tool.ts";
import { replaceFile } from "./writing.ts";

const input = z.object({
  path: z.string().describe("The file, relative to the workspace; missing folders are made."),
  content: z.string().describe("The whole new content, exactly; end it with a line end."),
});

export const writeFile: Tool<z.infer<typeof input>> = {
  name: "write_file",
  description:
    `Creates a file or replaces its whole content. An existing file keeps its mode. To change a part of a file, use edit_file: ` +
    `it is shorter and safer. At most ${toolLimits.fileBytesMax / 1_048_576} MB. Files of git itself (.git) cannot be written.`,
  input,
  roles: ["worker", "arbiter"],
  effect: "work",
  async run({ path, content }, { workspace }) {
    if (!content.isWellFormed()) return refuse("content: is not well-formed Unicode (half a surrogate pair)");
    const bytes = Buffer.from(content);
    if (bytes.length > toolLimits.fileBytesMax)
      return refuse(
        `content: has ${bytes.length} bytes, more than ${toolLimits.fileBytesMax}; generate it with a command`,
      );
    const written = await replaceFile(workspace, path, bytes);
    if (!written.ok) return written;
    const { shown, replaces } = written.value;
    const size = `${counted(linesOf(content).length, "line")}, ${counted(bytes.length, "byte")}`;
    const what = replaces === null ? "created" : `replaced (it had ${counted(Number(replaces.size), "byte")})`;
    return { ok: true, text: `${shown}: ${what}; now ${size}` };
  },
};
