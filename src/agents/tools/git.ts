/** Owns `git`: looking at the history and at what has changed, without any program being run but git itself. */
import { z } from "zod";
import { MiddleCut } from "../../domain/middle-cut.ts";
import { toolLimits } from "../../domain/limits.ts";
import { allRoles } from "../../domain/session.ts";
import type { Environment } from "../../engine/ports.ts";
import { plainText } from "../plain-text.ts";
import { answer, found, refuse, type Outcome } from "./answer.ts";
import { gitArguments, gitSubcommands } from "./git-arguments.ts";
import { driverPattern, gitEnvironment } from "./git-environment.ts";
import { placeOf, statsOf } from "./place.ts";
import { Records } from "./records.ts";
import { look } from "./running.ts";
import type { Tool, ToolContext } from "./tool.ts";

const { outputBytesMax, gitFiltersMax } = toolLimits;

const input = z.object({
  args: z
    .array(z.string())
    .min(1)
    .describe('Subcommand, options and paths, one text each: ["log", "--oneline", "-n", "20", "--", "src"].'),
});

export const git: Tool<z.infer<typeof input>> = {
  name: "git",
  description:
    `Looks at the workspace's git repository, read-only: ${gitSubcommands}, with their usual options spelled out in full. ` +
    `No aliases, no pager, no external diff or filter programs. Paths are relative to the workspace. Output is bounded: limit it ` +
    `with -n, --stat or paths.`,
  input,
  roles: allRoles,
  effect: "look",
  async run({ args }, context) {
    const checked = gitArguments(args);
    if (!checked.ok) return checked;
    const environment = await safeEnvironment(context);
    if (!environment.ok) return environment;
    const printed = new MiddleCut(outputBytesMax);
    let bytes = 0;
    const onStdout = (text: string, enough: () => void) => {
      printed.add(text);
      bytes += Buffer.byteLength(text);
      if (bytes > outputBytesMax) enough();
    };
    const order = {
      argv: ["git", ...checked.value] as [string, ...string[]],
      environment: environment.value,
      onStdout,
    };
    const looked = await look(order, context, "limit it with -n or paths");
    if (!looked.ok) return looked;
    const { exitCode, enough, stderr } = looked;
    const said = plainText(stderr).trim();
    const note = enough ? `[stopped after ${bytes} bytes: limit it with -n, --stat or paths]` : endOf(exitCode, said);
    // 1 is an answer of grep (no match) and diff (a difference).
    const ok = enough || exitCode === 0 || (exitCode === 1 && said === "");
    return answer(ok, plainText(printed.text()), note, context);
  },
};

function endOf(exitCode: number | null, said: string): string {
  const code = exitCode === 0 ? "" : exitCode === null ? "[killed]" : `[exit code ${exitCode}]`;
  return [said, code].filter((part) => part !== "").join("\n") || "[end]";
}

/** Asks the repository which programs it names, so that they can be overridden one by one. */
async function safeEnvironment(context: ToolContext): Promise<Outcome<Environment>> {
  const workspace = await placeOf(context.workspace, ".");
  if (!workspace.ok) return workspace;
  const { root } = workspace.value;
  const own = await statsOf(`${root}/.git`);
  if (!own?.isDirectory())
    return refuse("the workspace's .git is not the folder that it was: there is nothing to look at");
  const drivers: string[] = [];
  const names = new Records("\0", toolLimits.pathBytesMax, (name) => drivers.push(name));
  const argv: [string, ...string[]] = ["git", "config", "--null", "--name-only", "--get-regexp", driverPattern];
  const order = {
    argv,
    environment: gitEnvironment(context.environment, root, []),
    onStdout: (text: string) => names.add(text),
  };
  const looked = await look(order, context, "look at .git/config");
  if (!looked.ok) return looked;
  // 1: there is none.
  if (looked.exitCode !== 0 && looked.exitCode !== 1)
    return refuse(`git cannot read .git/config: ${looked.stderr.trim()}`);
  if (drivers.length > gitFiltersMax)
    return refuse(`.git/config defines more than ${gitFiltersMax} filters and diff drivers`);
  return found(gitEnvironment(context.environment, root, [...new Set(drivers)]));
}
