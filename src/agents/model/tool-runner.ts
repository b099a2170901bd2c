/** Owns how the calls of a reply run, in the order of `nextTogether`. */
import pLimit from "p-limit";
import { modelAgentLimits } from "../../domain/limits.ts";
import { runTool, shownCall } from "../tools/run-tool.ts";
import { effectOf, nextTogether } from "../tools/together.ts";
import type { SessionEnd, Tool, ToolAnswer, ToolContext } from "../tools/tool.ts";
import type { CallResult, Conversation, OpenCall } from "./conversation.ts";

/** Some of the open calls: their results, or the end that the last of them brought. */
export type Part = { end: null; results: CallResult[]; changed: boolean } | { end: SessionEnd; call: OpenCall };

/** `replies`: which reply it is, counted over the session. */
type LastReply = Pick<Conversation, "openCalls" | "failedTools" | "replies">;

export class ToolRunner {
  readonly #tools: readonly Tool[];
  readonly #context: Omit<ToolContext, "call">;
  readonly #report: (error: unknown) => void;

  constructor(tools: readonly Tool[], context: Omit<ToolContext, "call">, report: (error: unknown) => void) {
    this.#tools = tools;
    this.#context = context;
    this.#report = report;
  }

  /** Some of the calls of the last reply that have no result yet; there is at least one. */
  async next({ openCalls: open, failedTools, replies }: LastReply): Promise<Part> {
    const next = nextTogether(open, (call) => this.#effectOf(call));
    const [first] = next;
    if (!first) throw new Error("no call is open");
    if (this.#effectOf(first) !== "end") {
      const results = await this.#runAll(next, replies);
      return { end: null, results, changed: this.#effectOf(first) === "work" };
    }
    // An end after a call that failed would be an end in ignorance of it.
    return this.#end(first, next, failedTools.find((name) => this.#effectOf({ name }) !== "look") ?? null, replies);
  }

  /** Only calls that would end the session are left. */
  async #end(call: OpenCall, open: readonly OpenCall[], failed: string | null, reply: number): Promise<Part> {
    const refusal =
      open.length > 1
        ? "Only one call can end a session: call one of them, alone."
        : failed && `Not done: ${failed} of the same reply failed. Look at its result first.`;
    if (refusal)
      return {
        end: null,
        results: open.map(({ id, name }) => ({ id, name, ok: false, text: refusal })),
        changed: false,
      };
    const answer = await this.#run(call, reply);
    if (answer.ok && answer.end) return { end: answer.end, call };
    return { end: null, results: [{ id: call.id, name: call.name, ok: answer.ok, text: answer.text }], changed: false };
  }

  async #runAll(calls: readonly OpenCall[], reply: number): Promise<CallResult[]> {
    const atOnce = pLimit(modelAgentLimits.toolsAtOnce);
    return Promise.all(
      calls.map((call) =>
        atOnce(async () => {
          const { ok, text } = await this.#run(call, reply);
          return { id: call.id, name: call.name, ok, text };
        }),
      ),
    );
  }

  async #run(call: OpenCall, reply: number): Promise<ToolAnswer> {
    const { onOutput } = this.#context;
    // Some servers count the calls of each reply from the beginning.
    const context = { ...this.#context, call: `${reply}-${call.id}` };
    const answer = await runTool(this.#tools, call, context, this.#report);
    onOutput(shownCall(call.name, answer));
    return answer;
  }

  #effectOf({ name }: Pick<OpenCall, "name">): Tool["effect"] {
    return effectOf(this.#tools, name);
  }
}
