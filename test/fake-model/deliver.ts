/** Puts an answer on the wire, frame by frame, with whatever is to go wrong on the way. */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Frame } from "./wires/wire.ts";

const arrivalMs = 200;

export type Place = "headers" | "first" | "middle" | "end";

export type Hitch =
  | { kind: "drop"; at: Place }
  | { kind: "stall"; at: Place; ms: number }
  | { kind: "truncate"; at: Place }
  /** This frame instead of what would follow, then a clean end. */
  | { kind: "error"; at: Place; frame: Frame }
  /** This frame instead of one of the answer's. */
  | { kind: "replace"; at: Place; frame: Frame }
  | { kind: "trickle"; ms: number };

export type Delivered = {
  outcome: "answered" | "cut" | "left";
  /** The frame with the usage left the server. */
  reported: boolean;
};

/** `signal` fires when the client has gone or the server stops; nothing here waits beyond it. */
export async function deliver(
  response: ServerResponse,
  head: { status: number; headers: Record<string, string> },
  frames: readonly Frame[],
  hitch: Hitch | null,
  signal: AbortSignal,
): Promise<Delivered> {
  const delivered: Delivered = { outcome: "answered", reported: false };
  try {
    delivered.outcome = await send(response, head, frames, hitch, signal, () => (delivered.reported = true));
  } catch (error) {
    if (!signal.aborted) throw error;
    delivered.outcome = "left";
  }
  return delivered;
}

async function send(
  response: ServerResponse,
  head: { status: number; headers: Record<string, string> },
  frames: readonly Frame[],
  hitch: Hitch | null,
  signal: AbortSignal,
  onReported: () => unknown,
): Promise<"answered" | "cut"> {
  const hitchAt = hitch === null || hitch.kind === "trickle" ? Infinity : indexOf(hitch.at, frames);
  if (hitchAt === -1 && hitch !== null && (await strike(response, hitch, signal)) === "over") return "cut";
  response.writeHead(head.status, head.headers).flushHeaders();
  for (let at = 0; at <= frames.length; at++) {
    let frame = frames[at];
    if (at === hitchAt && hitch !== null) {
      if (hitch.kind === "replace") frame = hitch.frame;
      else if ((await strike(response, hitch, signal)) === "over") return "cut";
    }
    if (frame === undefined) break;
    if (hitch?.kind === "trickle") await sleep(hitch.ms, undefined, { signal });
    await write(response, frame.text, signal);
    if (frame.kind === "usage") onReported();
  }
  response.end();
  return "answered";
}

function indexOf(at: Place, frames: readonly Frame[]): number {
  const first = frames.findIndex(({ kind }) => kind !== "open");
  const last = frames.findLastIndex(({ kind }) => kind === "open" || kind === "content");
  switch (at) {
    case "headers":
      return -1;
    case "first":
      return first === -1 ? frames.length : first;
    case "middle":
      return Math.ceil((Math.max(first, 0) + last + 1) / 2);
    case "end":
      return last + 1;
  }
}

async function strike(response: ServerResponse, hitch: Hitch, signal: AbortSignal): Promise<"over" | "on"> {
  switch (hitch.kind) {
    case "drop":
      // What was written arrives first: a client must be able to act on it before the break.
      await sleep(arrivalMs, undefined, { signal });
      response.socket?.destroy();
      return "over";
    case "stall":
      await sleep(hitch.ms, undefined, { signal });
      return "on";
    case "error":
      await write(response, hitch.frame.text, signal);
      response.end();
      return "over";
    case "truncate":
      response.end();
      return "over";
    case "replace":
    case "trickle":
      return "on";
  }
}

async function write(response: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (!response.write(text)) await once(response, "drain", { signal });
}
