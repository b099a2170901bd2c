/** Waiting for conditions: never a fixed time, always bounded, and what was waited for is said. */
import { setTimeout as sleep } from "node:timers/promises";

const pollMs = 20;
const waitMs = 60_000;

/** Answers the probe's first answer that is neither false, null nor undefined. `tell`: what to add when it never came. */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  tell: () => string = () => "",
): Promise<Exclude<T, false | null | undefined>> {
  const end = performance.now() + waitMs;
  for (;;) {
    const answer = await probe();
    if (answer !== false && answer !== null && answer !== undefined)
      return answer as Exclude<T, false | null | undefined>;
    if (performance.now() > end) throw new Error(`waited ${waitMs} ms in vain for: ${what}\n${tell()}`);
    await sleep(pollMs);
  }
}
