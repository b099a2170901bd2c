/**
 * Time, timers and chance under control. Installed when this module is imported, which must be before either package
 * is: lodash keeps references to some of them.
 */
type Timer = { id: number; at: number; run: () => void };

const start = 1_000_000;
const timersMax = 1_000;
let now = start;
let state = 1;
let ids = 0;
let timers: Timer[] = [];

const realNow = Date.now.bind(Date);
Math.random = () => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
};

/** Only while a comparison runs: node itself needs real time. */
let installed = false;
Date.now = () => (installed ? now : realNow());
const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
globalThis.setTimeout = Object.assign(
  (run: (...args: unknown[]) => void, ms?: unknown, ...args: unknown[]): unknown => {
    if (!installed) return real.setTimeout(run, Number(ms), ...args);
    timers.push({ id: ++ids, at: now + (Number(ms) || 0), run: () => run(...args) });
    return ids;
  },
  real.setTimeout,
) as typeof setTimeout;
globalThis.clearTimeout = (id: unknown): void => {
  if (!installed) real.clearTimeout(id as NodeJS.Timeout);
  else timers = timers.filter((timer) => timer.id !== id);
};

export const controlled = {
  reset(seed: number): void {
    installed = true;
    now = start;
    state = seed;
    ids = 0;
    timers = [];
  },
  /** Lets time pass until no timer is left. */
  runTimers(): void {
    for (let count = 0; timers.length > 0 && count < timersMax; count++) {
      timers.sort((a, b) => a.at - b.at || a.id - b.id);
      const next = timers.shift()!;
      now = Math.max(now, next.at);
      next.run();
    }
  },
};
