/** Owns `list_files`: which files there are, or, when they are too many, which folders with how many. */
import { z } from "zod";
import { toolLimits } from "../../domain/limits.ts";
import { allRoles } from "../../domain/session.ts";
import { bodyBytesMax, counted, fitting, refuse, shownPath } from "./answer.ts";
import { FolderCounts } from "./folder-counts.ts";
import { Records } from "./records.ts";
import { complaint, plainName, ripgrep, searchPlace, type SearchPlace } from "./ripgrep.ts";
import { look } from "./running.ts";
import type { Tool, ToolAnswer } from "./tool.ts";

const { entriesMax, filesCountedMax, folderDepthMax } = toolLimits;

const input = z.object({
  path: z.string().default(".").describe("The folder, relative to the workspace. Default: the workspace."),
  glob: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Only files that match, as in .gitignore: "*.ts" at any depth, "src/**/*.ts" from the workspace on, "!*.test.ts" all others.',
    ),
  depth: z
    .int()
    .min(1)
    .max(folderDepthMax)
    .optional()
    .describe("So many levels of folders: deeper ones are shown as one line with their number of files."),
});
type Input = z.infer<typeof input>;

export const listFiles: Tool<Input> = {
  name: "list_files",
  description:
    `Lists files below a folder, hidden ones too, sorted, without what .gitignore names and without symbolic links. At most ` +
    `${entriesMax} entries; the answer says how many there are. When there are more and no glob is given, it shows folders ` +
    `with their numbers of files instead. An ignored folder is listed when path names it.`,
  input,
  roles: allRoles,
  effect: "look",
  async run({ path, glob, depth }, context) {
    const placed = await searchPlace(context.workspace, path);
    if (!placed.ok) return placed;
    const place = placed.value;
    if (!place.isFolder) return refuse(`${place.shown} is no folder; read_file shows what is in a file`);
    const prefix = place.argument === "." ? "" : `${plainName(place.argument)}/`;
    const counts = new FolderCounts();
    let enough: (() => void) | null = null;
    const names = new Records("\0", toolLimits.pathBytesMax, (name) => {
      const plain = plainName(name);
      counts.add(plain.startsWith(prefix) ? plain.slice(prefix.length) : plain);
      if (counts.total >= filesCountedMax) enough?.();
    });
    const order = {
      argv: ripgrep(["--files", "--null"], glob, [place.argument]),
      onStdout: (text: string, stop: () => void) => {
        enough = stop;
        names.add(text);
      },
    };
    const looked = await look(order, context, "give a folder of it as path");
    if (!looked.ok) return looked;
    if (counts.total === 0) return nothing(looked.stderr, place, glob);
    const more = looked.enough || looked.exitCode === null;
    return answerOf(counts, { ...place, prefix }, { glob, depth, more, stderr: looked.stderr });
  },
};

function nothing(stderr: string, place: SearchPlace, glob: string | undefined): ToolAnswer {
  if (stderr.trim() !== "") return refuse(complaint(stderr));
  const matching = glob === undefined ? "" : ` that match ${JSON.stringify(glob)}`;
  return { ok: true, text: `[no files${matching} in ${place.shown}; ignored files and symbolic links are not listed]` };
}

type Asked = Pick<Input, "glob" | "depth"> & { more: boolean; stderr: string };

function answerOf(counts: FolderCounts, { shown, prefix }: SearchPlace & { prefix: string }, asked: Asked): ToolAnswer {
  const flat = asked.depth === undefined && (counts.total <= entriesMax || asked.glob !== undefined);
  const depth = flat ? null : (asked.depth ?? counts.depthFor(entriesMax / 4));
  const { entries, total } = depth === null ? { entries: counts.files(), total: counts.total } : counts.tree(depth);
  const lines = fitting(
    entries.map((entry) => shownPath(`${prefix}${entry}`)),
    bodyBytesMax,
  );
  const all = `${asked.more ? "more than " : ""}${counted(counts.total, "file")} in ${shown}`;
  const levels = depth === null ? "" : `; folders down to level ${depth}`;
  const cut = lines.length < total ? `; ${lines.length} of ${total} entries shown: narrow it with path or glob` : "";
  const trouble = asked.stderr.trim() === "" ? "" : `\n[${complaint(asked.stderr)}]`;
  return { ok: true, text: `${lines.join("\n")}\n[${all}${levels}${cut}]${trouble}` };
}
