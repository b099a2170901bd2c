/** What an arbiter's prompt says of the task that lost, and of what its worker said. */
import type { ArbiterBrief } from "../../domain/brief.ts";
import { promptLimits } from "../../domain/limits.ts";
import { goalText, sessionText, type BriefContext } from "./brief-text.ts";
import { handoffTexts } from "./handoff-text.ts";
import { sections } from "./quote.ts";
import type { PromptValues } from "./variables.ts";
import { earlierText, sentBackText, taskText } from "./worker-text.ts";

export function arbiterValues(brief: ArbiterBrief, { now }: BriefContext): PromptValues<"arbiter"> {
  const { handoff, tries } = brief.contested;
  const [said] = handoffTexts([handoff], promptLimits.othersBytesMax);
  return {
    goal: goalText(brief),
    task: taskText(brief.task, "The worker's task"),
    worker: sections(
      "## What the worker says of its side",
      `Its change was sent back ${tries === 1 ? "once" : `${tries} times`}. In your workspace it is the side called \`yours\`.`,
      said?.text ?? "",
    ),
    sentBack: brief.sentBack === null ? "" : sentBackText(brief.sentBack),
    earlier: earlierText(brief.earlier),
    session: sessionText(brief, now),
  };
}
