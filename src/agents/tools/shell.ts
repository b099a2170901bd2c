/**
 * Owns `bash`, and `run_command`, which is the same for those whose checkout nobody keeps. Invariant: when the answer
 * is there, nothing that the command started lives any more.
 */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { MiddleCut } from "../../domain/middle-cut.ts";
import { toolLimits } from "../../domain/limits.ts";
import type { Role } from "../../domain/session.ts";
import { plainText } from "../plain-text.ts";
import { answer, counted, refuse } from "./answer.ts";
import { runProgram, sessionEnds, type RunEnd, type RunOrder } from "./running.ts";
import type { Tool, ToolAnswer, ToolContext } from "./tool.ts";

const { commandMs, commandMsMax, commandBytesMax, answerBytesMax } = toolLimits;

const input = z.object({
  command: z.string().min(1).describe("For bash -c (sh where there is no bash). Starts in the workspace each time."),
  timeoutSeconds: z
    .int()
    .min(1)
    .max(commandMsMax / 1_000)
    .default(commandMs / 1_000)
    .describe(`Then it is killed. Default ${commandMs / 1_000}, at most ${commandMsMax / 1_000}.`),
});
type Input = z.infer<typeof input>;

const what =
  `Runs a shell command in the workspace and answers what it printed (stdout and stderr together, without colors) and its exit ` +
  `code. Nothing survives the call: no directory change, no variable, no background process (&, nohup, daemons are killed). ` +
  `There is no input and no terminal. Of more than ${answerBytesMax} bytes the start and the end are shown, read_output has the rest.`;

export const bash = shell("bash", ["worker", "arbiter"], what);

export const runCommand = shell(
  "run_command",
  ["planner", "judge"],
  `${what} For looking, building and testing: this checkout is thrown away afterwards, changes in it are never kept.`,
);

function shell(name: string, roles: Role[], description: string): Tool<Input> {
  return { name, description, input, roles, effect: "work", run };
}

/** Where the command runs decides which shell there is: that may be a sandbox. */
const anyShell = 'command -v bash >/dev/null 2>&1 && exec bash -c "$1"; exec sh -c "$1"';

async function run({ command, timeoutSeconds }: Input, context: ToolContext): Promise<ToolAnswer> {
  if (command.includes("\0")) return refuse("command: contains a NUL, which no command can");
  if (Buffer.byteLength(command) > commandBytesMax)
    return refuse(`command: has more than ${commandBytesMax} bytes; write a file and run that`);
  const printed = new MiddleCut(toolLimits.outputBytesMax);
  const onText = (text: string) => {
    printed.add(text);
    context.onOutput(text);
  };
  // Whoever calls over HTTP is a program with the session's marks, which has to live on: each call has a mark of its own.
  const mark = randomUUID();
  const order: RunOrder = {
    argv: ["/bin/sh", "-c", anyShell, "sh", command],
    environment: { ...context.environment, LONGHAUL_CALL: mark },
    timeoutMs: timeoutSeconds * 1_000,
    graceMs: context.limits.killGraceMs,
    network: true,
    onStdout: onText,
    onStderr: onText,
  };
  const ended = await runProgram(order, context);
  if (ended.end.kind === "not_started") return refuse(ended.end.reason);
  const killed = await killRest(context, mark);
  const left = killed > 0 ? `; ${counted(killed, "process")} that it left running killed` : "";
  const output = plainText(printed.text());
  return answer(ended.cut === null, output, `[${howItEnded(ended, timeoutSeconds)}${left}]`, context);
}

/** What has left the process group. */
async function killRest({ environment, groups }: ToolContext, mark: string): Promise<number> {
  const { LONGHAUL_RUN, LONGHAUL_SESSION } = environment;
  if (LONGHAUL_RUN === undefined || LONGHAUL_SESSION === undefined)
    throw new Error("the environment of a session's commands has its marks");
  return groups.killMarked({ LONGHAUL_RUN, LONGHAUL_SESSION, LONGHAUL_CALL: mark });
}

function howItEnded({ end, cut }: RunEnd, timeoutSeconds: number): string {
  if (cut === "abort") return sessionEnds;
  if (cut === "timeout")
    return `timed out after ${timeoutSeconds} s and was killed; give timeoutSeconds (up to ${commandMsMax / 1_000}) or run less at once`;
  switch (end.kind) {
    case "exited":
      return `exit code ${end.exitCode}`;
    case "killed":
      return `killed by ${end.signal}`;
    case "not_started":
      return end.reason;
  }
}
