/**
 * One request to the provider, over node:http, whose requests are as patient as their signal; the global `fetch` gives up on
 * a silent answer after five minutes. What is passed in either direction is listed: what is not, may be a secret.
 */
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { pipeline, type Readable, type Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from "node:zlib";
import type { ProviderAccess } from "../model/providers.ts";
import type { KeyMask } from "./key-mask.ts";

export type ProviderRequest = {
  access: ProviderAccess;
  method: string;
  /** Behind the base URL, with the query. */
  path: string;
  headers: HeaderFields;
  body: Buffer | null;
  signal: AbortSignal;
};

/** `x-session-key` says whose request it is, as model agents do. */
export type HeaderFields = { readonly [name: string]: string };

/** Of an agent's request: what it wants, and its own names for its conversations. */
const sent =
  /^(?:accept|accept-language|content-type|user-agent|idempotency-key|anthropic-(?:version|beta)|openai-beta|originator|version|session[_-]id|conversation[_-]id|thread[_-]id|http-referer|x-title|x-app|x-request-id|x-(?:stainless|codex|claude|client|session|parent-session|opencode|conversation)-[\w-]+)$/;
/** Of an answer. What is about the connection, cookies and accounts is not in it. */
const received =
  /^(?:content-type|content-length|cache-control|retry-after|retry-after-ms|x-should-retry|request-id|x-request-id|openai-(?:model|processing-ms|version)|x-ratelimit-[\w-]+|anthropic-ratelimit-[\w-]+|x-codex-[\w-]+|x-reasoning-included|x-models-etag)$/;

/** What of the agent's headers goes on, with the key in place of its token. */
export function sentHeaders(incoming: IncomingHttpHeaders, access: ProviderAccess, session: string): HeaderFields {
  const own = Object.entries(incoming).flatMap(([name, value]): [string, string][] =>
    sent.test(name) && typeof value === "string" ? [[name, value]] : [],
  );
  const { kind, key } = access;
  const keyed = kind === "anthropic" ? { "x-api-key": key ?? "" } : { authorization: `Bearer ${key ?? ""}` };
  return { ...Object.fromEntries(own), "x-session-key": session, ...(key === null || key === "" ? {} : keyed) };
}

/** Answers when the head is there. Rejects when nobody answers, and when `signal` aborts. */
export function askProvider(order: ProviderRequest): Promise<IncomingMessage> {
  const { access, method, path, headers, body, signal } = order;
  const url = new URL(access.baseUrl.replace(/\/+$/, "") + path);
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const own = {
      // What comes back is read on its way.
      "accept-encoding": "identity",
      // A connection that was kept may break in the moment of its use, and nobody could tell whether the call is billed.
      connection: "close",
      ...(body !== null && { "content-length": String(body.length) }),
    };
    const asked = request(url, { method, headers: { ...headers, ...own }, signal });
    asked.once("response", resolve);
    // Stays: what breaks later is told by the answer's own stream.
    asked.on("error", reject);
    asked.end(body);
  });
}

const unpackers: { readonly [encoding: string]: () => Transform } = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/** An answer as it is passed on: unpacked, if the provider packs it although it was asked not to. */
export function openAnswer(answer: IncomingMessage, mask: KeyMask): { headers: HeaderFields; bytes: Readable } {
  const headers = Object.fromEntries(
    Object.entries(answer.headers).flatMap(([name, value]) =>
      received.test(name) && typeof value === "string" ? [[name, mask.inText(value)]] : [],
    ),
  );
  const encoding = answer.headers["content-encoding"]?.toLowerCase() ?? "identity";
  const unpacker = Object.hasOwn(unpackers, encoding) ? unpackers[encoding] : undefined;
  if (!unpacker)
    return { headers: encoding === "identity" ? headers : { ...headers, "content-encoding": encoding }, bytes: answer };
  const { "content-length": _packed, ...rest } = headers;
  // Whoever reads the one is told of what breaks the other.
  return { headers: rest, bytes: pipeline(answer, unpacker(), () => {}) };
}
