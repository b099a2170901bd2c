/**
 * Owns what a vendor's error says, in one shape for all wires: the status, the headers and the vendor's own words; as the SDK
 * has it, or as it came over HTTP.
 */
import { APICallError, StreamProviderError } from "ai";
import { z } from "zod";

export type VendorError = {
  /** Of HTTP, or what stands for it inside a stream. */
  status: number | null;
  headers: { readonly [name: string]: string };
  /** What the vendor calls it, lower case: its type, code, status and reasons. */
  names: string[];
  message: string;
  /** Google's own place for the time to wait, in its words: `90s`. */
  retryDelay: string | null;
  /** Codex's: seconds to wait, or the time at which. */
  resetsInSeconds: number | null;
  resetsAtSeconds: number | null;
  /** A page of some gateway instead of the vendor's answer. */
  page: boolean;
};

/** Of a vendor's message; what counts stands at its start. */
const messageCharactersMax = 4000;

const name = z.union([z.string(), z.number()]).nullish().catch(null);
const detail = z.looseObject({
  reason: name,
  retryDelay: z.string().nullish().catch(null),
  violations: z
    .array(z.looseObject({ quotaId: name }))
    .nullish()
    .catch(null),
});
const told = z.looseObject({
  message: z.string().nullish().catch(null),
  type: name,
  code: name,
  status: name,
  details: z.array(detail).nullish().catch(null),
  resets_in_seconds: z.number().nullish().catch(null),
  resets_at: z.number().nullish().catch(null),
});
type Told = z.infer<typeof told>;
const wrapped = z.looseObject({ error: told });

export function vendorErrorOf(error: unknown): VendorError | null {
  if (APICallError.isInstance(error)) {
    const { data, responseBody = "", statusCode = null, responseHeaders = {} } = error;
    return data === undefined || data === null
      ? vendorAnswer(statusCode, responseHeaders, responseBody)
      : read(statusCode, responseHeaders, data, wordless);
  }
  if (StreamProviderError.isInstance(error)) {
    const names = [error.type, error.code].flatMap((one) => (one === undefined ? [] : [String(one).toLowerCase()]));
    return read(error.statusCode ?? null, {}, error.data, { message: error.message, names, page: false });
  }
  return null;
}

const wordless = { message: "", names: [], page: false };

/** What an answer that is an error says. */
export function vendorAnswer(
  status: number | null,
  headers: { readonly [name: string]: string },
  body: string,
): VendorError {
  const data = parsed(body);
  return read(status, headers, data, { ...wordless, page: data === null && isPage(body) });
}

/** What an error inside of a stream says, which had begun as a good answer. */
export const vendorEvent = (data: unknown): VendorError => read(null, {}, data, wordless);

const isPage = (body: string): boolean => /<html|<!doctype/i.test(body);

function read(
  status: number | null,
  headers: { readonly [name: string]: string },
  body: unknown,
  own: { message: string; names: string[]; page: boolean },
): VendorError {
  const said = toldIn(body);
  const details = said?.details ?? [];
  const quotas = details.flatMap(({ violations }) => (violations ?? []).map(({ quotaId }) => quotaId));
  const names = [said?.type, said?.code, said?.status, ...details.map(({ reason }) => reason), ...quotas]
    .filter((one) => one !== null && one !== undefined)
    .map((one) => String(one).toLowerCase());
  const all = [...new Set([...own.names, ...names])];
  return {
    status: status ?? statusNamed(all),
    headers: Object.fromEntries(Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value])),
    names: all,
    message: (said?.message ?? own.message).slice(0, messageCharactersMax),
    retryDelay: details.find(({ retryDelay }) => typeof retryDelay === "string")?.retryDelay ?? null,
    resetsInSeconds: said?.resets_in_seconds ?? null,
    resetsAtSeconds: said?.resets_at ?? null,
    page: own.page,
  };
}

/** `{error: {…}}`, a list of it (Google, streamed), or the error itself; some servers only say a text. */
function toldIn(body: unknown): Told | null {
  const first: unknown = Array.isArray(body) ? body[0] : body;
  const inside = wrapped.safeParse(first);
  if (inside.success) return inside.data.error;
  const text = z
    .looseObject({ error: z.string() })
    .or(z.looseObject({ detail: z.string() }))
    .safeParse(first);
  if (text.success) return told.parse({ message: text.data.error ?? text.data.detail });
  const bare = told.safeParse(first);
  return bare.success ? bare.data : null;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** An error inside a stream that had begun with 200 often has a name only. */
const statusNames: readonly (readonly [RegExp, number])[] = [
  [/^(4\d\d|5\d\d)$/, 0],
  [/overloaded|unavailable/, 503],
  [/rate_limit|resource_exhausted|quota|^(?:requests|tokens)$/, 429],
  [/context_length|too_large|invalid_request|invalid_argument/, 400],
  [/authentication|invalid_api_key|unauthenticated/, 401],
  [/permission/, 403],
  [/not_found/, 404],
  [/server_error|internal|api_error|timeout/, 500],
];

function statusNamed(names: readonly string[]): number | null {
  for (const [pattern, status] of statusNames) {
    const found = names.find((one) => pattern.test(one));
    if (found !== undefined) return status === 0 ? Number(found) : status;
  }
  return null;
}
