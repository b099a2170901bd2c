/** Owns the meaning of what a program printed and how it ended, by role: `docs/command-agents.md` as a function. */
import { assertNever } from "../../domain/assert.ts";
import { handoffOf } from "../../domain/handoff.ts";
import type { Limits } from "../../domain/limits.ts";
import { noUsage, type Role, type Usage } from "../../domain/session.ts";
import { cutMiddle, cutStart } from "../../domain/text.ts";
import type { VerdictProposal } from "../../domain/verdict.ts";
import type { AgentAnswer, AgentFailure, GroupEnd } from "../../engine/ports.ts";
import { planSchema, verdictSchema, workSchema } from "./contract.ts";
import type { SessionEnd } from "../tools/tool.ts";
import { boundEnd, boundHandoff } from "../bounded-end.ts";
import { parseAs, parseJson, usageIn, type Parsed } from "./parse.ts";
import type { Printed } from "./stdout.ts";

export type ProgramEnd = {
  /** As configured, for people. */
  program: string;
  end: GroupEnd;
  stdout: Printed;
  /** The last lines of stderr, or of stdout when there is nothing on stderr. */
  lastWords: string;
  /** What the end tool that it called brought; null: it called none. */
  called: SessionEnd | null;
};

export type AnswerLimits = Pick<Limits, "handoffBytesMax" | "messageBytesMax" | "titleBytesMax">;

/** `usage` is null when the program did not say what it cost. */
export type ReadAnswer = { answer: AgentAnswer; usage: Usage | null };
type Meaning = SessionEnd;

export function readAnswer(role: Role, ended: ProgramEnd, limits: AnswerLimits): ReadAnswer {
  const json = ended.stdout.kind === "object" ? parseJson(ended.stdout.text) : null;
  const usage = json?.ok ? usageIn(json.value) : null;
  const failure = readEnd(role, ended);
  const meaning: Meaning = failure ? { kind: "failure", failure } : readRole(role, ended, json, limits);
  return { answer: { ...meaning, usage: usage ?? noUsage }, usage };
}

/** How it ended, where that alone decides. */
function readEnd(role: Role, { program, end, lastWords }: ProgramEnd): AgentFailure | null {
  if (end.kind === "not_started") return { kind: "environment", detail: end.reason };
  if (end.kind === "killed") return { kind: "crashed", exitCode: null, signal: end.signal, detail: lastWords };
  if (end.exitCode === 126 || end.exitCode === 127) {
    const why =
      end.exitCode === 127
        ? "was not found, or something that it runs"
        : "may not be executed, or something that it runs";
    return {
      kind: "environment",
      detail: `the program "${program}" ${why} (exit code ${end.exitCode})${lastWords ? `: ${lastWords}` : ""}`,
    };
  }
  // A judge's exit code is its verdict.
  if (end.exitCode !== 0 && role !== "judge")
    return { kind: "crashed", exitCode: end.exitCode, signal: null, detail: lastWords };
  return null;
}

function readRole(role: Role, ended: ProgramEnd, json: Parsed<unknown> | null, limits: AnswerLimits): Meaning {
  if (ended.stdout.kind === "object_too_long")
    return malformed(`the answer is longer than ${ended.stdout.bytesMax} bytes (resultBytesMax)`);
  if (json && !json.ok) return malformed(json.detail);
  // The program's last word is its own: JSON on stdout comes before what an end tool brought, and a judge's code as well.
  const exitedWell = ended.end.kind === "exited" && ended.end.exitCode === 0;
  if (!json && ended.called && exitedWell) return boundEnd(ended.called, limits);
  switch (role) {
    case "planner":
      return json ? readPlan(json.value, limits) : malformed(noPlan(ended.stdout));
    case "worker":
    case "arbiter":
      return json ? readWork(json.value, limits) : workFromText(ended.stdout);
    case "judge":
      return json ? readVerdict(json.value, limits) : verdictFromExit(ended, limits);
    default:
      return assertNever(role, "role");
  }
}

function readPlan(value: unknown, limits: AnswerLimits): Meaning {
  const plan = parseAs(planSchema, value);
  if (!plan.ok) return malformed(plan.detail);
  const actions = plan.value.actions.map((action) =>
    action.type === "finish_scope"
      ? { ...action, handoff: boundHandoff(action.handoff, limits.handoffBytesMax) }
      : action,
  );
  return { kind: "plan", actions };
}

function noPlan(stdout: Printed): string {
  if (stdout.kind !== "text")
    return 'a planner prints one JSON object, {"version": 1, "actions": […]}, or calls end_turn or finish_scope; it printed nothing and called neither';
  const start = JSON.stringify(stdout.text.split("\n", 1)[0]?.slice(0, 80));
  return `stdout is not JSON: a planner prints one JSON object and nothing else (log belongs on stderr), or calls end_turn or finish_scope; it begins with ${start}`;
}

function readWork(value: unknown, limits: AnswerLimits): Meaning {
  const work = parseAs(workSchema, value);
  if (!work.ok) return malformed(work.detail);
  const { status, message } = work.value;
  const handoff = boundHandoff(work.value.handoff, limits.handoffBytesMax);
  if (status === "failed") {
    const reason = [handoff.done, ...handoff.concerns, message ?? ""].find((text) => text.trim() !== "");
    return {
      kind: "failure",
      failure: { kind: "gave_up", reason: cutMiddle(reason ?? "no reason given", limits.messageBytesMax) },
    };
  }
  return {
    kind: "work",
    status,
    message: message?.trim() ? cutMiddle(message.trim(), limits.messageBytesMax) : null,
    handoff,
  };
}

function workFromText(stdout: Printed): Meaning {
  const done = stdout.kind === "text" ? stdout.lastLines : "The program ended with exit code 0 and printed nothing.";
  return { kind: "work", status: "done", message: null, handoff: handoffOf(done) };
}

function readVerdict(value: unknown, limits: AnswerLimits): Meaning {
  const verdict = parseAs(verdictSchema, value);
  if (!verdict.ok) return malformed(verdict.detail);
  const brief = cutMiddle(verdict.value.brief.trim() || verdict.value.summary.trim(), limits.messageBytesMax);
  if (verdict.value.verdict === "continue" && brief === "")
    return malformed('brief: is missing (a verdict "continue" says what the next cycle has to do)');
  const proposal: VerdictProposal = {
    verdict: verdict.value.verdict,
    summary: cutMiddle(verdict.value.summary.trim() || firstLine(brief), limits.messageBytesMax),
    brief: verdict.value.verdict === "continue" ? brief : cutMiddle(verdict.value.brief.trim(), limits.messageBytesMax),
  };
  return { kind: "verdict", proposal };
}

function verdictFromExit({ end, stdout, lastWords }: ProgramEnd, limits: AnswerLimits): Meaning {
  const exitCode = end.kind === "exited" ? end.exitCode : 0;
  // A program that died of its own fault prints a trace on stderr and nothing on stdout: that is no verdict.
  if (exitCode !== 0 && stdout.kind !== "text")
    return { kind: "failure", failure: { kind: "crashed", exitCode, signal: null, detail: lastWords } };
  const text = stdout.kind === "text" ? stdout.text : "";
  const lines = stdout.kind === "text" ? stdout.lastLines : "";
  // People read the last line: that is where programs say what came of it.
  const summary = cutStart(
    lines.split("\n").at(-1) || "The judge command ended with exit code 0.",
    limits.titleBytesMax,
  );
  if (exitCode === 0) return { kind: "verdict", proposal: { verdict: "achieved", summary, brief: "" } };
  return {
    kind: "verdict",
    proposal: { verdict: "continue", summary, brief: cutMiddle(text || summary, limits.messageBytesMax) },
  };
}

const malformed = (detail: string): Meaning => ({ kind: "failure", failure: { kind: "malformed", detail } });
const firstLine = (text: string) => text.split("\n", 1)[0] ?? "";
