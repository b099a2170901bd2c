/** Owns a judge's brief as text. */
import type { JudgeBrief } from "../../domain/brief.ts";
import { promptLimits } from "../../domain/limits.ts";
import { cutMiddle } from "../../domain/text.ts";
import type { AcceptanceResult } from "../../domain/verdict.ts";
import { countedWords, weakenedCount, weakenedWords, type TestReport } from "../../domain/weakened-tests.ts";
import { cycleText, durationText, goalText, sessionText, shortCommit, type BriefContext } from "./brief-text.ts";
import { handoffTexts } from "./handoff-text.ts";
import { bytesOf, code, fairShares, fit, inline, plural, quoted, sections } from "./quote.ts";
import type { PromptValues } from "./variables.ts";

export function judgeValues(brief: JudgeBrief, { now }: BriefContext): PromptValues<"judge"> {
  return {
    goal: goalText(brief),
    cycle: cycleText(brief),
    acceptance: sections(acceptanceText(brief.acceptance), putBackText(brief.putBack)),
    tests: testsText(brief.tests),
    tasks: tasksText(brief.tasks),
    handoffs: handoffsText(brief.handoffs),
    session: `${sessionText(brief, now)}\nThe run began at commit ${shortCommit(brief.since)}: the difference to it is everything that the run has done.`,
  };
}

export function acceptanceText(results: readonly AcceptanceResult[]): string {
  if (results.length === 0)
    return "## Acceptance commands\n\nThe operator set none: what you see yourself is the only evidence.";
  const failing = results.filter(({ passed }) => !passed).length;
  const head = failing === 0 ? `all ${results.length} pass` : `${failing} of ${results.length} fail`;
  const shares = fairShares(
    results.map(({ passed, output }) => (passed ? 0 : bytesOf(output))),
    promptLimits.failedOutputBytesMax,
  );
  return sections(
    `## Acceptance commands: ${head}`,
    ...results.map((result, index) =>
      resultText(result, result.passed ? promptLimits.passedOutputBytesMax : (shares[index] ?? 0)),
    ),
  );
}

function putBackText({ files, omitted }: JudgeBrief["putBack"]): string {
  if (files.length === 0) return "";
  const list = files.map(({ path, change }) => `- ${code(path)}: ${change}`);
  return sections(
    "### Protected files that the trunk has otherwise",
    "The commands ran with these as they were when the run began; what the trunk has there counted for nothing. Find out from the difference why it was changed.",
    fit(list, promptLimits.putBackBytesMax, "\n", (left) => `- … and ${left} more`),
    omitted > 0 ? `${omitted} more are not listed.` : "",
  );
}

function resultText(
  { name, command, passed, exitCode, score, ms, output }: AcceptanceResult,
  bytesMax: number,
): string {
  const end = passed ? "passed" : exitCode === null ? "failed (killed)" : `failed (exit code ${exitCode})`;
  const scored = score === null ? "" : `, score ${score}`;
  const printed = output.trim() === "" ? "It printed nothing." : quoted(cutMiddle(output.trim(), bytesMax));
  return sections(
    `### ${inline(name, promptLimits.titleBytesMax)}: ${end} after ${durationText(ms)}${scored}`,
    `${code(command)}\n\n${printed}`,
  );
}

function testsText(report: TestReport): string {
  const { omitted, unread } = report;
  const found = weakenedWords(report, code).map((words) => `- ${words}`);
  if (found.length + unread === 0) return "";
  const unseen = [
    omitted > 0 ? `${plural(omitted, "more finding")} not listed.` : "",
    unread > 0 ? `${plural(unread, "changed file")} not looked into: too many or too large.` : "",
  ];
  return sections(
    `## Tests: ${plural(weakenedCount(report), "finding")} of this cycle`,
    found.length === 0
      ? ""
      : "Counted by Longhaul from the cycle's first commit to the judged one: what was deleted, kept from running, or became less. Counting is not understanding, so look at each. A verdict that accepts the work says in its summary why these may go.",
    fit(found, promptLimits.weakenedBytesMax, "\n", (left) => `- … and ${left} more`),
    found.length === 0 ? "" : `All changed files of tests together: ${countedWords(report)}.`,
    unseen.filter(Boolean).join(" "),
  );
}

const tasksText = ({ landed, failed, cancelled }: JudgeBrief["tasks"]) =>
  `## Tasks of this cycle\n\n${landed} landed, ${failed} failed, ${cancelled} cancelled.`;

function handoffsText(handoffs: JudgeBrief["handoffs"]): string {
  if (handoffs.length === 0) return "";
  const texts = handoffTexts(
    handoffs.map(({ handoff }) => handoff),
    promptLimits.handoffsBytesMax,
  );
  const cut = texts.filter(({ isCut }) => isCut).length;
  return sections(
    `## Claims: ${plural(handoffs.length, "handoff")}, newest first`,
    cut > 0 ? `${cut} of them are cut to fit.` : "",
    ...handoffs.map(({ task, planner, title, status }, index) => {
      const whose = task === null ? `planner ${planner}` : `${task} of ${planner}`;
      return `### ${whose}, ${inline(title, promptLimits.titleBytesMax)}: ${status}\n\n${texts[index]?.text ?? ""}`;
    }),
  );
}
