/**
 * What a process uses while its sessions talk to the model. Measured twice: over all steps, and in the phase that counts,
 * which lasts from when every session has its place at the provider to the end of the first.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { rateLimits } from "../src/domain/limits.ts";

/** In ms. `beganAt` and `endedAt` are since 1970, as the server says them. */
export type Stretch = {
  beganAt: number;
  endedAt: number;
  steps: number;
  cpuMs: number;
  loopDelayMs: { p99: number; max: number };
};

/** `idle`: before any session; `ready`: all sessions open, nothing said; `heap…`: after a collection, in use. */
export type Memory = { idleMb: number; readyMb: number; peakMb: number; heapIdleMb: number; heapBusyMb: number };

/** `failed`: calls that were made once more. */
export type Gauged = { warmUp: Stretch; open: Stretch; memory: Memory; failed: number };

export class Gauge {
  readonly #sessions: number;
  readonly #onOpen: () => Promise<void>;
  readonly #onEnd: () => Promise<void>;
  readonly #memory: Memory;
  #stretch: Running | null = null;
  #warmUp: Stretch | null = null;
  #open: Stretch | null = null;
  #steps = 0;
  #failed = 0;
  #sides: Promise<void>[] = [];

  /** `onOpen` and `onEnd`: when the phase that counts begins and is over. */
  constructor(sessions: number, onOpen = async () => {}, onEnd = async () => {}) {
    this.#sessions = sessions;
    this.#onOpen = onOpen;
    this.#onEnd = onEnd;
    const { rssMb, heapMb } = settledMemory();
    this.#memory = { idleMb: rssMb, readyMb: NaN, peakMb: NaN, heapIdleMb: heapMb, heapBusyMb: NaN };
  }

  /** All sessions are open. */
  begin(): void {
    this.#memory.readyMb = settledMemory().rssMb;
    this.#stretch = begin(0);
  }

  /** A reply of the model is there. The window grows by one with each until everybody has a place in it. */
  answered(): void {
    this.#steps++;
    if (this.#warmUp !== null || this.#steps < 2 * this.#sessions - Math.min(this.#sessions, rateLimits.windowAtStart))
      return;
    this.#warmUp = this.#finish();
    this.#sides.push(this.#onOpen());
    this.#stretch = begin(this.#steps);
  }

  failed(why: string): void {
    this.#failed++;
    console.error(`a call failed: ${why}`);
  }

  /** A session has come to its end. */
  ended(): void {
    if (this.#open !== null) return;
    this.#open = this.#finish();
    this.#memory.peakMb = process.resourceUsage().maxRSS / 1024;
    this.#memory.heapBusyMb = settledMemory().heapMb;
    this.#sides.push(this.#onEnd());
  }

  async result(): Promise<Gauged> {
    await Promise.all(this.#sides);
    if (!this.#warmUp || !this.#open) throw new Error("no session came to its end");
    return { warmUp: this.#warmUp, open: this.#open, memory: this.#memory, failed: this.#failed };
  }

  #finish(): Stretch {
    if (!this.#stretch) throw new Error("nothing was begun");
    const { beganAt, before, delay, steps } = this.#stretch;
    const { user, system } = process.cpuUsage(before);
    delay.disable();
    return {
      beganAt,
      endedAt: now(),
      steps: this.#steps - steps,
      cpuMs: (user + system) / 1000,
      loopDelayMs: { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 },
    };
  }
}

type Running = {
  beganAt: number;
  before: NodeJS.CpuUsage;
  delay: ReturnType<typeof monitorEventLoopDelay>;
  steps: number;
};

function begin(steps: number): Running {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  return { beganAt: now(), before: process.cpuUsage(), delay, steps };
}

const now = () => performance.timeOrigin + performance.now();

/** After a collection, which `--expose-gc` allows. */
function settledMemory(): { rssMb: number; heapMb: number } {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rssMb: rss / 2 ** 20, heapMb: (heapUsed + external) / 2 ** 20 };
}
