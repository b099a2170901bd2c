/** Owns the size of a handoff: what an agent reports is cut to the bound rather than its work thrown away. */
import type { Handoff } from "../../domain/handoff.ts";
import { cutMiddle } from "../../domain/text.ts";

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
