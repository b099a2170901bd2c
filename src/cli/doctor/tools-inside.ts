/** `longhaul doctor`: which of the operator's own tools start in a sandbox. Those of the system always do. */
import { mkdir } from "node:fs/promises";
import { realpathSync } from "node:fs";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { findProgram } from "../../agents/command/program.ts";
import { environment } from "../../config.ts";
import { doubtful, good, type Finding } from "../../domain/finding.ts";
import { doctorLimits } from "../../domain/limits.ts";
import { allowedEnvironment } from "../../processes/environment.ts";
import type { Processes } from "../../processes/processes.ts";
import { isOfSystem } from "../../sandbox/system-files.ts";
import type { Confinement } from "../sandbox.ts";
import { withConfined } from "./confined.ts";

/** What builds and tests are usually made with. Each answers `--version`. */
const tools =
  "node npm pnpm yarn bun deno python3 pip3 uv ruby bundle php composer cargo rustc java mvn gradle dotnet swift cmake make".split(
    " ",
  );

type Tool = { name: string; path: string };
type Failed = Tool & { words: string };

/** Nothing where nothing is confined. */
export async function toolFindings(confinement: Confinement): Promise<Finding[]> {
  const found = confinement.sandbox === "none" ? [] : ownTools();
  if (found.length === 0) return [];
  const failed = await withConfined(confinement, async (processes, state) => {
    const directory = join(state, "workspaces", "w1");
    await mkdir(directory, { recursive: true });
    const tried = found.map(async (tool) => ({ ...tool, words: await faultOf(tool, processes, directory) }));
    return (await Promise.all(tried)).filter((tool): tool is Failed => tool.words !== null);
  });
  const names = (some: readonly Tool[]) => some.map(({ name }) => name).join(", ");
  const at = { group: "machine", name: "tools inside" } as const;
  if (failed.length === 0) return [good(at, `${names(found)}: each starts in a sandbox`)];
  const places = [...new Set(failed.map(({ path }) => JSON.stringify(placeOf(path))))].join(", ");
  return [
    doubtful(
      at,
      `no start in a sandbox: ${failed.map(({ name, words }) => `${name} (${words})`).join("; ")}`,
      `If agents need them, let what they are made of be read, where no key lies in it, perhaps: readable: [${places}]`,
    ),
  ];
}

function ownTools(): Tool[] {
  return tools.flatMap((name) => {
    const program = findProgram({ command: [name] }, allowedEnvironment(environment), process.cwd());
    return program.kind === "found" && !isOfSystem(realpathSync(program.path)) ? [{ name, path: program.path }] : [];
  });
}

/** null: it starts. Else the first line of what it said. */
async function faultOf({ name }: Tool, { groups }: Processes, directory: string): Promise<string | null> {
  let said = "";
  const hear = (text: string) => (said = (said + text).slice(0, doctorLimits.toolCharactersMax));
  const group = groups.spawn({
    argv: [name, "--version"],
    directory,
    environment: allowedEnvironment(environment),
    stdin: null,
    onStdout: hear,
    onStderr: hear,
  });
  const timer = setTimeout(() => void group.kill(0), doctorLimits.toolMs);
  const end = await group.ended;
  clearTimeout(timer);
  if (end.kind === "exited" && end.exitCode === 0) return null;
  return said.trim().split("\n", 1)[0] || (end.kind === "exited" ? `exit code ${end.exitCode}` : "it does not answer");
}

/** Where the rest of it lies, most likely: below the home, or beside its folder. */
function placeOf(path: string): string {
  const home = environment["HOME"] ?? "";
  const [first = ""] = relative(home, path).split(sep);
  if (isAbsolute(home) && first !== "" && first !== ".." && first !== path) return `~/${first}`;
  return dirname(dirname(realpathSync(path)));
}
