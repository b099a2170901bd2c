/** Longhaul's tools as a program of a session gets them: an address, a token, and `longhaul` in its PATH. */
import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type { Brief } from "../../domain/brief.ts";
import type { Limits } from "../../domain/limits.ts";
import type { Environment, ProcessGroups, SessionOrder } from "../../engine/ports.ts";
import { FileOutputs } from "../tools/outputs.ts";
import type { Tool } from "../tools/tool.ts";
import type { ServedTools, ToolServer } from "./server.ts";

export type SessionToolsHost = {
  tools: ToolServer;
  groups: ProcessGroups;
  limits: Pick<Limits, "killGraceMs">;
  /** The words that start Longhaul. */
  longhaul: readonly string[];
};

export type SessionToolsOrder = {
  order: SessionOrder;
  brief: Brief;
  tools: readonly Tool[];
  /** Of the commands that tools run: without the token, for a tool that called a tool would wait for itself. */
  environment: Environment;
  /** Of the session; absolute. */
  folder: string;
  onEnd?: () => void;
};

/** Answers what they add to the program's environment as well. Rejects when files or ports run out. */
export async function openSessionTools(
  { tools: server, groups, limits, longhaul }: SessionToolsHost,
  { order, brief, tools, environment, folder, onEnd }: SessionToolsOrder,
): Promise<{ served: ServedTools; environment: Environment }> {
  const bin = writeShim(shimIn(folder), longhaul);
  const { run, session, workspace, host, onOutput } = order;
  const context = {
    run,
    session,
    role: brief.role,
    workspace,
    folder,
    groups,
    host,
    brief,
    environment,
    outputs: new FileOutputs(join(folder, "outputs")),
    limits,
    signal: new AbortController().signal, // They are closed with their program.
    // Beside the program's own log: stdout is its answer.
    onOutput: (text: string) => onOutput("stderr", text),
  };
  const served = await server.open(tools, context, onEnd);
  return {
    served,
    environment: {
      ...environment,
      PATH: `${bin}${delimiter}${environment["PATH"] || "/usr/local/bin:/usr/bin:/bin"}`,
      LONGHAUL_TOOLS_URL: served.url,
      LONGHAUL_TOOLS_TOKEN: served.token,
    },
  };
}

/** The `longhaul` of a session's programs. `folder`: of the session. */
export const shimIn = (folder: string): string => join(folder, "bin", "longhaul");

/** Starts Longhaul on the Node that runs us: the program's own PATH may have another one, or none. Answers its folder. */
function writeShim(path: string, words: readonly string[]): string {
  const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\nexec ${quoted.join(" ")} "$@"\n`, { mode: 0o755 });
  return dirname(path);
}
