/** Owns a worker's brief as text, and what is said to it when the trunk did not take its change. */
import { assertNever } from "../../domain/assert.ts";
import type { ConflictFile, OtherSide, SentBack, TaskBrief, WorkerBrief } from "../../domain/brief.ts";
import { promptLimits } from "../../domain/limits.ts";
import { cutMiddle } from "../../domain/text.ts";
import { goalText, pathsText, sessionText, shortCommit, type BriefContext } from "./brief-text.ts";
import { handoffTexts } from "./handoff-text.ts";
import { code, fit, inline, quoted, sections, tagged } from "./quote.ts";
import type { PromptValues } from "./variables.ts";

export function workerValues(brief: WorkerBrief, { now }: BriefContext): PromptValues<"worker"> {
  return {
    goal: goalText(brief),
    task: sections(taskText(brief.task, "Your task"), attemptText(brief.task)),
    dependencies: dependenciesText(brief.dependencies),
    earlier: earlierText(brief.earlier),
    sentBack: brief.sentBack === null ? "" : sentBackText(brief.sentBack),
    session: sessionText(brief, now),
  };
}

export function taskText(task: TaskBrief["task"], whose: string): string {
  const { id, title, instructions, paths, acceptance } = task;
  return sections(
    `## ${whose}: ${id}, ${inline(title, promptLimits.lineBytesMax)}`,
    instructions.trim() && tagged("task", instructions),
    `Paths: ${pathsText(paths)}`,
    acceptance.trim() && `How to tell that it is done:\n\n${tagged("acceptance", acceptance)}`,
  );
}

const attemptText = ({ attempt }: TaskBrief["task"]): string =>
  attempt > 1 ? `This is attempt ${attempt}: nothing of the earlier ones is on the trunk or in the workspace.` : "";

function dependenciesText(dependencies: TaskBrief["dependencies"]): string {
  if (dependencies.length === 0) return "";
  const texts = handoffTexts(
    dependencies.map(({ handoff }) => handoff),
    promptLimits.dependenciesBytesMax,
  );
  return sections(
    "## What this task builds on",
    "These tasks have landed and are in your workspace:",
    ...dependencies.map(
      ({ id, title, commit }, index) =>
        `### ${id}, ${inline(title, promptLimits.titleBytesMax)}: landed as ${shortCommit(commit)}\n\n${texts[index]?.text ?? ""}`,
    ),
  );
}

export function earlierText(earlier: TaskBrief["earlier"]): string {
  if (earlier.length === 0) return "";
  const eachBytesMax = Math.floor(promptLimits.earlierBytesMax / earlier.length);
  return sections(
    "## How earlier attempts failed, oldest first",
    ...earlier.map(({ session, failure }) => `${session}:\n${quoted(cutMiddle(failure, eachBytesMax))}`),
  );
}

/** Also the answer of `submit` in a conversation that goes on. */
export function sentBackText(sentBack: SentBack): string {
  switch (sentBack.kind) {
    case "conflict":
      return conflictText(sentBack);
    case "refused":
      return sections(
        "## Sent back: the trunk refused the change",
        "Nothing landed; your workspace is as you left it. Refused because:",
        fit(
          sentBack.reasons.map((reason) => quoted(`- ${cutMiddle(reason, promptLimits.reasonBytesMax)}`)),
          promptLimits.sentBackBytesMax,
          "\n",
          (omitted) => `… and ${omitted} more`,
        ),
        "Take this out of the change or mend it, check, and submit again.",
      );
    default:
      return assertNever(sentBack, "sentBack");
  }
}

function conflictText({ tip, files, others }: Extract<SentBack, { kind: "conflict" }>): string {
  const list = fit(
    files.map(conflictFile),
    promptLimits.sentBackBytesMax,
    "\n",
    (omitted) => `- … and ${omitted} more: a search for \`<<<<<<<\` finds those with markers`,
  );
  return sections(
    "## Sent back: conflicts with the trunk",
    `Others landed changes in the same places, so nothing of yours has landed yet. Your workspace now stands on the trunk's new tip ${shortCommit(tip)} with your change merged in. ` +
      "In these files both sides changed the same lines (markers `<<<<<<< trunk`, `=======`, `>>>>>>> yours`), or markers were not possible and the trunk's version is in place. " +
      "`base` is what both began from; the versions lie in files of their own:",
    list,
    othersText(others),
    "The trunk's side is a finished task of somebody else; yours is your task. Find out from `base` to `trunk` what they meant, and write the code that does both: taking one side whole loses the other's work. " +
      "Where the two cannot both be true, keep the trunk's meaning, fit your task to it, and say so under deviations. Where the trunk now does your task already, keep the trunk's. " +
      "No marker may stay. What merged without a marker may be wrong together too, so run the checks again, then submit again.",
  );
}

function othersText(others: readonly OtherSide[]): string {
  if (others.length === 0) return "";
  const texts = handoffTexts(
    others.map(({ handoff }) => handoff),
    promptLimits.othersBytesMax,
  );
  return sections(
    "What the trunk's side is for, newest first:",
    ...others.map(
      ({ task, title, commit }, index) =>
        `### ${task}, ${inline(title, promptLimits.titleBytesMax)}: landed as ${shortCommit(commit)}\n\n${texts[index]?.text ?? ""}`,
    ),
  );
}

function conflictFile({ path, base, trunk, yours }: ConflictFile): string {
  const version = (name: string, file: string | null) =>
    `  ${name}: ${file === null ? "the path does not exist there" : code(file)}`;
  return [`- ${code(path)}`, version("base", base), version("trunk", trunk), version("yours", yours)].join("\n");
}
