/** What an agent asks of a model: as it is sent on, and what of it counts for money. */
import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, zstdDecompress } from "node:zlib";
import { z } from "zod";
import { meterLimits } from "../../domain/limits.ts";
import { HttpError, readBody } from "../loopback/exchange.ts";
import { estimateTokens } from "../model/tokens.ts";
import type { Wire } from "./wires.ts";

export type Asked = {
  wire: Wire;
  /** As the provider calls it. */
  model: string;
  stream: boolean;
  /** An estimate, high rather than low. */
  inputTokens: number;
  /** Of the whole answer; null: the request names no bound. */
  outputTokensMax: number | null;
  /** It goes on from an answer that the provider keeps, whose length is not to be seen here. */
  goesOn: boolean;
  /** What is said in it, to be searched for texts. Read when it is needed: calls are many, long, and wait. */
  said(): unknown;
  /** As it is sent. */
  body: Buffer;
  /** How `body` is packed; null: it is not. */
  encoding: string | null;
};

const unpackers: {
  readonly [encoding: string]: (packed: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;
} = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
};

const bound = z.number().nonnegative().nullish().catch(null);
/** What a provider would refuse in the rest is the provider's to say. */
const schema = z.object({
  model: z.string().min(1).max(meterLimits.modelBytesMax),
  stream: z.boolean().nullish().catch(null),
  stream_options: z
    .looseObject({ include_usage: z.boolean().nullish().catch(null) })
    .nullish()
    .catch(null),
  max_tokens: bound,
  max_output_tokens: bound,
  max_completion_tokens: bound,
  /** Answers side by side. */
  n: bound,
  previous_response_id: z.string().nullish().catch(null),
});

/** Rejects with `HttpError` for what nobody could account for. */
export async function readAsked(request: IncomingMessage, wire: Wire): Promise<Asked> {
  const packed = await readBody(request, meterLimits.bodyBytesMax);
  const encoding = request.headers["content-encoding"] ?? "identity";
  const plain = encoding === "identity" ? packed : await unpacked(packed, encoding);
  const said = parsed(plain.toString("utf8"));
  const read = schema.safeParse(said);
  if (!read.success)
    throw new HttpError(
      400,
      `the body has to be an object with "model", a text of up to ${meterLimits.modelBytesMax} characters`,
    );
  const { model, stream, stream_options, n, previous_response_id } = read.data;
  const tokensMax = read.data.max_completion_tokens ?? read.data.max_output_tokens ?? read.data.max_tokens ?? null;
  // Without being asked for, a stream of Chat Completions says nothing of what it used.
  const mute = wire === "chat" && stream === true && stream_options?.include_usage !== true;
  const more = { stream_options: { ...stream_options, include_usage: true } };
  return {
    wire,
    model,
    stream: stream === true,
    inputTokens: estimateBody(plain),
    outputTokensMax:
      tokensMax === null ? null : Math.min(Math.ceil(tokensMax * Math.max(1, n ?? 1)), meterLimits.outputTokensMax),
    goesOn: typeof previous_response_id === "string",
    said: () => parsed(plain.toString("utf8")),
    ...(mute
      ? { body: serialized({ ...(said as object), ...more }), encoding: null }
      : { body: packed, encoding: encoding === "identity" ? null : encoding }),
  };
}

async function unpacked(packed: Buffer, encoding: string): Promise<Buffer> {
  const unpack = Object.hasOwn(unpackers, encoding) ? unpackers[encoding] : undefined;
  if (!unpack) throw new HttpError(415, `the content-encoding ${encoding} is not understood here`);
  try {
    return await unpack(packed, { maxOutputLength: meterLimits.bodyBytesMax });
  } catch (error) {
    if (error instanceof RangeError)
      throw new HttpError(413, `the body has more than ${meterLimits.bodyBytesMax} bytes`);
    const code = error instanceof Error && "code" in error ? String(error.code) : null;
    if (code === null) throw error;
    throw new HttpError(400, `the body is not ${encoding}: ${code}`);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new HttpError(400, "the body is not JSON");
  }
}

function serialized(body: object): Buffer {
  try {
    return Buffer.from(JSON.stringify(body));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new HttpError(400, "the body is nested too deeply");
  }
}

/** Vendors count a picture as up to 5,000 tokens, and a page of a document, of 50 KB and more, as 3,000. */
const tokensPerPicture = 5_000;
const picturedBytesPerToken = 16;

const isBase64 = new Uint8Array(256);
for (const one of Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=")) isBase64[one] = 1;

/** As text, but for what is a picture or a document in base64. */
function estimateBody(body: Buffer): number {
  let written = 0;
  let pictured = 0;
  for (let at = 0, start = 0; at <= body.length; at++) {
    if (at < body.length && isBase64[body[at] ?? 0] === 1) continue;
    const run = at - start;
    if (run < meterLimits.base64BytesMin) written += run + 1;
    else pictured += Math.min(estimateTokens(run), Math.max(tokensPerPicture, Math.ceil(run / picturedBytesPerToken)));
    start = at + 1;
  }
  return estimateTokens(written) + pictured;
}
