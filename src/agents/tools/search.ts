/** Owns `search`: lines of files that match a pattern. */
import { z } from "zod";
import { toolLimits } from "../../domain/limits.ts";
import { allRoles } from "../../domain/session.ts";
import { bodyBytesMax, counted, fitting, refuse, shownPath } from "./answer.ts";
import { FolderCounts } from "./folder-counts.ts";
import { Records } from "./records.ts";
import { complaint, plainName, ripgrep, searchPlace } from "./ripgrep.ts";
import { look } from "./running.ts";
import { Matches } from "./search-result.ts";
import type { Tool, ToolAnswer, ToolContext } from "./tool.ts";

const { matchesMax, matchBytesMax, contextLinesMax, entriesMax } = toolLimits;

const input = z.object({
  pattern: z.string().min(1).describe("A regular expression (Rust syntax: no look-around, no back-references)."),
  path: z.string().default(".").describe("A folder or a file, relative to the workspace. Default: the workspace."),
  glob: z
    .string()
    .min(1)
    .optional()
    .describe('Only files that match, as in .gitignore: "*.ts", "src/**/*.ts", "*.{js,ts}", "!*.test.ts".'),
  context: z.int().min(0).max(contextLinesMax).default(0).describe("Lines to show before and after each match."),
  ignoreCase: z.boolean().default(false).describe("Large and small letters are the same."),
  fixed: z.boolean().default(false).describe("The pattern is a plain text, not a regular expression."),
  filesOnly: z.boolean().default(false).describe("Only the names of files that match."),
});
type Input = z.infer<typeof input>;

export const search: Tool<Input> = {
  name: "search",
  description:
    `Searches text files, line by line, for a regular expression. Answers by file: "number:line" for matches, "number-line" for ` +
    `context. At most ${matchesMax} matches (filesOnly: ${entriesMax} files); long lines are cut to ${matchBytesMax} bytes around ` +
    `the match. Leaves out what .gitignore names and symbolic links; an ignored folder is searched when path names it.`,
  input,
  roles: allRoles,
  effect: "look",
  async run(asked, context) {
    if (asked.pattern.includes("\0")) return refuse("pattern: contains a NUL, which no text file does");
    const placed = await searchPlace(context.workspace, asked.path);
    if (!placed.ok) return placed;
    const run = asked.filesOnly ? searchFiles : searchLines;
    return run(asked, placed.value.argument, context);
  },
};

function optionsOf({ ignoreCase, fixed }: Input): string[] {
  return [...(ignoreCase ? ["--ignore-case"] : []), ...(fixed ? ["--fixed-strings"] : [])];
}

const narrow = "narrow it with path, glob or pattern";

async function searchLines(asked: Input, argument: string, context: ToolContext): Promise<ToolAnswer> {
  const matches = new Matches();
  const records = new Records("\n", toolLimits.recordBytesMax, (record, whole) => matches.add(record, whole));
  const options = ["--json", `--context=${asked.context}`, ...optionsOf(asked)];
  const order = {
    argv: ripgrep(options, asked.glob, [asked.pattern, argument]),
    onStdout: (text: string, enough: () => void) => {
      records.add(text);
      if (matches.more) enough();
    },
  };
  const looked = await look(order, context, narrow);
  if (!looked.ok) return looked;
  if (matches.count === 0) return nothing(asked, looked.stderr);
  const all = matches.lines();
  const lines = fitting(all, bodyBytesMax);
  const cut =
    lines.length < all.length ? `; the first ${lines.length} of ${all.length} lines are shown: ${narrow}` : "";
  const more = matches.more ? `the first ${matches.count} matches found, there are more: ${narrow}` : counts(matches);
  return { ok: true, text: `${lines.join("\n")}\n[${more}${cut}]${trouble(looked.stderr)}` };
}

const counts = (matches: Matches) =>
  `${matches.count} ${matches.count === 1 ? "match" : "matches"} in ${counted(matches.files, "file")}`;

async function searchFiles(asked: Input, argument: string, context: ToolContext): Promise<ToolAnswer> {
  const names = new FolderCounts();
  const records = new Records("\0", toolLimits.pathBytesMax, (name) => names.add(plainName(name)));
  const order = {
    argv: ripgrep(["--files-with-matches", "--null", ...optionsOf(asked)], asked.glob, [asked.pattern, argument]),
    onStdout: (text: string, enough: () => void) => {
      records.add(text);
      if (names.total >= toolLimits.filesCountedMax) enough();
    },
  };
  const looked = await look(order, context, narrow);
  if (!looked.ok) return looked;
  if (names.total === 0) return nothing(asked, looked.stderr);
  const lines = fitting(names.files().map(shownPath), bodyBytesMax);
  const cut = lines.length < names.total ? `; ${lines.length} of ${names.total} shown: ${narrow}` : "";
  return {
    ok: true,
    text: `${lines.join("\n")}\n[${counted(names.total, "file")} with matches${cut}]${trouble(looked.stderr)}`,
  };
}

function nothing({ pattern, fixed }: Input, stderr: string): ToolAnswer {
  const said = complaint(stderr);
  if (said === "") return { ok: true, text: "[no match]" };
  if (!said.includes("regex parse error")) return refuse(said);
  const mend = fixed
    ? ""
    : "\nEscape signs that are meant literally, or set fixed to true to search for the text itself.";
  return refuse(`pattern: ${JSON.stringify(pattern.slice(0, 200))} is not a regular expression: ${said}${mend}`);
}

const trouble = (stderr: string) => (stderr.trim() === "" ? "" : `\n[${complaint(stderr)}]`);
