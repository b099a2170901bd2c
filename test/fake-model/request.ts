/** A request to a model, read from any of the wires. */
import type { Segment } from "./tokens.ts";

export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json | undefined };

export const wireNames = ["openai-chat", "openai-responses", "anthropic", "google"] as const;
export type WireName = (typeof wireNames)[number];

export type MessagePart =
  | { type: "text"; text: string }
  | { type: "reasoning"; text: string }
  | { type: "tool-call"; id: string; name: string; args: Json }
  | { type: "tool-result"; id: string; name: string; text: string; isError: boolean }
  /** An image, a document: named, not looked at. */
  | { type: "other"; kind: string };

export type Message = { role: "user" | "assistant" | "tool"; parts: MessagePart[] };

export type ToolOffer = {
  name: string;
  description: string;
  parameters: Json;
  /** `custom` takes free text instead of JSON (OpenAI Responses, as Codex offers its patch tool). */
  kind: "function" | "custom";
  /** OpenAI Responses groups tools (Codex: those of one MCP server); a call names its group. */
  namespace: string | null;
};

export type ModelRequest = {
  wire: WireName;
  model: string;
  stream: boolean;
  /** Chat Completions streams usage only on demand. */
  streamsUsage: boolean;
  system: string;
  messages: Message[];
  tools: ToolOffer[];
  /** Tools, then system, then messages: the order in which vendors cache. */
  segments: Segment[];
  outputTokensMax: number | null;
  /** What the request says about reasoning, as its wire says it. */
  reasoning: Json;
  /** Whose conversation this is, when the body says so (`user`, `metadata.user_id`, `prompt_cache_key`). */
  session: string | null;
};

/** Adds to the last message when it has the same role: wires that list items, not messages, mean one turn. */
export function append(messages: Message[], role: Message["role"], parts: readonly MessagePart[]): void {
  if (parts.length === 0) return;
  const last = messages.at(-1);
  if (last?.role === role) last.parts.push(...parts);
  else messages.push({ role, parts: [...parts] });
}

/** JSON where the text is JSON; the text itself where it is not, so that a brain can see what the client kept. */
export function parseLoosely(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
