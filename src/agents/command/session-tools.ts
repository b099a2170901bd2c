/** Longhaul's tools as a program of a session gets them: an address, a token, and `longhaul` in its PATH. */
import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Brief } from "../../domain/brief.ts";
import type { Environment, SessionOrder } from "../../engine/ports.ts";
import type { ServedTools } from "../tool-server/server.ts";
import { FileOutputs } from "../tools/outputs.ts";
import { toolsFor } from "../tools/tools.ts";
import type { CommandAgentHost } from "./session.ts";

export type SessionToolsOrder = {
  order: SessionOrder;
  brief: Brief;
  /** Of the commands that tools run: without the token, for a tool that called a tool would wait for itself. */
  environment: Environment;
  /** Of the session; absolute. */
  folder: string;
};

/** Answers what they add to the program's environment as well. Rejects when files or ports run out. */
export async function openSessionTools(
  { tools, groups, limits, longhaul }: CommandAgentHost,
  { order, brief, environment, folder }: SessionToolsOrder,
): Promise<{ served: ServedTools; environment: Environment }> {
  const bin = writeShim(join(folder, "bin"), longhaul);
  const { run, session, workspace, host, onOutput } = order;
  const served = await tools.open(toolsFor(brief.role), {
    run,
    session,
    role: brief.role,
    workspace,
    groups,
    host,
    brief,
    environment,
    outputs: new FileOutputs(join(folder, "outputs")),
    limits,
    signal: new AbortController().signal, // They are closed with their program.
    // Beside the program's own log: stdout is its answer.
    onOutput: (text) => onOutput("stderr", text),
  });
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

/** A folder with `longhaul` in it, on the Node that runs us: the program's own PATH may have another one, or none. */
function writeShim(folder: string, words: readonly string[]): string {
  const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "longhaul"), `#!/bin/sh\nexec ${quoted.join(" ")} "$@"\n`, { mode: 0o755 });
  return folder;
}
