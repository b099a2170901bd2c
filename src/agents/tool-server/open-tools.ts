/**
 * The role tools of one conversation, open to whoever has its token. Keeps: one call that changes things at a time,
 * nothing runs after an end or after `close`, and a repeated call takes effect once.
 */
import { createHash, randomUUID } from "node:crypto";
import { toolServerLimits } from "../../domain/limits.ts";
import { refuse } from "../tools/answer.ts";
import { runTool, shownCall } from "../tools/run-tool.ts";
import { effectOf } from "../tools/together.ts";
import type { SessionEnd, Tool, ToolAnswer, ToolContext } from "../tools/tool.ts";
import { toolTexts, type ToolText } from "../tools/tool-texts.ts";
import { CallQueue } from "./call-queue.ts";
import { KeyedAnswers } from "./keyed-answers.ts";

export type OutsideCall = {
  name: string;
  input: unknown;
  /** Of the caller: the same for a call and its repetitions. null: it is never repeated. */
  key: string | null;
  /**
   * Aborted when the caller has gone. With a key it may come back for the answer, and the call goes on; without one
   * nobody could ever get it, and the call ends, so that the next one need not wait for it.
   */
  gone: AbortSignal;
};

export class OpenTools {
  readonly #tools: readonly Tool[];
  readonly #context: Omit<ToolContext, "call">;
  readonly #report: (error: unknown) => void;
  readonly #queue = new CallQueue();
  readonly #answers = new KeyedAnswers();
  readonly #closed = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  readonly #onEnd: () => void;
  #end: SessionEnd | null = null;

  /** `report` gets faults of ours, `onEnd` is told when an end was taken; neither may throw. */
  constructor(
    tools: readonly Tool[],
    context: Omit<ToolContext, "call">,
    report: (error: unknown) => void,
    onEnd: () => void,
  ) {
    this.#tools = tools;
    this.#onEnd = onEnd;
    this.#context = { ...context, signal: AbortSignal.any([context.signal, this.#closed.signal]) };
    this.#report = report;
  }

  list(): ToolText[] {
    return toolTexts(this.#tools);
  }

  /** What the first end that was taken brought. */
  end(): SessionEnd | null {
    return this.#end;
  }

  /** What was submitted was not taken: the session is no more at its end. */
  goOn(): void {
    this.#end = null;
  }

  /** Never rejects for what was called. */
  async call(call: OutsideCall): Promise<ToolAnswer> {
    if (call.key !== null && (call.key === "" || Buffer.byteLength(call.key) > toolServerLimits.keyBytesMax))
      return refuse(`the key has to have 1 to ${toolServerLimits.keyBytesMax} bytes`);
    const what = hash(JSON.stringify([call.name, call.input]));
    const before = call.key !== null && this.#answers.before(call.key, what);
    if (before) return before;
    if (this.#running.size >= toolServerLimits.callsAtOnceMax)
      return refuse(`${this.#running.size} calls of this session run or wait: let some of them end first`);
    // Of a key, together with what is called: the engine remembers a planner's actions by this name, longer than we do.
    const answer = this.#run(call, call.key === null ? randomUUID() : hash(JSON.stringify([call.key, what])));
    if (call.key !== null) this.#answers.keep(call.key, what, answer);
    return answer;
  }

  /** Ends what runs and waits for it. Repeatable. */
  async close(): Promise<void> {
    this.#closed.abort();
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  async #run(call: OutsideCall, name: string): Promise<ToolAnswer> {
    const answer = this.#queue.run(effectOf(this.#tools, call.name), () => this.#runNow(call, name));
    this.#running.add(answer);
    try {
      return await answer;
    } finally {
      this.#running.delete(answer);
    }
  }

  async #runNow(call: OutsideCall, name: string): Promise<ToolAnswer> {
    if (this.#closed.signal.aborted) return refuse("the session is closed");
    if (this.#end) return refuse("the session has ended: nothing more can be done in it, leave now");
    const signal = call.key === null ? AbortSignal.any([this.#context.signal, call.gone]) : this.#context.signal;
    if (signal.aborted) return refuse("nobody waits for this call any more");
    const answer = await runTool(this.#tools, call, { ...this.#context, signal, call: name }, this.#report);
    this.#context.onOutput(shownCall(call.name, answer));
    if (answer.ok && answer.end) {
      this.#end = answer.end;
      this.#onEnd();
    }
    return answer;
  }
}

const hash = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 32);
