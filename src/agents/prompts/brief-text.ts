/** Owns what the briefs of all roles have in common, as text. Pure: the same brief at the same time, the same text. */
import type { BriefHead } from "../../domain/brief.ts";
import { promptLimits } from "../../domain/limits.ts";
import type { Role } from "../../domain/session.ts";
import { cutMiddle } from "../../domain/text.ts";
import type { CycleRecord } from "../../domain/verdict.ts";
import { code, fit, inline, plural, quoted, sections, tagged } from "./quote.ts";
import { finishTools } from "./variables.ts";

export type AgentChoice = { name: string; description: string };

/** What a brief does not hold. */
export type BriefContext = {
  /** On the clock of the brief's deadline; milliseconds since 1970. */
  now: number;
  /** The agents that a planner may name; one alone is no choice. */
  agents?: readonly AgentChoice[];
};

/** The goal, and what decides in the end whether it is reached. */
export function goalText({ run }: BriefHead): string {
  const commands = run.acceptance.map(({ name, command }) =>
    name === command ? `- ${inlineCode(command)}` : `- ${inline(name, lineBytesMax)}: ${inlineCode(command)}`,
  );
  const list = fit(commands, promptLimits.agentsBytesMax, "\n", (omitted) => `- … and ${omitted} more`);
  return sections(
    tagged("goal", run.goal),
    commands.length === 0 ? "" : `It is reached when these commands pass on the trunk, and not before:\n\n${list}`,
    run.protected.length === 0
      ? ""
      : `They find these paths as they were when the run began, whatever the trunk has there, so changing them has no effect on the judgement: ${pathsText(run.protected)}.`,
  );
}

const lineBytesMax = promptLimits.lineBytesMax;
const inlineCode = (command: string) => code(inline(command, lineBytesMax));

export function cycleText({ cycle }: BriefHead): string {
  const brief = cycle.brief.trim() && cutMiddle(cycle.brief, promptLimits.cycleBriefBytesMax);
  const newestFirst = cycle.history.toReversed().map(recordText);
  return sections(
    `## Cycle ${cycle.number}`,
    brief && `What the last verdict asks of this cycle:\n\n${tagged("brief", brief)}`,
    newestFirst.length === 0
      ? ""
      : `Earlier cycles, newest first:\n\n${fit(newestFirst, promptLimits.historyBytesMax, "\n", (n) => `- … and ${plural(n, "older cycle")}`)}`,
  );
}

function recordText({ number, verdict, landed, scores, weakened, summary }: CycleRecord): string {
  const scored = Object.entries(scores).map(([name, score]) => `, ${code(name)} scored ${score}`);
  const head = `- cycle ${number}: ${verdict}, ${plural(landed, "task")} landed${scored.join("")}${weakened > 0 ? `, ${plural(weakened, "finding")} of weakened tests` : ""}`;
  return summary.trim() === "" ? head : `${head}\n${quoted(cutMiddle(summary, summaryBytesMax), "  ")}`;
}

const summaryBytesMax = promptLimits.historyBytesMax / 8;

export function sessionText({ workspace, base, sparse, deadline }: BriefHead, now: number): string {
  const softMs = deadline.softAt - now;
  const time =
    softMs > 0
      ? `Time: ${durationText(softMs)} until you are asked to hand off, ${durationText(deadline.hardAt - now)} until the session is killed.`
      : `Time: hand off now; the session is killed in ${durationText(deadline.hardAt - now)}.`;
  const part = sparse === null ? "" : `${sparseText(sparse)}\n`;
  return `## This session\n\nWorkspace: ${code(workspace)}, at commit ${shortCommit(base)}.\n${part}${time}`;
}

const sparseText = (sparse: readonly string[]) =>
  `It is a sparse checkout: of the repository only ${pathsText(sparse)} and the files directly in the folders on the way are there. The rest is in git: ` +
  "`git ls-files` lists it, `git grep --cached` searches it, `git show HEAD:PATH` shows a file, and `git sparse-checkout add FOLDER` checks a folder out.";

/** `45 min`, `1 h 5 min`, `30 s`: rounded down, never below 0. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}

export const shortCommit = (commit: string): string => commit.slice(0, 12);

export function pathsText(paths: readonly string[]): string {
  if (paths.length === 0) return "anywhere";
  return fit(paths.map(code), promptLimits.pathsBytesMax, ", ", (omitted) => `… and ${omitted} more`);
}

export const finishText = (role: Role): string => finishTools[role].map((tool) => `\`${tool}\``).join(" or ");

/** Follows the first message of a conversation that begins again from the agent's own summary. */
export const continuedText = (summary: string): string =>
  sections(
    "## Where you stand",
    "You wrote this when your context was nearly full; the conversation before it is gone. Go on from here.",
    tagged("summary", summary),
  );
