/** Bounds of coding agents over ACP; a part of `limits.ts`. */

/** Coding agents that we did not write, over ACP. */
export const acpLimits = {
  /** One message of the agent; a longer one ends it. */
  messageBytesMax: 33_554_432,
  /** Requests of the agent that it has not read the answers of; one that asks more is ended. */
  requestsAtOnceMax: 256,
  /** From the start of its program until a session is ready for its first prompt. */
  readyMs: 180_000,
  /** What an agent may still say after its end tool; then its turn is cancelled. */
  lastWordsMs: 30_000,
  /** From a cancel to the end of the turn; then its program is killed. */
  cancelMs: 15_000,
  /** Between two times that a working session's workspace is kept: so much of its work a crash of the engine may cost. */
  keepMs: 300_000,
  /** Turns in a row that end without an end tool, in one conversation. */
  nudgesMax: 3,
  /** Times that one session's program is started again after it died. */
  restartsMax: 2,
  /** What an agent's program takes, when its preset does not say. */
  memoryBytesDefault: 314_572_800,
  /** Memory that stays free when another agent starts, beside what its preset says it needs. */
  freeBytesMin: 536_870_912,
  /** Waiting for memory; then the session leaves its slot for a while. */
  roomMs: 120_000,
  roomPollMs: 1_000,
  roomAgainMs: 60_000,
  /** Of one tool call, in the transcript. */
  shownBytesMax: 2_000,
  /** Tool calls of a session that go on at once, whose titles are remembered. */
  titlesMax: 64,
  stderrBytesMax: 16_384,
} as const;

/** How long is waited for an agent over ACP. */
export type AcpWaits = {
  [K in "readyMs" | "lastWordsMs" | "cancelMs" | "keepMs" | "roomMs" | "roomPollMs"]: number;
};
