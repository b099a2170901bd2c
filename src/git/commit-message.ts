/**
 * Owns the text of landed commits. Invariant: the last paragraph is exactly our four trailers, behind a sign-off
 * where there is one, and no line that an agent wrote can pass for one; so the trunk's own history tells which task landed as which commit.
 */
import { idText, parseId, type Commit, type RunId, type SessionId, type TaskId } from "../domain/ids.ts";
import { gitLimits } from "../domain/limits.ts";
import type { Landing } from "../engine/ports.ts";
import type { Identity } from "./git-process.ts";
import { identityText } from "./objects.ts";

/** `signer`: who signs it off; null: nobody. */
export function landedMessage(run: RunId, submission: Omit<Landing, "change">, signer: Identity | null): string {
  const text = cleanMessage(submission.message) || `Task ${idText("task", submission.task)}`;
  const trailers = [
    ...signedOff(signer),
    `Longhaul-Run: ${run}`,
    `Longhaul-Cycle: ${submission.cycle}`,
    `Longhaul-Task: ${idText("task", submission.task)}`,
    `Longhaul-Session: ${idText("session", submission.session)}`,
  ];
  return `${text}\n\n${trailers.join("\n")}\n`;
}

/** The message of a merge of what people have pushed: trailers of its own, so that it passes for no landing. */
export function followedMessage(run: RunId, theirs: Commit, signer: Identity | null): string {
  const trailers = [...signedOff(signer), `Longhaul-Run: ${run}`, `Longhaul-Followed: ${theirs}`];
  return `Merge what was pushed meanwhile\n\n${trailers.join("\n")}\n`;
}

const signedOff = (signer: Identity | null) => (signer ? [`Signed-off-by: ${identityText(signer)}`] : []);

/** An agent's message as plain text: no control or direction characters, bounded, its `Longhaul-` lines quoted. */
export function cleanMessage(message: string): string {
  const plain = message
    .toWellFormed()
    .replace(/\r\n?|[\u0085\u2028\u2029]/g, "\n")
    // eslint-disable-next-line no-control-regex
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g, "");
  const [first = "", ...body] = cutBytes(plain, gitLimits.messageBytesMax).trim().split("\n");
  const subject = cutBytes(first, gitLimits.subjectBytesMax);
  const cutOff = first.slice(subject.length).trim();
  const lines = [subject, "", ...(cutOff === "" ? [] : [cutOff, ""]), ...body].map((line) => line.trimEnd());
  const quoted = lines.map((line) => (/^\s*longhaul-/i.test(line) ? `> ${line.trimStart()}` : line));
  return quoted
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

/** The landing that a commit of ours records; null for a commit from elsewhere or of another run. */
export function parseLanded(
  run: RunId,
  commit: Commit,
  message: string,
): { commit: Commit; task: TaskId; session: SessionId } | null {
  const last = message.trimEnd().split("\n\n").at(-1) ?? "";
  const match =
    /^(?:Signed-off-by: .*\n)?Longhaul-Run: (\S+)\nLonghaul-Cycle: \d+\nLonghaul-Task: (\S+)\nLonghaul-Session: (\S+)$/.exec(
      last,
    );
  if (!match || match[1] !== run) return null;
  const task = parseId("task", match[2] ?? "");
  const session = parseId("session", match[3] ?? "");
  return task === undefined || session === undefined ? null : { commit, task, session };
}

/** The start of `text` that fits, not cut within a character. */
function cutBytes(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return text;
  let end = bytesMax;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end).toString("utf8");
}
