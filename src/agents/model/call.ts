/**
 * One call of a model, over whatever wire: no loop, no retry, nothing kept. What the SDK makes of a fault is told in
 * test/fake-model/fault-table.md; here each row becomes an answer that the conversation can go on with, or a `CallFault`.
 */
import type { FinishReason, ModelMessage, StepResult, ToolSet } from "ai";
import { addTokens, noTokens, type CallFault, type Tokens } from "../../domain/call.ts";
import { faultOf } from "./faults.ts";
import { listen, messageStart, type Heard, type OnText } from "./listening.ts";
import type { CallRequest } from "./request.ts";
import { estimateInput, estimateTokens, tokensOf } from "./tokens.ts";
import { watchCall, type CallTimeouts } from "./watchdog.ts";

// The SDK would print its warnings to the console, which is the operator's.
globalThis.AI_SDK_LOG_WARNINGS = false;

export type CallOrder = CallRequest & {
  timeouts: CallTimeouts;
  signal: AbortSignal;
  /** For transcripts, and at every event as a sign of life. */
  onText: OnText;
};

export type OpenCall = { id: string; name: string; input: unknown };

export type Answer = {
  kind: "answered";
  /** To be appended as they are. The last may hold results: calls that made no sense, which the SDK has answered itself. */
  messages: ModelMessage[];
  /** To be run and answered before the next call, all of them. */
  calls: OpenCall[];
  text: string;
  /** `calls`: the model waits for results. `calls` above may still be empty: then it is to see what it called wrongly. */
  finish: "stop" | "calls" | "length" | "filtered";
  tokens: Tokens;
};

/**
 * `billed`: the provider may charge for it, although nothing can be done with it. `tokens` are what it said, else an
 * estimate that is rather too high; they are none when nothing was billed.
 */
export type Failed = { kind: "failed"; fault: CallFault; tokens: Tokens; billed: boolean };

export type CallEnd = Answer | Failed;

/** Never rejects for what a provider does: that is an end with a fault. */
export async function callModel(order: CallOrder): Promise<CallEnd> {
  if (order.signal.aborted) return { kind: "failed", fault: { kind: "aborted" }, tokens: noTokens, billed: false };
  const watchdog = watchCall(order.timeouts, order.signal);
  try {
    const heard = await listen(order, watchdog, order.onText);
    const answer = heard.errors.length === 0 && heard.step !== null ? answerOf(heard.step) : null;
    if (answer?.kind === "answered") return answer;
    const { fault, free } = faultIn(order, heard, watchdog.stalled(), answer);
    // Whoever began to answer has begun to count.
    if (free && heard.outputBytes === 0 && heard.early === null)
      return { kind: "failed", fault, tokens: noTokens, billed: false };
    return { kind: "failed", fault, tokens: await spent(order, heard), billed: true };
  } finally {
    watchdog.stop();
  }
}

type Spoilt = { kind: "spoilt"; detail: string };

function faultIn(
  order: CallOrder,
  heard: Heard,
  stalled: string | null,
  spoilt: Spoilt | null,
): { fault: CallFault; free: boolean } {
  const broken = (detail: string) => ({
    fault: { kind: "broken" as const, detail: `${order.model.name}: ${detail}` },
    free: false,
  });
  if (spoilt !== null) return broken(spoilt.detail);
  if (order.signal.aborted) return { fault: { kind: "aborted" }, free: false };
  if (stalled !== null) return broken(stalled);
  if (heard.errors.length === 0) return broken("the stream ended before the answer did");
  return faultOf(heard.errors[0], order, Date.now());
}

/** What it used, as far as anybody can know. */
async function spent(order: CallOrder, heard: Heard): Promise<Tokens> {
  const told = heard.usage === null ? null : tokensOf(heard.usage);
  if (told !== null) return told;
  const input = heard.early ?? { ...noTokens, input: await estimateInput(order) };
  return addTokens(input, { ...noTokens, output: estimateTokens(heard.outputBytes) });
}

/** Only what the conversation can go on with is an answer. */
function answerOf(step: StepResult<ToolSet>): Answer | Spoilt {
  const spoilt = (detail: string): Spoilt => ({ kind: "spoilt", detail });
  const { finishReason, rawFinishReason, text } = step;
  if (finishReason === "interrupted") return spoilt("the stream ended before the answer did");
  if (finishReason === "error") return spoilt(`finished with ${rawFinishReason ?? "an error"}`);
  const tokens = tokensOf(step.usage);
  if (tokens === null) return spoilt("an answer that does not say what it used");
  const calls = step.toolCalls.filter(({ invalid, providerExecuted }) => invalid !== true && providerExecuted !== true);
  const wrong = step.toolCalls.length > calls.length;
  const finish = finishOf(finishReason, calls.length > 0 || wrong);
  if (text.trim() === "" && calls.length === 0 && !wrong)
    return spoilt(`an answer with nothing in it, finished with ${rawFinishReason ?? finishReason}`);
  const messages = kept(step.response.messages);
  return {
    kind: "answered",
    messages: finish === "length" ? withCutCalls(messages) : messages,
    calls: calls.map(({ toolCallId, toolName, input }) => ({ id: toolCallId, name: toolName, input })),
    text,
    finish,
    tokens,
  };
}

function finishOf(reason: Exclude<FinishReason, "interrupted" | "error">, called: boolean): Answer["finish"] {
  switch (reason) {
    case "length":
      return "length";
    case "content-filter":
      return "filtered";
    case "tool-calls":
    case "stop":
    // What a compatible server calls its ends is its own; whether it called something is seen.
    case "other":
      return called ? "calls" : "stop";
  }
}

/**
 * The SDK answers a call that was cut in its arguments as one that makes no sense. To be told only that would have it
 * said, and cut, again.
 */
function withCutCalls(messages: readonly ModelMessage[]): ModelMessage[] {
  return messages.map((message) =>
    message.role === "tool"
      ? {
          ...message,
          content: message.content.map((part) =>
            part.type === "tool-result" ? { ...part, output: { type: "error-text" as const, value: cutCall } } : part,
          ),
        }
      : message,
  );
}

const cutCall =
  "Your reply was longer than one reply may be and was cut within this call, so nothing of the call was done. Do the same in " +
  "several smaller calls, in replies of their own.";

/** As JSON keeps them, without what only tells of the call. */
function kept(messages: readonly ModelMessage[]): ModelMessage[] {
  const plain = JSON.parse(JSON.stringify(messages)) as ModelMessage[];
  return plain.map((message) =>
    message.role === "assistant" && typeof message.content !== "string"
      ? {
          ...message,
          content: message.content.filter((part) => part.type !== "custom" || part.kind !== messageStart),
        }
      : message,
  );
}
