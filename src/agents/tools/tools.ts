/** The list of role tools, and who has which. */
import type { Role } from "../../domain/session.ts";
import { outsideTools } from "../prompts/variables.ts";
import { applyPatchTool } from "./apply-patch.ts";
import { editFile } from "./edit-file.ts";
import { endingTools } from "./ending-tools.ts";
import { git } from "./git.ts";
import { listFiles } from "./list-files.ts";
import { plannerTools } from "./planner-tools.ts";
import { readFile } from "./read-file.ts";
import { readOutput } from "./read-output.ts";
import { search } from "./search.ts";
import { bash, runCommand } from "./shell.ts";
import type { Tool } from "./tool.ts";
import { writeFile } from "./write-file.ts";

/** Always in this order: a changed list of tools is a changed prompt, which no cache of a provider knows. */
const tools: readonly Tool[] = [
  listFiles,
  readFile,
  search,
  git,
  bash,
  runCommand,
  writeFile,
  editFile,
  applyPatchTool,
  readOutput,
  ...plannerTools,
  ...endingTools,
];

export function toolsFor(role: Role): readonly Tool[] {
  return tools.filter((tool) => tool.roles.includes(role));
}

/** For agents that look, change and run with tools of their own. */
export function outsideToolsFor(role: Role): readonly Tool[] {
  const names: readonly string[] = outsideTools[role];
  return toolsFor(role).filter(({ name }) => names.includes(name));
}
