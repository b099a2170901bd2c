/** Passes an answer on to the agent, piece by piece as it comes, and no faster than the agent reads. */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { openAnswer, type HeaderFields } from "./provider-request.ts";
import type { KeyMask } from "./key-mask.ts";

/**
 * `onPiece` sees each piece as it came. Rejects when either side breaks or `signal` aborts; then the agent's answer is still
 * open, and is the caller's to break off.
 */
export async function relay(
  answer: IncomingMessage,
  response: ServerResponse,
  { mask, onPiece, signal }: { mask: KeyMask; onPiece(piece: Buffer): void; signal: AbortSignal },
): Promise<void> {
  const { headers, bytes } = openAnswer(answer, mask);
  response.writeHead(answer.statusCode ?? 502, headers).flushHeaders();
  const send = async (piece: Buffer) => {
    if (piece.length > 0 && !response.write(piece)) await once(response, "drain", { signal });
  };
  for await (const piece of bytes as AsyncIterable<Buffer>) {
    signal.throwIfAborted();
    onPiece(piece);
    await send(mask.pass(piece));
  }
  await send(mask.rest());
  response.end();
}

/** An answer that was not passed on, whole. */
export type Refusal = { status: number; headers: HeaderFields; body: Buffer };

/** What comes after the bound is left. Rejects when it breaks. */
export async function readRefusal(answer: IncomingMessage, mask: KeyMask, bytesMax: number): Promise<Refusal> {
  const { headers, bytes } = openAnswer(answer, mask);
  const parts: Buffer[] = [];
  let length = 0;
  for await (const piece of bytes as AsyncIterable<Buffer>) {
    parts.push(mask.pass(piece.subarray(0, bytesMax - length)));
    length += Math.min(piece.length, bytesMax - length);
    if (length >= bytesMax) break;
  }
  const body = Buffer.concat([...parts, mask.rest()]);
  const { "content-length": _unpacked, ...rest } = headers;
  return { status: answer.statusCode ?? 502, headers: rest, body };
}

export function sendRefusal({ status, headers, body }: Refusal, response: ServerResponse): void {
  response.writeHead(status, { ...headers, "content-length": body.length });
  response.end(body);
}
