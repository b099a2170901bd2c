/** Owns which fault an error is: from the status, the headers and the body, for what counts stands in each of them. */
import { AISDKError, APICallError } from "ai";
import type { CallFault } from "../../domain/call.ts";
import { detailOf, type Spoken } from "./detail.ts";
import { vendorErrorOf, type VendorError } from "./vendor-error.ts";
import { waitOf } from "./waits.ts";

/** `free`: nothing came to where it would be billed. */
export type FaultOf = { fault: CallFault; free: boolean };

/** Vendors' windows are a minute, or a day and more. Who is told to wait longer than this has used something up. */
const rateLimitMsMax = 600_000;

/** `nowMs` is for times that the provider names. */
export function faultOf(error: unknown, spoken: Spoken, nowMs: number): FaultOf {
  const said = vendorErrorOf(error);
  const refused = said !== null && (said.status === null ? said.names.length > 0 : said.status >= 400);
  return refused ? vendorFault(error, said, spoken, nowMs) : ownFault(error, spoken);
}

function vendorFault(error: unknown, said: VendorError, spoken: Spoken, nowMs: number): FaultOf {
  // OpenAI's provider reports an error event before any output as if it were the status.
  const streamed = (said.headers["content-type"] ?? "").includes("event-stream");
  const free = APICallError.isInstance(error) && (said.status ?? 0) >= 400 && !streamed;
  return { fault: faultSaid(said, spoken, nowMs), free };
}

/** Of an error in the vendor's words. `nowMs` is for times that the provider names. */
export function faultSaid(said: VendorError, spoken: Spoken, nowMs: number): CallFault {
  const detail = detailOf(said, null, spoken);
  const retryAfterMs = waitOf(said, nowMs);
  const kind = kindOf(said, retryAfterMs);
  switch (kind) {
    case "rate_limited":
    case "quota":
    case "unavailable":
      return { kind, retryAfterMs, detail };
    case "broken":
    case "key_refused":
    case "too_long":
    case "no_such_model":
    case "bad_request":
      return { kind, detail };
  }
}

/** Whose key is refused has to know which one it is: `keyEnv` is the variable that holds it. */
export const mendable = (fault: CallFault, keyEnv: string | null): CallFault =>
  fault.kind === "key_refused" && keyEnv !== null
    ? { ...fault, detail: `${fault.detail} (the key in ${keyEnv})` }
    : fault;

const tooLong =
  /context_length_exceeded|request_too_large|prompt is too long|exceeds? the maximum number of tokens|maximum context length|exceeds? (?:the )?(?:model'?s )?context (?:limit|length|window|size)|request too large/i;
const quota =
  /insufficient_quota|billing_hard_limit|usage_limit|insufficient[ _](?:balance|credits?|funds)|credit balance is too low|usage limits?\b|spend(?:ing)? limit|perday/i;
const keyRefused = /api_key_invalid|invalid_api_key|api key (?:not valid|expired)/i;
const noSuchModel = /model_not_found|model .{1,100} (?:does not exist|not found)/i;
/** Google says the same of a busy minute, but then it names the limit and the wait. */
const googleQuota = /exceeded your current quota/i;
const namedLimit = /\blimit: (?!0\b)\d/i;

function kindOf(said: VendorError, retryAfterMs: number | null): Exclude<CallFault["kind"], "aborted"> {
  const { status, names, message, headers } = said;
  const words = [...names, message].join(" ");
  if (status === null) return "broken";
  if (status === 413 || (status < 500 && tooLong.test(words))) return "too_long";
  if (status === 402 || (status < 500 && quota.test(words))) return "quota";
  if (status === 429) {
    const vague = googleQuota.test(message) && retryAfterMs === null && !namedLimit.test(message);
    const rejected = headers["anthropic-ratelimit-unified-status"] === "rejected";
    return vague || rejected || (retryAfterMs ?? 0) > rateLimitMsMax ? "quota" : "rate_limited";
  }
  if (status === 401 || (status < 500 && keyRefused.test(words))) return "key_refused";
  // A page with 403 is a gateway that wants no such visitors just now.
  if (status === 403) return said.page ? "unavailable" : "key_refused";
  if (status === 408 || status === 409 || status === 425 || status >= 500) return "unavailable";
  // Also a base URL that leads nowhere: the operator has to mend either.
  if (status === 404 || noSuchModel.test(words)) return "no_such_model";
  return status >= 400 ? "bad_request" : "broken";
}

/** The operating system's and the HTTP client's words for a server that was never reached. */
const unreached =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOST\w+|ENET\w+|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|EPROTO|CERT_\w+|ERR_TLS_\w+|ERR_SSL_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|UNABLE_TO_\w+)$/;

/** What the SDK refuses to send. */
const unsent = new Set([
  "AI_InvalidPromptError",
  "AI_InvalidArgumentError",
  "AI_InvalidMessageRoleError",
  "AI_InvalidDataContentError",
  "AI_MessageConversionError",
  "AI_MissingToolResultsError",
  "AI_UnsupportedFunctionalityError",
  "AI_LoadAPIKeyError",
  "AI_LoadSettingError",
  "AI_NoSuchModelError",
]);

/** Nobody at the provider's has said anything: it was not reached, it went away, or it makes no sense. */
function ownFault(error: unknown, spoken: Spoken): FaultOf {
  const code = codeOf(error);
  const name = error instanceof Error ? error.name.replace(/^AI_/, "") : "no error";
  const detail = (words: string) => detailOf(null, words, spoken);
  if (code !== null && unreached.test(code))
    return { fault: { kind: "unavailable", retryAfterMs: null, detail: detail(`not reached: ${code}`) }, free: true };
  if (AISDKError.isInstance(error) && unsent.has(error.name)) {
    // These messages name what is wrong; but that on prompts quotes them.
    const why = error.name === "AI_InvalidPromptError" ? "" : `: ${error.message}`;
    return { fault: { kind: "bad_request", detail: detail(`not sent: ${name}${why}`) }, free: true };
  }
  const words = APICallError.isInstance(error) || code !== null ? "the connection broke" : "not what the protocol says";
  return { fault: { kind: "broken", detail: detail(`${words}: ${code ?? name}`) }, free: false };
}

const depthMax = 8;

function codeOf(error: unknown): string | null {
  let at: unknown = error;
  for (let depth = 0; depth < depthMax && at instanceof Error; depth++) {
    if ("code" in at && typeof at.code === "string") return at.code;
    at = at.cause;
  }
  return null;
}
