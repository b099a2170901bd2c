/** What the AI SDK makes of one fault, in one line: the rows of fault-table.md, from which the retry policy is built. */
import { tool, type LanguageModelUsage, type StepResult, type ToolSet } from "ai";
import { z } from "zod";
import type { FaultRuleInput } from "./faults.ts";
import { generated, languageModel, streamed, type Asked, type ProviderName, type Told } from "./sdk.testsuite.ts";
import type { FakeModel } from "./server.ts";

export type Case = { name: string; fault: FaultRuleInput["fault"] };

const waitMs = 30_000;
const seconds = (ms: number) => ({ form: "seconds" as const, ms });

export const cases: Case[] = [
  { name: "401", fault: { kind: "unauthorized" } },
  { name: "403", fault: { kind: "forbidden" } },
  { name: "429, `retry-after`", fault: { kind: "rate-limit", retryAfter: seconds(waitMs) } },
  { name: "429, quota exhausted", fault: { kind: "quota", untilMs: 4_102_444_800_000 } },
  { name: "context too long", fault: { kind: "context-length" } },
  { name: "overloaded", fault: { kind: "overloaded" } },
  { name: "500", fault: { kind: "status", status: 500 } },
  { name: "503", fault: { kind: "status", status: 503 } },
  { name: "529", fault: { kind: "status", status: 529 } },
  { name: "502, a gateway's page", fault: { kind: "html", status: 502 } },
  { name: "200, a gateway's page", fault: { kind: "html", status: 200 } },
  { name: "connection drops before the headers", fault: { kind: "drop", at: "headers" } },
  { name: "connection drops before content", fault: { kind: "drop", at: "first" } },
  { name: "connection drops in the middle", fault: { kind: "drop", at: "middle" } },
  { name: "connection drops before the finish", fault: { kind: "drop", at: "end" } },
  { name: "clean end before content", fault: { kind: "truncate", at: "first" } },
  { name: "clean end in the middle", fault: { kind: "truncate", at: "middle" } },
  { name: "clean end before the finish", fault: { kind: "truncate", at: "end" } },
  { name: "no headers", fault: { kind: "stall", at: "headers", ms: waitMs } },
  { name: "no first chunk", fault: { kind: "stall", at: "first", ms: waitMs } },
  { name: "stalls in the middle", fault: { kind: "stall", at: "middle", ms: waitMs } },
  { name: "stalls before the finish", fault: { kind: "stall", at: "end", ms: waitMs } },
  { name: "error event: overloaded, first", fault: { kind: "error-event", at: "first", error: "overloaded" } },
  { name: "error event: overloaded, middle", fault: { kind: "error-event", at: "middle", error: "overloaded" } },
  { name: "error event: rate limit, middle", fault: { kind: "error-event", at: "middle", error: "rate-limit" } },
  { name: "event that is no JSON", fault: { kind: "malformed-frame" } },
  { name: "tool arguments that are no JSON", fault: { kind: "malformed-arguments" } },
  { name: "empty reply", fault: { kind: "empty" } },
  { name: "no usage", fault: { kind: "no-usage" } },
  { name: "wrong content-type", fault: { kind: "wrong-content-type", contentType: "text/plain" } },
  { name: "slow, but steady", fault: { kind: "trickle", ms: 5 } },
];

/** The columns after fault, mode and providers. */
export type Outcome = { error: string; seen: string; step: string; finish: string; usage: string; tool: string };

export async function outcomeOf(
  model: FakeModel,
  provider: ProviderName,
  mode: "stream" | "whole",
  fault: Case,
): Promise<Outcome> {
  const rule = model.faults.add({ fault: fault.fault });
  let ran = 0;
  const tools: ToolSet = {
    read: tool({ inputSchema: z.object({ path: z.string() }), execute: () => `run ${++ran}` }),
  };
  const stalls = fault.fault.kind === "stall";
  const timeout = mode === "stream" ? { firstChunkMs: 600, chunkMs: 400, stepMs: 2500 } : { stepMs: 400 };
  const asked: Asked = {
    instructions: "Work.",
    prompt: "Go on.",
    tools,
    maxOutputTokens: 1000,
    ...(stalls ? { timeout } : {}),
  };
  try {
    const languages = languageModel(model, provider);
    if (mode === "stream") return rowOfStream(await streamed(languages, asked), () => ran);
    const step = await generated(languages, asked);
    const error = "error" in step ? errorOf(step.error) : "—";
    return {
      error,
      seen: "error" in step ? "rejects" : "resolves",
      ...rowOfStep(step),
      tool: ran === 0 ? "no" : "ran",
    };
  } finally {
    model.faults.remove(rule);
  }
}

function rowOfStream(told: Told, ran: () => number): Outcome {
  const errors = told.parts.flatMap((part) => (part.type === "error" ? [part.error] : []));
  const aborts = told.parts.flatMap((part) => (part.type === "abort" ? [part.reason ?? "no reason"] : []));
  const calls = told.parts.flatMap((part) => (part.type === "tool-call" && part.invalid === true ? [part.error] : []));
  const seen = [
    ...(errors.length > 0 ? [`error part${many(errors.length)}`] : []),
    ...(aborts.length > 0 ? [`abort part (${aborts.join()})`] : []),
    ...(calls.length > 0 ? ["tool-call part, `invalid`"] : []),
    ...(told.parts.some(({ type }) => type === "tool-error") ? ["tool-error part"] : []),
    ...(told.thrown === null ? [] : ["iteration throws"]),
    ...(told.onError.length > 0 ? [`onError${many(told.onError.length)}`] : []),
    ...(told.onAbort > 0 ? ["onAbort"] : []),
    ...(told.parts.some(({ type }) => type === "finish") ? ["finish part"] : []),
  ];
  const first = errors[0] ?? told.thrown ?? calls[0];
  return {
    error: first === undefined || first === null ? "—" : errorOf(first),
    seen: seen.join(", "),
    ...rowOfStep(told.step),
    tool: ran() === 0 ? "no" : "ran",
  };
}

const many = (count: number): string => (count === 1 ? "" : ` ×${count}`);

function rowOfStep(step: Told["step"]): Pick<Outcome, "step" | "finish" | "usage"> {
  if ("error" in step) return { step: `rejects: ${nameOf(step.error)}`, finish: "—", usage: "—" };
  const { finishReason, rawFinishReason, usage } = step.value;
  return {
    step: contentOf(step.value),
    finish: `${finishReason} (${rawFinishReason ?? "undefined"})`,
    usage: usageOf(usage),
  };
}

const contentOf = (step: StepResult<ToolSet>): string =>
  step.content
    .map((part) => (part.type === "tool-call" && part.invalid === true ? "invalid tool-call" : part.type))
    .join(" + ") || "nothing";

const usageOf = ({ inputTokens, outputTokens }: LanguageModelUsage): string => {
  const told = (count: number | undefined): string =>
    count === undefined ? "undefined" : count > 1 ? "told" : String(count);
  return inputTokens !== undefined && outputTokens !== undefined && inputTokens > 1 && outputTokens > 1
    ? "told"
    : `in ${told(inputTokens)}, out ${told(outputTokens)}`;
};

const nameOf = (error: unknown): string =>
  error instanceof Error ? error.name.replace(/^AI_/, "") : `not an Error: ${JSON.stringify(error)}`;

/** The name, what a retry policy can ask of it, and its cause. */
function errorOf(error: unknown): string {
  const { statusCode, isRetryable, cause } = error as { statusCode?: unknown; isRetryable?: unknown; cause?: unknown };
  const facts = [
    ...(typeof statusCode === "number" ? [String(statusCode)] : []),
    ...(typeof isRetryable === "boolean" ? [isRetryable ? "retryable" : "not retryable"] : []),
    ...(cause instanceof Error ? [`cause ${nameOf(cause)}`] : []),
  ];
  return nameOf(error) + (facts.length === 0 ? "" : ` (${facts.join(", ")})`);
}
