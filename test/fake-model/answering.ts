/** From a reply of a brain to an answer with its price, and what a fault makes of it. */
import { cutToTokens, noUsage, tokensOf, type Usage } from "./tokens.ts";
import { stopOf, type Reply, type ReplyPart, type Stop } from "./brain.ts";
import type { Hitch } from "./deliver.ts";
import type { Fault } from "./faults.ts";
import type { Refusal } from "./refusal.ts";
import { argumentsText, sse, type Frame, type Wire } from "./wires/wire.ts";

const partTokens = (part: ReplyPart): number =>
  part.type === "tool-call" ? tokensOf(part.name) + tokensOf(argumentsText(part.args)) : tokensOf(part.text);

/** What was said is charged, not what arrived. */
export function outputUsage(reply: Reply): Usage {
  const sum = (reasoning: boolean): number =>
    reply.parts.reduce((all, part) => all + ((part.type === "reasoning") === reasoning ? partTokens(part) : 0), 0);
  return { ...noUsage, text: sum(false), reasoning: sum(true) };
}

/** The model stops in the middle of a word when it may say no more, and in the middle of a call's arguments. */
export function bounded(reply: Reply, tokensMax: number | null): { reply: Reply; stop: Stop } {
  let left = tokensMax ?? Infinity;
  const parts: ReplyPart[] = [];
  for (const part of reply.parts) {
    const tokens = partTokens(part);
    if (tokens <= left) {
      left -= tokens;
      parts.push(part);
      continue;
    }
    if (part.type === "tool-call") {
      const args = cutToTokens(argumentsText(part.args), Math.max(0, left - tokensOf(part.name)));
      if (left > tokensOf(part.name)) parts.push({ ...part, args });
    } else if (left > 0) {
      parts.push({ type: part.type, text: cutToTokens(part.text, left) });
    }
    return { reply: { parts }, stop: "length" };
  }
  return { reply: { parts }, stop: stopOf(reply) };
}

/** The model itself misbehaves. */
export function misspoken(reply: Reply, fault: Fault | null): Reply {
  if (fault?.kind === "empty") return { parts: [], stop: "stop" };
  if (fault?.kind !== "malformed-arguments") return reply;
  const parts = reply.parts.map((part): ReplyPart => {
    if (part.type !== "tool-call") return part;
    const text = argumentsText(part.args);
    return { ...part, args: text.slice(0, Math.max(1, text.length - 1 - Math.floor(text.length / 3))) };
  });
  return { ...reply, parts };
}

/** A fault that answers instead of the model. */
export function refusalOf(fault: Fault | null, stream: boolean, tokens: number): Refusal | null {
  if (fault === null) return null;
  switch (fault.kind) {
    case "rate-limit":
      return { kind: "rate-limit", what: "requests", limit: 50, remaining: 0, retryAfter: fault.retryAfter };
    case "quota":
    case "unauthorized":
    case "forbidden":
    case "overloaded":
    case "status":
      return fault;
    case "context-length":
      return { kind: "context-length", tokens: tokens + 200_000, tokensMax: 200_000 };
    case "error-event":
      return stream ? null : eventRefusal(fault.error);
    case "html":
    case "drop":
    case "stall":
    case "truncate":
    case "trickle":
    case "malformed-arguments":
    case "malformed-frame":
    case "empty":
    case "no-usage":
    case "wrong-content-type":
      return null;
  }
}

const eventRefusal = (error: "overloaded" | "rate-limit" | "server"): Refusal => {
  if (error === "overloaded") return { kind: "overloaded" };
  if (error === "server") return { kind: "status", status: 500 };
  return { kind: "rate-limit", what: "tokens", limit: 1000, remaining: 0, retryAfter: { form: "none", ms: 1000 } };
};

/** What goes wrong on the way. */
export function hitchOf(fault: Fault | null, wire: Wire, stream: boolean): Hitch | null {
  if (fault === null) return null;
  switch (fault.kind) {
    case "drop":
    case "stall":
    case "truncate":
    case "trickle":
      return fault;
    case "malformed-frame":
      return stream
        ? { kind: "replace", at: "middle", frame: sse('{"broken": ', "content") }
        : { kind: "truncate", at: "middle" };
    case "error-event":
      return { kind: "error", at: fault.at, frame: wire.errorFrame(eventRefusal(fault.error)) };
    case "rate-limit":
    case "quota":
    case "unauthorized":
    case "forbidden":
    case "context-length":
    case "overloaded":
    case "status":
    case "html":
    case "malformed-arguments":
    case "empty":
    case "no-usage":
    case "wrong-content-type":
      return null;
  }
}

/** An answer that is not streamed, in two pieces, so that it too can break in the middle. */
export function halves(body: string): Frame[] {
  const middle = Math.floor(body.length / 2);
  return [
    { text: body.slice(0, middle), kind: "content" },
    { text: body.slice(middle), kind: "usage" },
  ];
}
