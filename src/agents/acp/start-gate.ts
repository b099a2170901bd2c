/**
 * Lets programs start: few at a time, and none without the memory that it will take. A program counts as starting until
 * its session is ready, because only then its memory is seen.
 */
import { setTimeout as sleep } from "node:timers/promises";
import pLimit, { type LimitFunction } from "p-limit";
import { memoryFor } from "../../domain/admission.ts";
import type { AcpWaits } from "../../domain/limits.ts";

export type GateOptions = {
  startsAtOnce: number;
  freeMemoryBytes(): number;
  waits: Pick<AcpWaits, "roomMs" | "roomPollMs">;
};

export type Passed<T> = { ok: true; value: T } | { ok: false; freeBytes: number };

export class StartGate {
  readonly #line: LimitFunction;
  readonly #freeMemoryBytes: () => number;
  readonly #waits: GateOptions["waits"];

  constructor({ startsAtOnce, freeMemoryBytes, waits }: GateOptions) {
    this.#line = pLimit(startsAtOnce);
    this.#freeMemoryBytes = freeMemoryBytes;
    this.#waits = waits;
  }

  /** Not ok: there was no room for as long as anybody waits for it. `onWait`: a sign of life. */
  pass<T>(bytes: number, signal: AbortSignal, onWait: () => void, start: () => Promise<T>): Promise<Passed<T>> {
    const { roomMs, roomPollMs } = this.#waits;
    const waiting = setInterval(onWait, roomPollMs);
    return this.#line(async (): Promise<Passed<T>> => {
      const until = performance.now() + roomMs;
      for (let free = this.#freeMemoryBytes(); memoryFor(free) < bytes; free = this.#freeMemoryBytes()) {
        if (signal.aborted || performance.now() > until) return { ok: false, freeBytes: free };
        await sleep(roomPollMs);
      }
      clearInterval(waiting);
      return { ok: true, value: await start() };
    }).finally(() => clearInterval(waiting));
  }
}
