/** Verdicts: what a judge may decide, and what the engine lets stand. */
import type { Commit } from "./ids.ts";
import type { Limits } from "./limits.ts";
import { nothingPutBack, type PutBack } from "./protected.ts";
import { nothingWeakened, type TestReport } from "./weakened-tests.ts";

export type VerdictKind = "continue" | "achieved" | "stop";

/** What a judge says. `brief` tells the next cycle what to do; required for `continue`. */
export type VerdictProposal = { verdict: VerdictKind; summary: string; brief: string };

/** What one acceptance command came to on the judged commit. */
export type AcceptanceResult = {
  name: string;
  command: string;
  passed: boolean;
  exitCode: number | null;
  /** The number after `score=` on a line of its own in the output, the last one if several. */
  score: number | null;
  ms: number;
  /** The end of its output, or its start and end when it was long. */
  output: string;
};

export type Evidence = {
  commit: Commit;
  acceptance: AcceptanceResult[];
  /** Protected files that the trunk had otherwise than the run's base: the acceptance commands ran with those of the base. */
  putBack: PutBack;
  /** What the cycle did to tests, from its first commit to this one. */
  tests: TestReport;
  /** Tasks of this cycle that landed, failed or were cancelled. */
  tasks: { landed: number; failed: number; cancelled: number };
  /** What the engine added or overruled, one sentence each. */
  remarks: string[];
};

const notRecorded: Pick<Evidence, "putBack" | "tests"> = { putBack: nothingPutBack, tests: nothingWeakened };

/** What an older version stored, with what has been added since. */
export const completeEvidence = (stored: Evidence): Evidence => ({ ...notRecorded, ...stored });

export type Verdict = VerdictProposal & { evidence: Evidence };

/** An ended cycle as later judges see it. */
export type CycleRecord = {
  number: number;
  verdict: VerdictKind;
  summary: string;
  landed: number;
  /** By acceptance command. */
  scores: { [name: string]: number };
  /** Findings of its report on tests. */
  weakened: number;
};

/** The judge's word, held against the acceptance commands. */
export function decideVerdict(proposal: VerdictProposal, evidence: Evidence): Verdict {
  const failing = evidence.acceptance.filter((result) => !result.passed);
  if (proposal.verdict !== "achieved" || failing.length === 0) return { ...proposal, evidence };
  const names = failing.map((result) => result.name).join(", ");
  return {
    verdict: "continue",
    summary: proposal.summary,
    brief: [proposal.brief, briefFromFailures(failing)].filter(Boolean).join("\n\n"),
    evidence: {
      ...evidence,
      remarks: [...evidence.remarks, `The judge said "achieved"; overruled, because acceptance failed: ${names}.`],
    },
  };
}

/**
 * The verdict of a run that has no judge agent: the acceptance commands decide. It stops when cycles bring
 * nothing: no landing and no better score in `idleCyclesMax` cycles in a row.
 */
export function verdictFromAcceptance(evidence: Evidence, history: CycleRecord[], limits: Limits): VerdictProposal {
  const failing = evidence.acceptance.filter((result) => !result.passed);
  if (failing.length === 0) {
    return { verdict: "achieved", summary: `All ${evidence.acceptance.length} acceptance commands pass.`, brief: "" };
  }
  const summary = `${failing.length} of ${evidence.acceptance.length} acceptance commands fail: ${failing.map((f) => f.name).join(", ")}.`;
  const cycles: Pick<CycleRecord, "landed" | "scores">[] = [
    ...history,
    { landed: evidence.tasks.landed, scores: scoresOf(evidence.acceptance) },
  ];
  const idle = cycles.length > limits.idleCyclesMax && idleAtEnd(cycles) >= limits.idleCyclesMax;
  if (idle)
    return {
      verdict: "stop",
      summary: `${summary} The last ${limits.idleCyclesMax} cycles brought nothing.`,
      brief: "",
    };
  return { verdict: "continue", summary, brief: briefFromFailures(failing) };
}

export function scoresOf(results: AcceptanceResult[]): { [name: string]: number } {
  return Object.fromEntries(results.flatMap((r) => (r.score === null ? [] : [[r.name, r.score]])));
}

function idleAtEnd(cycles: Pick<CycleRecord, "landed" | "scores">[]): number {
  let idle = 0;
  for (let i = cycles.length - 1; i > 0; i--) {
    const [now, before] = [cycles[i], cycles[i - 1]];
    if (!now || !before || now.landed > 0) break;
    const better = Object.entries(now.scores).some(([name, score]) => score > (before.scores[name] ?? -Infinity));
    if (better) break;
    idle++;
  }
  return idle;
}

function briefFromFailures(failing: AcceptanceResult[]): string {
  return failing
    .map(
      (f) =>
        `Acceptance command "${f.name}" fails (${f.exitCode === null ? "killed" : `exit code ${f.exitCode}`}):\n${f.output.trimEnd()}`,
    )
    .join("\n\n");
}

/** `longhaul` reads scores from lines such as `score=0.93`. */
export function readScore(output: string): number | null {
  const matches = [...output.matchAll(/^\s*score=(-?\d+(?:\.\d+)?)\s*$/gm)];
  const last = matches.at(-1)?.[1];
  return last === undefined ? null : Number(last);
}
