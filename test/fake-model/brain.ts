/**
 * A brain decides what the model answers. It sees a request as every wire carries it and knows nothing of wires, so one script
 * serves all of them. Brains hold no state: whoever resumes a conversation after a crash gets the answer that comes next.
 */
import type { Json, Message, ModelRequest, ToolOffer } from "./request.ts";
import { seedOf } from "./random.ts";

export type ToolResult = { id: string; name: string; text: string; isError: boolean };

export type RequestView = ModelRequest & {
  credential: string;
  /** From the header or the body; null when neither says. */
  session: string | null;
  /** The model's turns so far in this conversation: 0 at its first. */
  turn: number;
  /** The model's turns since a user last spoke. */
  step: number;
  /** What the user said last. */
  lastUserText: string;
  /** All results so far, oldest first. */
  toolResults: ToolResult[];
  /** The results that this request brings. */
  newToolResults: ToolResult[];
  /** Of the server's seed and the prompt: the same request always gets the same. */
  seed: number;
};

export type ReplyPart =
  /** `pieces` says how it is cut when streamed. */
  | { type: "text"; text: string; pieces?: readonly string[] }
  | { type: "reasoning"; text: string }
  /** Arguments as a string are sent as they are: free text for a custom tool, broken JSON for a test. */
  | { type: "tool-call"; name: string; args: Json };

export type Stop = "stop" | "tool-calls" | "length" | "content-filter";

export type Reply = {
  parts: readonly ReplyPart[];
  /** Taken from the parts when absent. */
  stop?: Stop;
};

export type Brain = (view: RequestView) => Reply | Promise<Reply>;

/** The first whose `when` holds answers. A pattern is looked for in the system text. */
export type NamedBrain = { name: string; when?: RegExp | ((view: RequestView) => boolean); reply: Brain };

export function recognises(brain: NamedBrain, view: RequestView): boolean {
  if (brain.when === undefined) return true;
  if (typeof brain.when === "function") return brain.when(view);
  return view.system.search(brain.when) !== -1;
}

export const stopOf = (reply: Reply): Stop =>
  reply.stop ?? (reply.parts.some(({ type }) => type === "tool-call") ? "tool-calls" : "stop");

const resultsOf = (messages: readonly Message[]): ToolResult[] =>
  messages.flatMap(({ parts }) =>
    parts.flatMap((part) =>
      part.type === "tool-result" ? [{ id: part.id, name: part.name, text: part.text, isError: part.isError }] : [],
    ),
  );

const textOf = (message: Message | undefined): string =>
  (message?.parts ?? []).flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");

export function viewOf(
  request: ModelRequest,
  of: { credential: string; session: string | null; seed: number },
): RequestView {
  const { messages } = request;
  const count = (from: number): number => messages.slice(from).filter(({ role }) => role === "assistant").length;
  const lastUser = messages.findLastIndex(({ role }) => role === "user");
  const lastTurn = messages.findLastIndex(({ role }) => role === "assistant");
  return {
    ...request,
    credential: of.credential,
    session: of.session,
    turn: count(0),
    step: count(lastUser + 1),
    lastUserText: textOf(messages[lastUser]),
    toolResults: resultsOf(messages),
    newToolResults: resultsOf(messages.slice(lastTurn + 1)),
    seed: seedOf(of.seed, request.model, ...request.segments.map(({ text }) => text)),
  };
}

/** The tool's offer under this name; a brain that calls what was not offered does so on purpose. */
export const offerOf = (request: ModelRequest, name: string): ToolOffer | undefined =>
  request.tools.find((tool) => tool.name === name);
