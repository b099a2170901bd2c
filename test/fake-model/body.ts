/** Reads a request's body: bounded, unpacked, JSON. */
import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, zstdDecompress } from "node:zlib";
import { BadRequest } from "./refusal.ts";
import type { JsonObject } from "./request.ts";

const bodyBytesMax = 67_108_864;

const unpackers: Record<string, (packed: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
};

/** @throws BadRequest for what is no JSON object, or too much */
export async function readJson(request: IncomingMessage): Promise<JsonObject> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) throw new BadRequest(`the body has more than ${bodyBytesMax} bytes`);
    chunks.push(chunk);
  }
  const unpack = unpackers[request.headers["content-encoding"] ?? ""];
  const packed = Buffer.concat(chunks);
  const text = (unpack === undefined ? packed : await unpack(packed, { maxOutputLength: bodyBytesMax })).toString();
  if (text === "") return {};
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw error instanceof SyntaxError
      ? new BadRequest(`We could not parse the JSON body of your request: ${error.message}`)
      : error;
  }
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw new BadRequest("the body is not an object");
  return body as JsonObject;
}
