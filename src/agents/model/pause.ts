import { setTimeout as sleep } from "node:timers/promises";

/** Waits; ends early, and as if it were over, when `signal` aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
