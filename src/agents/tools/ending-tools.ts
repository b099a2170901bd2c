/** The tools by which workers and judges end their sessions. What a call asks for is checked before the session ends. */
import { z } from "zod";
import { handoffInput, text } from "./handoff-input.ts";
import type { Tool } from "./tool.ts";

const submitInput = z.object({
  status: z
    .enum(["done", "partial", "nothing_to_do"])
    .describe(
      "partial: what is there stands by itself, the handoff says what is missing. nothing_to_do: the trunk has it all.",
    ),
  message: text.describe("The commit message: a subject of at most 72 characters, a blank line, why."),
  handoff: handoffInput.describe("For the planner: all that remains of you."),
});
const submit: Tool<z.output<typeof submitInput>> = {
  name: "submit",
  description:
    "Lands all changed files of your workspace on the trunk as one commit, and ends the session. On a conflict it answers with the files, and the session goes on.",
  input: submitInput,
  roles: ["worker", "arbiter"],
  effect: "end",
  run: async ({ status, message, handoff }) => ({
    ok: true,
    text: "Submitted.",
    end: { kind: "work", status, message: message.trim() || null, handoff },
  }),
};

const giveUpInput = z.object({
  reason: text.describe("What you tried, where it fails and what would work instead."),
});
const giveUp: Tool<z.output<typeof giveUpInput>> = {
  name: "give_up",
  description:
    "The task cannot be done as it is written: ends the session, nothing lands, the planner reads the reason.",
  input: giveUpInput,
  roles: ["worker", "arbiter"],
  effect: "end",
  async run({ reason }) {
    if (reason.trim() === "") return { ok: false, text: "Give the reason: it is all that the planner gets." };
    return {
      ok: true,
      text: "Given up.",
      end: { kind: "failure", failure: { kind: "gave_up", reason: reason.trim() } },
    };
  },
};

const verdictInput = z.object({
  verdict: z.enum(["continue", "achieved", "stop"]).describe("stop: stuck or hopeless."),
  summary: text.describe("What is true of the trunk now, with the evidence."),
  brief: text.default("").describe("For continue: what the next cycle has to do, and what was learned."),
});
const submitVerdict: Tool<z.output<typeof verdictInput>> = {
  name: "submit_verdict",
  description: "Your verdict on the cycle; ends the session. achieved is refused while an acceptance command fails.",
  input: verdictInput,
  roles: ["judge"],
  effect: "end",
  async run(proposal, { brief }) {
    const failing = brief.role === "judge" ? brief.acceptance.filter((result) => !result.passed) : [];
    if (proposal.summary.trim() === "") return { ok: false, text: "Give a summary with the evidence." };
    if (proposal.verdict === "continue" && proposal.brief.trim() === "")
      return { ok: false, text: "continue needs a brief: what the next cycle has to do, and what was learned." };
    if (proposal.verdict === "achieved" && failing.length > 0)
      return {
        ok: false,
        text: `achieved is impossible: ${failing.map(({ name }) => name).join(", ")} failed. Choose continue or stop.`,
      };
    return { ok: true, text: "The verdict is given.", end: { kind: "verdict", proposal } };
  },
};

export const endingTools = [submit, giveUp, submitVerdict];
