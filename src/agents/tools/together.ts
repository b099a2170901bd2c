/** Owns the order in which calls of one session begin: looks side by side, everything else alone, an end last. */
import type { Tool } from "./tool.ts";

/**
 * Of the calls that wait, while nothing but looks runs: those that may begin now. All looks; else the first that is no
 * end, which has to run alone; else the ends, of which one at most may stand.
 */
export function nextTogether<C>(waiting: readonly C[], effect: (call: C) => Tool["effect"]): C[] {
  const looks = waiting.filter((call) => effect(call) === "look");
  if (looks.length > 0) return looks;
  const first = waiting.find((call) => effect(call) !== "end");
  return first === undefined ? [...waiting] : [first];
}

/** A tool that does not exist changes nothing. */
export function effectOf(tools: readonly Tool[], name: string): Tool["effect"] {
  return tools.find((tool) => tool.name === name)?.effect ?? "look";
}
