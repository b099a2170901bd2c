/** Bounds of the servers that other programs ask; a part of `limits.ts`. */

/** What the servers have in common. */
export const loopbackLimits = {
  /** Receiving one request. How long its answer takes has bounds of its own. */
  requestMs: 60_000,
  headersBytesMax: 32_768,
  /** Of one server. */
  connectionsMax: 4_096,
  /** A connection without a request: clients let go of one earlier, so that none is closed in the moment of its use. */
  idleMs: 120_000,
} as const;

/** Role tools as other programs get them: over HTTP on loopback, one token for each session. */
export const toolServerLimits = {
  /** One request; a call's whole input stands in it. */
  bodyBytesMax: 4_194_304,
  /** Of one session: requests that are being answered, and calls that run or wait for their turn. */
  requestsAtOnceMax: 64,
  callsAtOnceMax: 32,
  /** Between two signs of life on an answer that is not there yet: clients give up on a silent connection. */
  keepAliveMs: 15_000,
  /** Answers of a session that are kept for the keys they were asked with; the oldest go first. */
  keysMax: 256,
  keyBytesMax: 256,
  /** `longhaul tool`: tries of one call whose connection drops, and the wait after each. */
  triesMax: 4,
  retryMs: 250,
  /** What it reads of an answer. */
  answerBytesMax: 4_194_304,
} as const;

/** Calls of foreign agents on their way through the metering proxy. */
export const meterLimits = {
  /** One request, packed and unpacked: what the biggest vendor takes. */
  bodyBytesMax: 33_554_432,
  /** Requests of one session that are under way or wait for their turn; those beyond are told to come back. */
  requestsAtOnceMax: 32,
  comeBackMs: 1_000,
  modelBytesMax: 256,
  /** Reserved for one call, whatever its request says: no model writes as much. */
  outputTokensMax: 10_000_000,
  /** A request that costs nothing: counting tokens, listing models. */
  unmeteredMs: 60_000,
  /** An answer that is an error, of which more is cut off. */
  errorBytesMax: 1_048_576,
  /** One event of a stream, or an answer that is none, that is read for what it used; of a longer one that is estimated. */
  eventBytesMax: 16_777_216,
  /** Between two signs of life of a call that waits. */
  activityMs: 15_000,
  /** A shorter key is no secret but a word that some local server wants to hear: it is not looked for in answers. */
  keyBytesMin: 16,
  /** Text without a break that is at least so long is a picture or a document in base64, which costs less than text of its size. */
  base64BytesMin: 4_096,
} as const;
