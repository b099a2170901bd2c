/** Owns handoffs as text: quoted, the most urgent first, within a bound. */
import type { Handoff } from "../../domain/handoff.ts";
import { promptLimits } from "../../domain/limits.ts";
import { cutMiddle } from "../../domain/text.ts";
import { bytesOf, fairShares, quoted } from "./quote.ts";

export type HandoffText = { text: string; isCut: boolean };

/** What is left out first stands last: a planner can do without notes sooner than without concerns. */
const fieldNames = ["done", "concerns", "deviations", "findings", "suggestions", "notes"] as const;

type Field = { name: string; text: string };

export function handoffText(handoff: Handoff, bytesMax: number): HandoffText {
  const all = fieldsOf(handoff);
  if (all.length === 0) return { text: quoted("(nothing reported)"), isCut: false };
  let kept = all;
  let shares = sharesOf(kept, bytesMax);
  while (kept.length > 1 && kept.some(({ text }, index) => isStarved(bytesOf(text), shares[index] ?? 0))) {
    kept = kept.slice(0, -1);
    shares = sharesOf(kept, bytesMax);
  }
  const lines = kept.map(({ text }, index) => cutMiddle(text, shares[index] ?? 0));
  const omitted = all.slice(kept.length).map(({ name, text }) => `${name} (${bytesOf(text)} bytes)`);
  if (omitted.length > 0) lines.push(`… left out: ${omitted.join(", ")} …`);
  const isCut = omitted.length > 0 || kept.some(({ text }, index) => bytesOf(text) > (shares[index] ?? 0));
  return { text: quoted(lines.join("\n")), isCut };
}

/** What it takes as text, before it is quoted. */
export const handoffBytes = (handoff: Handoff): number =>
  fieldsOf(handoff).reduce((sum, { text }) => sum + bytesOf(text) + 1, 0);

/** Handoffs that share one bound. */
export function handoffTexts(handoffs: readonly Handoff[], bytesMax: number): HandoffText[] {
  const shares = fairShares(handoffs.map(handoffBytes), bytesMax);
  return handoffs.map((handoff, index) => handoffText(handoff, shares[index] ?? 0));
}

const sharesOf = (fields: Field[], bytesMax: number) =>
  fairShares(
    fields.map(({ text }) => bytesOf(text)),
    bytesMax,
  );

const isStarved = (need: number, share: number) => share < need && share < promptLimits.fieldBytesMin;

function fieldsOf(handoff: Handoff): Field[] {
  return fieldNames.flatMap((name) => {
    const value = handoff[name];
    if (typeof value === "string") return value.trim() === "" ? [] : [{ name, text: `${name}: ${value.trim()}` }];
    const entries = value.filter((entry) => entry.trim() !== "");
    if (entries.length === 0) return [];
    return [
      { name, text: [`${name}:`, ...entries.map((entry) => `- ${entry.trim().replaceAll("\n", "\n  ")}`)].join("\n") },
    ];
  });
}
