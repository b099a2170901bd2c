/** Made-up verdicts, and the time at which everything made up is looked at. */
import type { Commit } from "../domain/ids.ts";
import { nothingPutBack } from "../domain/protected.ts";
import type { AcceptanceResult, VerdictKind } from "../domain/verdict.ts";
import { nothingWeakened } from "../domain/weakened-tests.ts";
import type { RunView } from "../engine/views.ts";

export const now = 1_790_000_000_000;
const minute = 60_000;

export const acceptance = (
  name: string,
  passed: boolean,
  score: number | null = null,
  ms = 12_400,
): AcceptanceResult => ({ name, command: `npm run ${name}`, passed, exitCode: passed ? 0 : 1, score, ms, output: "" });

export function verdict(
  number: number,
  kind: VerdictKind,
  summary: string,
  results: AcceptanceResult[],
): RunView["verdicts"][number] {
  return {
    cycle: number,
    at: now - (20 - number) * minute,
    verdict: kind,
    summary,
    brief: "",
    evidence: {
      commit: "3f2a91c0de3f2a91c0de3f2a91c0de3f2a91c0de" as Commit,
      acceptance: results,
      putBack: nothingPutBack,
      tests: nothingWeakened,
      tasks: { landed: 20, failed: 2, cancelled: 0 },
      remarks: [],
    },
  };
}
