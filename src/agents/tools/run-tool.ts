/** Owns one call of a tool, from what the model sent to what it is answered. */
import { toolLimits } from "../../domain/limits.ts";
import { describeJsonFault } from "../../domain/json-place.ts";
import { cutMiddle } from "../../domain/text.ts";
import { plainText } from "../plain-text.ts";
import { schemaFaults } from "../schema-faults.ts";
import { refuse, type Outcome } from "./answer.ts";
import type { Tool, ToolAnswer, ToolContext } from "./tool.ts";

export type ToolCall = {
  name: string;
  /** As the model sent it: a JSON text, or what was parsed from one. */
  input: unknown;
};

/**
 * Never rejects: whatever is wrong with the call is an answer that says how to do it right. A fault of ours is an
 * answer too, and `onBug` gets it; it must not throw.
 */
export async function runTool(
  tools: readonly Tool[],
  call: ToolCall,
  context: ToolContext,
  onBug: (error: unknown, tool: string) => void,
): Promise<ToolAnswer> {
  const tool = tools.find((each) => each.name === call.name);
  if (!tool) {
    const names = tools.map((each) => each.name).join(", ");
    return refuse(`there is no tool ${JSON.stringify(call.name.slice(0, 100))}; the tools are: ${names}`);
  }
  try {
    const input = inputOf(tool, call.input);
    if (!input.ok) return input;
    const answer = await tool.run(input.value, context);
    return { ...answer, text: cutMiddle(answer.text.toWellFormed(), toolLimits.answerBytesMax) };
  } catch (error) {
    onBug(error, tool.name);
    const message = error instanceof Error ? error.message : String(error);
    return refuse(`${tool.name} failed by a fault that is not yours (${message}); try another way`);
  }
}

/** For the transcript. `name` is the caller's own word. */
export function shownCall(name: string, { ok, text }: ToolAnswer): string {
  return `\n[${plainText(name).slice(0, 100)}${ok ? "" : " failed"}] ${cutMiddle(text, toolLimits.shownBytesMax)}\n`;
}

/** One line per fault. */
function inputOf(tool: Tool, sent: unknown): Outcome<unknown> {
  let value = sent;
  if (typeof sent === "string") {
    try {
      value = JSON.parse(sent === "" ? "{}" : sent);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return refuse(`the input of ${tool.name} is not JSON: ${describeJsonFault(sent)}`);
    }
  }
  const parsed = tool.input.safeParse(value, { reportInput: true });
  if (parsed.success) return { ok: true, value: parsed.data };
  return refuse(`the input of ${tool.name} is not right:\n${schemaFaults(parsed.error, "the input").join("\n")}`);
}
