/** Owns a planner's brief as text. */
import { assertNever } from "../../domain/assert.ts";
import type { BriefMessage, PlannerBrief } from "../../domain/brief.ts";
import type { Handoff } from "../../domain/handoff.ts";
import { promptLimits } from "../../domain/limits.ts";
import { openStatuses, taskStatuses, type TaskStatus } from "../../domain/task.ts";
import { cutMiddle } from "../../domain/text.ts";
import {
  cycleText,
  goalText,
  pathsText,
  sessionText,
  shortCommit,
  type AgentChoice,
  type BriefContext,
} from "./brief-text.ts";
import { handoffBytes, handoffText } from "./handoff-text.ts";
import { bytesOf, code, fairShares, fit, inline, plural, quoted, sections, tagged } from "./quote.ts";
import type { PromptValues } from "./variables.ts";

export function plannerValues(brief: PlannerBrief, { now, agents = [] }: BriefContext): PromptValues<"planner"> {
  return {
    goal: goalText(brief),
    agents: agentsText(agents),
    scope: scopeText(brief.planner),
    cycle: cycleText(brief),
    refusals: refusalsText(brief.refusals),
    scratchpad: scratchpadText(brief.scratchpad),
    inbox: inboxText(brief.inbox),
    tasks: tasksText(brief),
    planners: plannersText(brief.planners),
    hotFiles: hotFilesText(brief.hotFiles),
    limits: limitsText(brief.limits),
    session: sessionText(brief, now),
  };
}

export function agentsText(agents: readonly AgentChoice[]): string {
  if (agents.length < 2) return "";
  const lines = agents.map(({ name, description }) =>
    [`- ${code(name)}`, inline(description, promptLimits.lineBytesMax)].filter(Boolean).join(": "),
  );
  const list = fit(lines, promptLimits.agentsBytesMax, "\n", (omitted) => `- … and ${omitted} more`);
  return `A task or a sub-planner may name the agent that does it; without a name the default does:\n\n${list}`;
}

function scopeText({ id, parent, depth, name, question, paths }: PlannerBrief["planner"]): string {
  const whose = parent === null ? "the root planner" : `a sub-planner of ${parent}, at depth ${depth}`;
  return sections(
    `## Your scope`,
    `You are ${id} ("${inline(name, promptLimits.titleBytesMax)}"), ${whose}. You own this question:`,
    tagged("question", question),
    `Paths: ${pathsText(paths)}`,
  );
}

function refusalsText(refusals: readonly string[]): string {
  if (refusals.length === 0) return "";
  const lines = refusals.map((refusal) => quoted(`- ${cutMiddle(refusal, promptLimits.reasonBytesMax)}`));
  return sections(
    "## Refused",
    "Your last turn was refused, and nothing of it took effect:",
    fit(lines, promptLimits.refusalsBytesMax, "\n", (omitted) => `… and ${omitted} more`),
  );
}

const scratchpadText = (text: string) =>
  sections("## Scratchpad", text.trim() === "" ? "Empty: nothing was planned yet." : tagged("scratchpad", text));

export function inboxText(inbox: readonly BriefMessage[]): string {
  if (inbox.length === 0) return "## Inbox\n\nNothing new.";
  const ofOperator = fairBytes(inbox, "operator", promptLimits.operatorBytesMax);
  const ofOthers = fairBytes(inbox, "others", promptLimits.handoffsBytesMax);
  const messages = inbox.map((message, index) =>
    messageText(message, (message.kind === "operator" ? ofOperator : ofOthers)[index] ?? 0),
  );
  return sections(`## Inbox: ${plural(inbox.length, "new message")}, oldest first`, ...messages);
}

/** For each message its part of the bound; those of the other kind get nothing of this one. */
function fairBytes(inbox: readonly BriefMessage[], whose: "operator" | "others", bytesMax: number): number[] {
  const needs = inbox.map((message) => {
    if ((message.kind === "operator") !== (whose === "operator")) return 0;
    if (message.kind === "operator") return bytesOf(message.text);
    return message.kind === "trunk_red" ? bytesOf(message.detail) : handoffBytes(message.handoff);
  });
  return fairShares(needs, bytesMax);
}

function messageText(message: BriefMessage, bytesMax: number): string {
  switch (message.kind) {
    case "task_ended": {
      const how = message.commit === null ? message.status : `${message.status} as ${shortCommit(message.commit)}`;
      return endedText(
        `Task ${message.task} ${nameText(message.name)}: ${how}`,
        message.task,
        message.handoff,
        bytesMax,
      );
    }
    case "planner_ended":
      return endedText(
        `Sub-planner ${message.planner} ${nameText(message.name)}: ${message.status}`,
        message.planner,
        message.handoff,
        bytesMax,
      );
    case "operator":
      return `### The operator writes\n\n${tagged("operator", cutMiddle(message.text, bytesMax))}`;
    case "trunk_red": {
      const since = message.green === null ? "they never passed yet" : `they passed on ${shortCommit(message.green)}`;
      return sections(
        `### The checks fail on trunk commit ${shortCommit(message.red)}; ${since}`,
        suspectsText(message),
        quoted(cutMiddle(message.detail, bytesMax)),
      );
    }
    default:
      return assertNever(message, "message");
  }
}

function suspectsText({ suspects, suspectsOmitted, bisected }: Extract<BriefMessage, { kind: "trunk_red" }>): string {
  if (suspects.length === 0)
    return bisected
      ? "They were run again in between, and fail from no task's landing on: what people pushed broke them, or they fail on older commits as well by now."
      : "";
  const lines = suspects.map(
    ({ task, title, commit }) => `- ${task}, ${inline(title, promptLimits.titleBytesMax)}: ${shortCommit(commit)}`,
  );
  const more = suspectsOmitted > 0 ? [`- … and ${plural(suspectsOmitted, "older landing")}`] : [];
  const how = bisected
    ? "They were run again in between, and fail from this landing on:"
    : "Landed in between, newest first:";
  return `${how}\n\n${[...lines, ...more].join("\n")}`;
}

function endedText(head: string, child: string, handoff: Handoff, bytesMax: number): string {
  const { text, isCut } = handoffText(handoff, bytesMax);
  return `### ${head}${isCut ? ` (cut here: \`read_handoff\` of ${child} shows it whole)` : ""}\n\n${text}`;
}

const nameText = (name: string) => `"${inline(name, promptLimits.titleBytesMax)}"`;

function tasksText({ tasks, tasksOmitted }: PlannerBrief): string {
  if (tasks.length === 0) return "## Your tasks\n\nNone yet.";
  const count = (statuses: readonly TaskStatus[]) =>
    statuses.flatMap((status) => {
      const number = tasks.filter((task) => task.status === status).length;
      return number === 0 ? [] : [`${number} ${status}`];
    });
  const ended = taskStatuses.filter((status) => !openStatuses.includes(status));
  const counts = [...count(openStatuses), ...count(ended)].join(", ");
  const lines = tasks.map(({ id, name, title, status, reason }) => {
    const line = `- ${id} ${nameText(name)}, ${status}: ${inline(title, promptLimits.titleBytesMax)}`;
    return reason ? `${line}\n${quoted(inline(reason, promptLimits.lineBytesMax), "  ")}` : line;
  });
  const list = fit(lines, promptLimits.tasksBytesMax, "\n", (omitted) => `- … and ${plural(omitted, "task")} more`);
  const older = tasksOmitted > 0 ? `${plural(tasksOmitted, "older task")} that ended are not listed.` : "";
  return sections("## Your tasks", `${counts}.`, list, older);
}

function plannersText(planners: PlannerBrief["planners"]): string {
  if (planners.length === 0) return "";
  const lines = planners.map(
    ({ id, name, question, status }) =>
      `- ${id} ${nameText(name)}, ${status}: ${inline(question, promptLimits.lineBytesMax)}`,
  );
  const list = fit(lines, promptLimits.plannersBytesMax, "\n", (omitted) => `- … and ${omitted} more`);
  return sections("## Your sub-planners", list);
}

function hotFilesText(files: PlannerBrief["hotFiles"]): string {
  if (files.length === 0) return "";
  const lines = files.map(({ path, conflicts }) => `- ${code(path)}: ${conflicts} conflicts`);
  return sections(
    "## Files that many change",
    "Tasks of this run collided here. Let one task at a time change them, or have them split up:",
    fit(lines, promptLimits.hotFilesBytesMax, "\n", (omitted) => `- … and ${plural(omitted, "file")} more`),
  );
}

function limitsText(limits: PlannerBrief["limits"]): string {
  const levels =
    limits.depthLeft === 0
      ? "You cannot spawn sub-planners: this is the deepest level."
      : `Below you ${plural(limits.depthLeft, "level")} of sub-planners may follow.`;
  return sections(
    "## Limits",
    `At most ${limits.tasksPerTurnMax} new tasks in this turn, ${limits.openTasksLeft} more open ones in the whole run, ` +
      `${limits.dependenciesPerTaskMax} dependencies for one task. ${levels}`,
  );
}
