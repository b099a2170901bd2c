/** Owns the order in which the calls of a reply run: looks side by side, everything else alone, an end last. */
import pLimit from "p-limit";
import { modelAgentLimits } from "../../domain/limits.ts";
import { cutMiddle } from "../../domain/text.ts";
import { runTool } from "../tools/run-tool.ts";
import type { SessionEnd, Tool, ToolAnswer, ToolContext } from "../tools/tool.ts";
import type { CallResult, Conversation, OpenCall } from "./conversation.ts";

/** Some of the open calls: their results, or the end that the last of them brought. */
export type Part = { end: null; results: CallResult[]; changed: boolean } | { end: SessionEnd; call: OpenCall };

/** `replies`: which reply it is, counted over the session. */
type LastReply = Pick<Conversation, "openCalls" | "failedTools" | "replies">;

const shownBytesMax = 2_000;

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
    const looks = open.filter((call) => this.#effectOf(call) === "look");
    const others = open.filter((call) => !looks.includes(call) && this.#effectOf(call) !== "end");
    if (looks.length > 0) return { end: null, results: await this.#runAll(looks, replies), changed: false };
    const [first] = others;
    if (first) {
      const results = await this.#runAll([first], replies);
      return { end: null, results, changed: this.#effectOf(first) === "work" };
    }
    // An end after a call that failed would be an end in ignorance of it.
    return this.#end(open, failedTools.find((name) => this.#effectOf({ name }) !== "look") ?? null, replies);
  }

  /** Only calls that would end the session are left. */
  async #end(open: readonly OpenCall[], failed: string | null, reply: number): Promise<Part> {
    const [call, ...more] = open;
    if (!call) throw new Error("no call is open");
    const refusal =
      more.length > 0
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
    onOutput(`\n[${call.name}${answer.ok ? "" : " failed"}] ${cutMiddle(answer.text, shownBytesMax)}\n`);
    return answer;
  }

  /** A tool that does not exist changes nothing. */
  #effectOf({ name }: Pick<OpenCall, "name">): Tool["effect"] {
    return this.#tools.find((tool) => tool.name === name)?.effect ?? "look";
  }
}
