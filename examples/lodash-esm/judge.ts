/**
 * The judge: `judge.ts` with a judge's brief on stdin. It believes only the acceptance programs: all pass, achieved; some
 * fail and no score has grown since the last cycle, stop; otherwise the next cycle gets the places that failed.
 */
import type { JudgeBrief } from "../../src/domain/brief.ts";
import { answer, readBrief } from "./program.ts";
import { readSites, siteLine, sorted } from "./sites.ts";

export type Judgement = { verdict: "achieved" | "continue" | "stop"; summary: string; brief: string };

export function judge(brief: Pick<JudgeBrief, "acceptance" | "cycle" | "tasks">): Judgement {
  const failing = brief.acceptance.filter((result) => !result.passed);
  const scores = brief.acceptance.map((result) => `${result.name} ${result.score ?? "no score"}`).join(", ");
  if (brief.acceptance.length === 0)
    return { verdict: "stop", summary: "There is no acceptance command to judge by.", brief: "" };
  if (failing.length === 0)
    return { verdict: "achieved", summary: `Every acceptance command passes (${scores}).`, brief: "" };
  const summary = `${failing.map((result) => result.name).join(", ")} failed (${scores}).`;
  const last = brief.cycle.history.at(-1);
  const better = brief.acceptance.some(
    (result) => result.score !== null && result.score > (last?.scores[result.name] ?? -Infinity),
  );
  if (last && !better)
    return { verdict: "stop", summary: `${summary} No score has grown since cycle ${last.number}.`, brief: "" };
  const sites = sorted(failing.flatMap((result) => readSites(result.output)));
  // A program that failed without naming a place, for example by crashing, is shown as it spoke.
  const mute = failing
    .filter((result) => readSites(result.output).length === 0)
    .map((result) => `${result.name} printed:\n${result.output.slice(-2000)}`);
  return {
    verdict: "continue",
    summary,
    brief: [`Only these places are left; everything else passed.`, ...sites.map(siteLine), ...mute].join("\n"),
  };
}

if (import.meta.main) answer(judge(await readBrief("judge")));
