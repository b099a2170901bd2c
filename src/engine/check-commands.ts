/** Runs the operator's own commands: acceptance and checks. What the commands do is a result; nothing of it rejects. */
import type { RunId } from "../domain/ids.ts";
import type { Limits } from "../domain/limits.ts";
import type { CheckCommand } from "../domain/run-config.ts";
import { readScore, type AcceptanceResult } from "../domain/verdict.ts";
import type { Commands } from "./ports.ts";

export type CheckOrder = {
  commands: Commands;
  run: RunId;
  list: readonly CheckCommand[];
  directory: string;
  limits: Limits;
  signal: AbortSignal;
};

/** Runs the commands one after the other; an abort ends the rest as failed. */
export async function runChecks({
  commands,
  run,
  list,
  directory,
  limits,
  signal,
}: CheckOrder): Promise<AcceptanceResult[]> {
  const results: AcceptanceResult[] = [];
  for (const { name, command, timeoutMs } of list) {
    const result = await commands.run({
      run,
      command,
      directory,
      timeoutMs: timeoutMs ?? limits.commandMs,
      outputBytesMax: limits.evidenceBytesMax,
      signal,
    });
    const timedOut = result.timedOut ? `\n(killed after ${timeoutMs ?? limits.commandMs} ms)` : "";
    results.push({
      name,
      command,
      passed: result.exitCode === 0,
      exitCode: result.exitCode,
      score: readScore(result.output),
      ms: result.ms,
      output: result.output + timedOut,
    });
  }
  return results;
}

/** For whoever has to mend it. */
export const describeFailed = ({ name, command, exitCode, output }: AcceptanceResult): string =>
  `the check ${name} fails with this change (${command}: ${exitCode === null ? "killed" : `exit code ${exitCode}`}):\n${output}`;
