/**
 * Owns how long a call may be silent. The SDK's own bounds do not hold everywhere: that on the first chunk starts only with
 * the response, so a server that never answers is not caught by it.
 */

export type CallTimeouts = {
  /** From the start of the call to the first output: text, thinking or a call. */
  firstOutputMs: number;
  /** From then on, between any two events. */
  chunkMs: number;
  callMs: number;
};

export type Watchdog = {
  /** Ends the call: the caller's signal, or ours. */
  signal: AbortSignal;
  /** Something came. */
  heard(isOutput: boolean): void;
  /** What was waited for in vain; null: nothing. */
  stalled(): string | null;
  /** Must be called in the end. Breaks off what is still open. */
  stop(): void;
};

export function watchCall(timeouts: CallTimeouts, outer: AbortSignal): Watchdog {
  const { firstOutputMs, chunkMs, callMs } = timeouts;
  const own = new AbortController();
  let stalled: string | null = null;
  let begun = false;
  const after = (ms: number, what: string): NodeJS.Timeout =>
    setTimeout(() => {
      stalled = `${what} within ${ms} ms`;
      own.abort(new Error(stalled));
    }, ms);
  const whole = after(callMs, "no end");
  let silence = after(firstOutputMs, "no output");
  return {
    signal: AbortSignal.any([outer, own.signal]),
    heard(isOutput) {
      if (own.signal.aborted) return;
      if (begun) return void silence.refresh();
      if (!isOutput) return;
      begun = true;
      clearTimeout(silence);
      silence = after(chunkMs, "nothing more");
    },
    stalled: () => stalled,
    stop() {
      clearTimeout(whole);
      clearTimeout(silence);
      own.abort(new Error("the call is over"));
    },
  };
}
