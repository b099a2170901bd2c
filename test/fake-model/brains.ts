/** Brains to build from. None knows a tool of the product: names and arguments are given. */
import type { Brain, NamedBrain, Reply, ReplyPart, RequestView } from "./brain.ts";
import { chanceOf } from "./random.ts";
import type { Json } from "./request.ts";

export type Said = string | Reply | readonly ReplyPart[] | Brain;

const isBrain = (said: Said): said is Brain => typeof said === "function";
const isParts = (said: Said): said is readonly ReplyPart[] => Array.isArray(said);

async function replyOf(said: Said, view: RequestView): Promise<Reply> {
  if (isBrain(said)) return await said(view);
  if (typeof said === "string") return { parts: [{ type: "text", text: said }] };
  return isParts(said) ? { parts: said } : said;
}

export const text = (words: string): ReplyPart => ({ type: "text", text: words });
export const think = (words: string): ReplyPart => ({ type: "reasoning", text: words });
export const call = (name: string, args: Json): ReplyPart => ({ type: "tool-call", name, args });

/** Says this, each time. */
export const say =
  (words: string): Brain =>
  () => ({ parts: [text(words)] });

/** Calls these at once, each time: a session that never ends unless somebody ends it. */
export const callAll =
  (...calls: readonly ReplyPart[]): Brain =>
  () => ({ parts: calls });

/** One after the other by the conversation's turn; the last is repeated. */
export const sequence =
  (...said: readonly Said[]): Brain =>
  (view) => {
    const now = said[Math.min(view.turn, said.length - 1)];
    if (now === undefined) throw new Error("a sequence of nothing");
    return replyOf(now, view);
  };

/** One call of a tool per item, so many in one turn, then what comes after: "a planner creates N tasks". */
export function each<Item>(
  items: readonly Item[],
  calling: (item: Item, index: number) => ReplyPart,
  after: Said,
  options: { atOnce?: number; first?: Said } = {},
): Brain {
  const { atOnce = items.length, first } = options;
  const turns: Said[] = first === undefined ? [] : [first];
  for (let at = 0; at < items.length; at += atOnce)
    turns.push(items.slice(at, at + atOnce).map((item, offset) => calling(item, at + offset)));
  return sequence(...turns, after);
}

/** Calls until a result of the tool says what is awaited, at most so often. */
export const until =
  (calling: ReplyPart & { type: "tool-call" }, done: (result: string) => boolean, after: Said, timesMax = 20): Brain =>
  (view) => {
    const results = view.toolResults.filter(({ name }) => name === calling.name);
    if (results.some((result) => done(result.text)) || results.length >= timesMax) return replyOf(after, view);
    return { parts: [calling] };
  };

/** With this chance per request, by the seed of the request: the same conversation goes the same way again. */
export const sometimes =
  (chance: number, then: Said, otherwise: Said): Brain =>
  (view) =>
    replyOf(chanceOf("sometimes", view.seed) < chance ? then : otherwise, view);

/** A role is told by what its system prompt says. */
export const role = (name: string, system: RegExp, said: Said): NamedBrain => ({
  name,
  when: system,
  reply: (view) => replyOf(said, view),
});

/** For requests that no role recognises: coding agents ask for titles and summaries beside their work. */
export const otherwise = (said: Said): NamedBrain => ({ name: "otherwise", reply: (view) => replyOf(said, view) });

/** Fails loudly when the client did not offer a tool that the script needs. */
export const needs =
  (tools: readonly string[], said: Said): Brain =>
  (view) => {
    const missing = tools.filter((name) => !view.tools.some((tool) => tool.name === name));
    if (missing.length === 0) return replyOf(said, view);
    throw new Error(
      `the request offers no ${missing.join(", ")}; it offers ${view.tools.map(({ name }) => name).join(", ") || "nothing"}`,
    );
  };
