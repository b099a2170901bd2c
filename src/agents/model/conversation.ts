/**
 * Owns a session's conversation: what has been said, folded from the steps that the session recorded. Keeps: after any
 * prefix of the steps the conversation is one that can go on, once its open calls are answered.
 */
import type { ModelMessage } from "ai";
import { assertNever } from "../../domain/assert.ts";
import { sumTokens, type Tokens } from "../../domain/call.ts";
import type { Step } from "../../domain/session.ts";
import { cutEnd } from "../../domain/text.ts";
import { estimateTokens } from "./tokens.ts";

export type OpenCall = { id: string; name: string; input: unknown };
export type CallResult = { id: string; name: string; ok: boolean; text: string };

/** What a model session records. The messages are the SDK's, as plain JSON. */
export type ModelStep =
  | { kind: "opening"; body: { model: string; promptHash: string; system: string; message: string } }
  | { kind: "reply"; body: { messages: ModelMessage[]; calls: OpenCall[]; text: string; tokens: Tokens } }
  | { kind: "results"; body: { results: CallResult[] } }
  /** What Longhaul says in between: a nudge, the soft deadline. */
  | { kind: "asked"; body: { text: string; why: Asked } }
  /** The agent's own summary; the conversation goes on from it. `message`: what takes the place of everything before. */
  | { kind: "summary"; body: { message: string } };

export type Asked = "nudge" | "hand_off" | "resumed";

export class Conversation {
  system = "";
  /** The first message: it stays, whatever is summarised. */
  opening = "";
  promptHash = "";
  /** Without the opening, when a summary took its place. */
  #messages: ModelMessage[] = [];
  #open: OpenCall[] = [];
  #results: CallResult[] = [];
  /** Calls of the last reply that made no sense, by their tools: they are answered already. */
  #senseless: string[] = [];
  /** Of the prompt of the next call, as far as it is known: what the last call used, and what has been added since. */
  #tokens = 0;
  replies = 0;
  summaries = 0;
  /** Replies in a row that called nothing. */
  idle = 0;
  handOffAsked = false;

  static from(steps: readonly Step[]): Conversation {
    const conversation = new Conversation();
    // Written by `ModelSession`, and by nobody else.
    for (const step of steps) conversation.add(step as ModelStep);
    return conversation;
  }

  /** Nothing has been said yet. */
  get isNew(): boolean {
    return this.#messages.length === 0;
  }

  /** Calls of the last reply that have no result yet. */
  get openCalls(): readonly OpenCall[] {
    return this.#open;
  }

  /** Tools of the last reply's calls that failed. */
  get failedTools(): readonly string[] {
    return [...this.#senseless, ...this.#results.filter(({ ok }) => !ok).map(({ name }) => name)];
  }

  get tokens(): number {
    return this.#tokens;
  }

  /** For the next call of the model; every call in them has its result. */
  messages(): ModelMessage[] {
    return [...this.#messages];
  }

  add(step: ModelStep): void {
    switch (step.kind) {
      case "opening":
        this.system = step.body.system;
        this.opening = step.body.message;
        this.promptHash = step.body.promptHash;
        this.#say(step.body.message);
        return;
      case "reply":
        this.#reply(step.body);
        return;
      case "results":
        this.#answer(step.body.results);
        return;
      case "asked":
        if (step.body.why === "hand_off") this.handOffAsked = true;
        this.#say(step.body.text);
        return;
      case "summary":
        this.summaries++;
        this.#messages = [];
        this.#tokens = 0;
        this.#say(step.body.message);
        return;
      default:
        assertNever(step, "step");
    }
  }

  #say(text: string): void {
    this.#messages.push({ role: "user", content: text });
    this.#tokens += estimateTokens(Buffer.byteLength(text));
  }

  #reply({ messages, calls, tokens }: Extract<ModelStep, { kind: "reply" }>["body"]): void {
    this.#messages.push(...messages);
    this.#open = [...calls];
    this.#results = [];
    const answered = messages.at(-1);
    this.#senseless =
      answered?.role === "tool"
        ? answered.content.flatMap((part) => (part.type === "tool-result" ? [part.toolName] : []))
        : [];
    this.#tokens = sumTokens(tokens);
    this.replies++;
    const called = calls.length > 0 || answered?.role === "tool";
    this.idle = called ? 0 : this.idle + 1;
  }

  /** Results are said together once the last one is there: every call of a reply has to have its own. */
  #answer(results: CallResult[]): void {
    this.#results.push(...results);
    this.#open = this.#open.filter(({ id }) => !results.some((result) => result.id === id));
    for (const { text } of results) this.#tokens += estimateTokens(Buffer.byteLength(text));
    if (this.#open.length > 0) return;
    this.#messages.push({
      role: "tool",
      content: this.#results.map(({ id, name, ok, text }) => ({
        type: "tool-result",
        toolCallId: id,
        toolName: name,
        output: { type: ok ? "text" : "error-text", value: text },
      })),
    });
    this.#results = [];
  }
}

/**
 * The conversation cut down to a bound, for the one request that asks for a summary of what does not fit any more: long
 * results lose their middle, the oldest first, and nothing is left without its counterpart.
 */
export function shortened(messages: readonly ModelMessage[], tokensMax: number): ModelMessage[] {
  const sizes = messages.map((message) => estimateTokens(Buffer.byteLength(JSON.stringify(message))));
  let excess = sizes.reduce((sum, size) => sum + size, 0) - tokensMax;
  return messages.map((message, at) => {
    if (excess <= 0 || message.role !== "tool") return message;
    const cut: ModelMessage = {
      ...message,
      content: message.content.map((part) =>
        part.type === "tool-result" && (part.output.type === "text" || part.output.type === "error-text")
          ? { ...part, output: { ...part.output, value: cutEnd(part.output.value, resultBytes) } }
          : part,
      ),
    };
    excess -= (sizes[at] ?? 0) - estimateTokens(Buffer.byteLength(JSON.stringify(cut)));
    return cut;
  });
}

const resultBytes = 400;
