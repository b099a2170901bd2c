/**
 * Lets programs start: few at a time, and none without the memory that it will take. A program counts as starting until
 * its session is ready, because only then its memory is seen.
 */
import { setTimeout as sleep } from "node:timers/promises";
import pLimit, { type LimitFunction } from "p-limit";
import { acpLimits } from "../../domain/limits.ts";

export type GateOptions = {
  startsAtOnce: number;
  freeMemoryBytes(): number;
};

export type Passed<T> = { ok: true; value: T } | { ok: false; freeBytes: number };

export class StartGate {
  readonly #line: LimitFunction;
  readonly #freeMemoryBytes: () => number;

  constructor({ startsAtOnce, freeMemoryBytes }: GateOptions) {
    this.#line = pLimit(startsAtOnce);
    this.#freeMemoryBytes = freeMemoryBytes;
  }

  /** Not ok: there was no room for as long as anybody waits for it. `onWait`: a sign of life. */
  pass<T>(bytes: number, signal: AbortSignal, onWait: () => void, start: () => Promise<T>): Promise<Passed<T>> {
    const waiting = setInterval(onWait, acpLimits.roomPollMs);
    return this.#line(async (): Promise<Passed<T>> => {
      const needed = bytes + acpLimits.freeBytesMin;
      const until = performance.now() + acpLimits.roomMs;
      for (let free = this.#freeMemoryBytes(); free < needed; free = this.#freeMemoryBytes()) {
        if (signal.aborted || performance.now() > until) return { ok: false, freeBytes: free };
        await sleep(acpLimits.roomPollMs);
      }
      clearInterval(waiting);
      return { ok: true, value: await start() };
    }).finally(() => clearInterval(waiting));
  }
}
