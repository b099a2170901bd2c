/** What is said to a session that knows the rest. */
import type { Brief } from "../../domain/brief.ts";
import { sentBackText } from "../prompts/worker-text.ts";

export function backText(brief: Brief): string {
  const sentBack = "sentBack" in brief ? brief.sentBack : null;
  return sentBack ? sentBackText(sentBack) : "It was not taken. Go on.";
}

/** The workspace of one that another engine had is as it was kept last. */
export const restartedText =
  "Your program was stopped in the middle and started again: commands that ran have ended, and what you did last in the workspace may be missing. Look where you stand, and go on.";
