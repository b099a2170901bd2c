/**
 * A judgement: the acceptance commands and checks of the run's own configuration run first, on the tip, in clean
 * checkouts, with the protected files as they were at the run's base; then the judge agent has its say, if there is one.
 */
import type { JudgeBrief } from "../domain/brief.ts";
import { idText, type Commit } from "../domain/ids.ts";
import { nothingPutBack, protectedPaths, putBackWords } from "../domain/protected.ts";
import { noUsage } from "../domain/session.ts";
import { mayHoldTests } from "../domain/test-languages.ts";
import { lowerTotals, type LowerTotals } from "../domain/test-totals.ts";
import { verdictFromAcceptance, type Evidence } from "../domain/verdict.ts";
import { TestComparison, type TestReport } from "../domain/weakened-tests.ts";
import type { Seen } from "./briefs.ts";
import { runChecks } from "./check-commands.ts";
import { converse, wrongAnswer, type Ending, type Session } from "./desk.ts";
import { endJudgement } from "./judgements.ts";
import { publish } from "./publish.ts";

export async function judge(session: Session, briefWith: (seen: Seen) => Promise<JudgeBrief>): Promise<Ending> {
  const { store, claim, config, workspace, watch, checks } = session;
  const signal = watch.cutSignal;
  const { base, last } = await store.transition(claim.run, async (tx) => ({
    base: tx.run.base,
    last: await tx.lastEvidence(),
  }));
  const { acceptance, putBack } = await runAcceptance(session, base, signal);
  const checked = config.checks.length === 0 ? null : await checks.judged(workspace.base, signal);
  if (watch.cutBy) return { failure: watch.cutBy, usage: noUsage };
  const all = [...acceptance, ...(checked ?? [])];
  for (const result of all)
    session.transcript.add("note", `${result.passed ? "passed" : "FAILED"}: ${result.name}\n${result.output}`);

  watch.begin();
  const tests = await compareTests(session, last?.commit ?? base, lowerTotals(last?.acceptance ?? [], all));
  const brief = await briefWith({ acceptance: all, putBack, tests });
  const remarks = [putBackWords(putBack, putBackNamedMax)].filter((remark) => remark !== null);
  const evidence: Evidence = { commit: workspace.base, acceptance: all, putBack, tests, tasks: brief.tasks, remarks };
  // Where there are checks, they alone move green: the trunk may have gone on since.
  const green = checked === null && acceptance.length > 0 && acceptance.every((result) => result.passed);
  let usage = noUsage;
  let proposal = verdictFromAcceptance(evidence, brief.cycle.history, config.limits);
  if (config.roles.judge !== null) {
    const answer = await converse(session, brief);
    if (answer.kind === "failure") return answer;
    if (answer.kind !== "verdict") return { failure: wrongAnswer(answer, "a verdict"), usage: answer.usage };
    ({ proposal, usage } = answer);
  }
  await publish(session, claim.run); // Before the run can end, so that a crash in between leaves no ended run unpublished.
  await store.transition(claim.run, (tx) => endJudgement(tx, claim, proposal, evidence, green, usage));
  return null;
}

/** In a checkout of its own, so that neither what they leave behind nor what the judge does is in the way of the other. */
async function runAcceptance(
  session: Session,
  base: Commit,
  signal: AbortSignal,
): Promise<Pick<Seen, "acceptance" | "putBack">> {
  const { trunk, commands, claim, config, workspace } = session;
  if (config.acceptance.length === 0) return { acceptance: [], putBack: nothingPutBack };
  const opened = await trunk.openProtected(
    claim.run,
    `acceptance-${idText("session", claim.session)}`,
    workspace.base,
    { at: base, paths: protectedPaths(config.acceptance) },
  );
  try {
    const acceptance = await runChecks({
      commands,
      run: claim.run,
      list: config.acceptance,
      directory: opened.workspace.path,
      limits: config.limits,
      signal,
    });
    return { acceptance, putBack: opened.putBack };
  } finally {
    await opened.workspace.remove();
  }
}

/** `since`: the commit at which the cycle began. */
async function compareTests(
  { trunk, claim, workspace }: Session,
  since: Commit,
  totals: LowerTotals[],
): Promise<TestReport> {
  const comparison = new TestComparison();
  const { omitted } = await trunk.changedFiles(claim.run, [since, workspace.base], {
    wanted: mayHoldTests,
    visit: (file) => comparison.add(file),
  });
  return comparison.report(totals, omitted);
}

/** Files that a verdict's remark names. */
const putBackNamedMax = 10;
