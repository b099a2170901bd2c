/** Owns what an agent is told of how it calls Longhaul's tools. */
import type { AcpPreset } from "../../domain/acp-preset.ts";
import { shimIn } from "../tool-server/session-tools.ts";

/** `folder`: of the session. The command is named whole, for a shell that reads a profile has a PATH of its own. */
export function wayToTools({ tools, toolPrefix }: AcpPreset, folder: string) {
  return tools === "mcp" ? { tools, toolPrefix } : { tools, program: shellWord(shimIn(folder)) };
}

const shellWord = (path: string): string =>
  /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
