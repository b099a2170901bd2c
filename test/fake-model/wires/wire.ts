/** What a wire is: how a vendor's requests are read and how its answers are written, whole and as a stream. */
import type { IncomingHttpHeaders } from "node:http";
import type { z } from "zod";
import type { Reply, Stop } from "../brain.ts";
import { BadRequest, type Refusal, type RefusalAnswer } from "../refusal.ts";
import type { JsonObject, Message, ModelRequest, WireName } from "../request.ts";
import type { Usage } from "../tokens.ts";

/** One server-sent event, as text. */
export type Frame = {
  text: string;
  /** `open` carries no content; `usage` is the frame by which the client knows what it cost. */
  kind: "open" | "content" | "finish" | "usage" | "done";
};

export type Answer = {
  /** Makes identifiers: the same for the same request of the same server. */
  number: number;
  createdMs: number;
  request: ModelRequest;
  reply: Reply;
  stop: Stop;
  /** Null when a fault hides it. */
  usage: Usage | null;
};

export type Wire = {
  name: WireName;
  keyOf(headers: IncomingHttpHeaders, url: URL): string | null;
  /** @throws BadRequest in the vendor's words */
  read(body: JsonObject, call: { model: string | null; stream: boolean | null }): ModelRequest;
  whole(answer: Answer): JsonObject;
  frames(answer: Answer): Frame[];
  refuse(refusal: Refusal, nowMs: number): RefusalAnswer;
  /** An error inside a stream that had begun. */
  errorFrame(refusal: Refusal): Frame;
  /** Headers of every answer that is not a refusal. */
  headers(number: number): Record<string, string>;
};

export const sse = (data: unknown, kind: Frame["kind"], event?: string): Frame => ({
  text: `${event === undefined ? "" : `event: ${event}\n`}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`,
  kind,
});

/** @throws BadRequest that names the first place that is wrong */
export function readBody<T>(schema: z.ZodType<T>, body: JsonObject): T {
  const read = schema.safeParse(body);
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  throw new BadRequest(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`);
}

const pieceCharacters = 16;

/** Text as a stream carries it: bit by bit. */
export function piecesOf(text: string, pieces?: readonly string[]): string[] {
  if (pieces !== undefined) return [...pieces];
  const characters = Array.from(text);
  const cut: string[] = [];
  for (let at = 0; at < characters.length; at += pieceCharacters)
    cut.push(characters.slice(at, at + pieceCharacters).join(""));
  return cut;
}

export const argumentsText = (args: unknown): string => (typeof args === "string" ? args : JSON.stringify(args));

export type Unpaired = { calls: string[]; results: string[] };

/**
 * Calls that the next message does not answer, and results that nobody asked for: all four vendors refuse both. `keyOf` says by
 * what they are matched: by id, or by name where the wire has no ids.
 */
export function unpaired(messages: readonly Message[], by: "id" | "name" = "id"): Unpaired | null {
  const fault: Unpaired = { calls: [], results: [] };
  let open: string[] = [];
  for (const message of messages) {
    const calls = message.parts.flatMap((part) => (part.type === "tool-call" ? [part[by]] : []));
    const results = message.parts.flatMap((part) => (part.type === "tool-result" ? [part[by]] : []));
    if (message.role !== "tool") {
      fault.calls.push(...open);
      open = calls;
      continue;
    }
    for (const result of results) {
      const at = open.indexOf(result);
      if (at === -1) fault.results.push(result);
      else open.splice(at, 1);
    }
  }
  fault.calls.push(...open);
  return fault.calls.length + fault.results.length === 0 ? null : fault;
}
