/** What landed, what of it is verified, and how the checks go. */
import type { RunView } from "../engine/views.ts";
import { counted, duration } from "./amounts.ts";
import { toned, type Line } from "./paint.ts";
import { label } from "./section.ts";

export function landingLines({ landings, checks, now }: Pick<RunView, "landings" | "checks" | "now">): Line[] {
  const { landed, verified, conflict, refused } = landings;
  const words = [
    `${landed} landed`,
    ...(checks === null ? [] : [`${verified} verified`]),
    counted(conflict, "conflict"),
    ...(refused > 0 ? [`${refused} refused`] : []),
  ];
  return [[label("landings"), words.join("  ")], ...(checks === null ? [] : [checksLine(checks, now)])];
}

function checksLine({ runs, failed, redSince }: NonNullable<RunView["checks"]>, now: number): Line {
  const state =
    redSince === null ? toned("good", "green") : toned("bad", `red for ${duration(Math.max(0, now - redSince))}`);
  return [label("checks"), state, `  ${runs} run  ${failed} failed`];
}
