/** Virtual time: nothing happens by itself; the simulation moves on to the next timer when all else is quiet. */
import type { Clock } from "../../src/engine/ports.ts";

type Timer = { at: number; order: number; fire: () => void };

export class VirtualClock implements Clock {
  #now = 1_700_000_000_000;
  #jumpedMs = 0;
  #timers = new Set<Timer>();
  #order = 0;

  now(): number {
    return this.#now;
  }

  elapsed(): number {
    return this.#now - this.#jumpedMs;
  }

  timer(ms: number, fire: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), order: this.#order++, fire };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.timer(ms, resolve));
  }

  /** The clock is set, or the machine was asleep: timers know nothing of it. */
  jump(ms: number): void {
    this.#now += ms;
    this.#jumpedMs += ms;
    for (const timer of this.#timers) timer.at += ms;
  }

  /** Fires the next timer; false when there is none. */
  next(): boolean {
    let first: Timer | null = null;
    for (const timer of this.#timers)
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer;
    if (!first) return false;
    this.#timers.delete(first);
    this.#now = Math.max(this.#now, first.at);
    first.fire();
    return true;
  }
}

/** All that can happen without time passing has happened: a macrotask runs only when no microtask is left. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
