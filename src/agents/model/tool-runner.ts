/** Owns the order in which the calls of a reply run: looks side by side, everything else alone, an end last. */
import pLimit from "p-limit";
import { modelAgentLimits } from "../../domain/limits.ts";
import { cutMiddle } from "../../domain/text.ts";
import { runTool } from "../tools/run-tool.ts";
import type { SessionEnd, Tool, ToolAnswer, ToolContext } from "../tools/tool.ts";
import type { CallResult, OpenCall } from "./conversation.ts";

/** Some of the open calls: their results, or the end that the last of them brought. */
export type Part = { end: null; results: CallResult[]; changed: boolean } | { end: SessionEnd; call: OpenCall };

const shownBytesMax = 2_000;

export class ToolRunner {
  readonly #tools: readonly Tool[];
  readonly #context: Omit<ToolContext, "call">;
  readonly #report: (error: unknown) => void;
  /** Of the reply at hand: an end after a call that failed would be an end in ignorance of it. */
  #failed: string | null = null;

  constructor(tools: readonly Tool[], context: Omit<ToolContext, "call">, report: (error: unknown) => void) {
    this.#tools = tools;
    this.#context = context;
    this.#report = report;
  }

  /** `open`: the calls of the reply that have no result yet, in its order; at least one. */
  async next(open: readonly OpenCall[]): Promise<Part> {
    const looks = open.filter((call) => this.#effectOf(call) === "look");
    const others = open.filter((call) => !looks.includes(call) && this.#effectOf(call) !== "end");
    if (looks.length > 0) return { end: null, results: await this.#runAll(looks), changed: false };
    const [first] = others;
    if (first) return { end: null, results: await this.#runAll([first]), changed: this.#effectOf(first) === "work" };
    return this.#end(open);
  }

  /** Only calls that would end the session are left. */
  async #end(open: readonly OpenCall[]): Promise<Part> {
    const [call, ...more] = open;
    const failed = this.#failed;
    this.#failed = null;
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
    const answer = await this.#run(call);
    if (answer.ok && answer.end) return { end: answer.end, call };
    return { end: null, results: [{ id: call.id, name: call.name, ok: answer.ok, text: answer.text }], changed: false };
  }

  async #runAll(calls: readonly OpenCall[]): Promise<CallResult[]> {
    const atOnce = pLimit(modelAgentLimits.toolsAtOnce);
    return Promise.all(
      calls.map((call) =>
        atOnce(async () => {
          const { ok, text } = await this.#run(call);
          if (!ok && this.#effectOf(call) !== "look") this.#failed = call.name;
          return { id: call.id, name: call.name, ok, text };
        }),
      ),
    );
  }

  async #run(call: OpenCall): Promise<ToolAnswer> {
    const { onOutput } = this.#context;
    const answer = await runTool(this.#tools, call, { ...this.#context, call: call.id }, this.#report);
    onOutput(`\n[${call.name}${answer.ok ? "" : " failed"}] ${cutMiddle(answer.text, shownBytesMax)}\n`);
    return answer;
  }

  /** A tool that does not exist changes nothing. */
  #effectOf(call: OpenCall): Tool["effect"] {
    return this.#tools.find((tool) => tool.name === call.name)?.effect ?? "look";
  }
}
