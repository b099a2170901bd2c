/** Owns the size of what an agent reports: it is cut to the bound rather than its work thrown away. */
import type { Handoff } from "../domain/handoff.ts";
import type { Limits } from "../domain/limits.ts";
import { cutMiddle } from "../domain/text.ts";
import type { SessionEnd } from "./tools/tool.ts";

/** What an end tool brought. */
export function boundEnd(end: SessionEnd, limits: Pick<Limits, "handoffBytesMax" | "messageBytesMax">): SessionEnd {
  const handoff = (long: Handoff) => boundHandoff(long, limits.handoffBytesMax);
  const message = (long: string) => cutMiddle(long, limits.messageBytesMax);
  switch (end.kind) {
    case "plan":
      return {
        ...end,
        actions: end.actions.map((action) =>
          action.type === "finish_scope" ? { ...action, handoff: handoff(action.handoff) } : action,
        ),
      };
    case "work":
      return { ...end, message: end.message && message(end.message), handoff: handoff(end.handoff) };
    case "verdict": {
      const { verdict, summary, brief } = end.proposal;
      return { ...end, proposal: { verdict, summary: message(summary), brief: message(brief) } };
    }
    case "failure":
      return end.failure.kind === "gave_up"
        ? { ...end, failure: { ...end.failure, reason: message(end.failure.reason) } }
        : end;
  }
}

export function boundHandoff(handoff: Handoff, bytesMax: number): Handoff {
  if (sizeOf(handoff) <= bytesMax) return handoff;
  let left = Math.floor(bytesMax * 0.9);
  let omitted = 0;
  const take = (text: string, share: number): string => {
    const cut = cutMiddle(text, Math.min(left, share));
    left -= sizeOf(cut) + 1;
    return cut;
  };
  const takeList = (list: string[]): string[] =>
    list.flatMap((line) => {
      if (left > 0 && sizeOf(line) <= left) return [take(line, left)];
      omitted++;
      return [];
    });
  const bounded: Handoff = {
    done: take(handoff.done, Math.floor(bytesMax / 8)),
    concerns: takeList(handoff.concerns),
    deviations: takeList(handoff.deviations),
    findings: takeList(handoff.findings),
    suggestions: takeList(handoff.suggestions),
    notes: takeList(handoff.notes),
  };
  bounded.notes.push(`Cut by Longhaul to ${bytesMax} bytes (handoffBytesMax); ${omitted} entries are left out.`);
  return bounded;
}

/** As JSON, the way it is stored. */
const sizeOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));
