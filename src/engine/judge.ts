/**
 * A judgement: the acceptance commands and checks of the run's own configuration run first, on the tip, in a clean
 * checkout; then the judge agent has its say, if there is one.
 */
import type { JudgeBrief } from "../domain/brief.ts";
import { noUsage } from "../domain/session.ts";
import { verdictFromAcceptance, type AcceptanceResult, type Evidence } from "../domain/verdict.ts";
import { runChecks } from "./check-commands.ts";
import { converse, wrongAnswer, type Ending, type Session } from "./desk.ts";
import { endJudgement } from "./judgements.ts";
import { publish } from "./publish.ts";

export async function judge(
  session: Session,
  briefWith: (acceptance: AcceptanceResult[]) => Promise<JudgeBrief>,
): Promise<Ending> {
  const { store, claim, config, workspace, watch, checks, commands } = session;
  const signal = watch.cutSignal;
  const acceptance = await runChecks({
    commands,
    run: claim.run,
    list: config.acceptance,
    directory: workspace.path,
    limits: config.limits,
    signal,
  });
  const checked = config.checks.length === 0 ? null : await checks.resultsFor(workspace.base, signal);
  if (watch.cutBy) return { failure: watch.cutBy, usage: noUsage };
  const all = [...acceptance, ...(checked ?? [])];
  for (const result of all)
    session.transcript.add("note", `${result.passed ? "passed" : "FAILED"}: ${result.name}\n${result.output}`);

  watch.begin();
  const brief = await briefWith(all);
  const evidence: Evidence = { commit: workspace.base, acceptance: all, tasks: brief.tasks, remarks: [] };
  const proof = checked ?? acceptance;
  const green = proof.length > 0 && proof.every((result) => result.passed);
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
