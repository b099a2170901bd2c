/** How each credential is used: its limits, how many requests run at once, and who does not wait when asked to. */
import type { Refusal, RetryAfter } from "./refusal.ts";

export type RateLimit = {
  requestsMax?: number;
  /** Input and output, counted when a request is let in and when its answer is known. */
  tokensMax?: number;
  concurrentMax?: number;
  windowMs: number;
  form?: RetryAfter["form"];
};

export type Counters = {
  requests: number;
  running: number;
  runningMax: number;
  rateLimited: number;
  /** The stampede: requests that came before the wait of the last 429 was over. */
  early: number;
};

type Passed = { atMs: number; tokens: number };
type State = Counters & { waitUntilMs: number; window: Passed[] };

export class Traffic {
  readonly #states = new Map<string, State>();
  readonly #limits = new Map<string, RateLimit>();

  setLimit(credential: string, limit: RateLimit | null): void {
    if (limit === null) this.#limits.delete(credential);
    else this.#limits.set(credential, limit);
  }

  counters(credential: string): Counters {
    const { requests, running, runningMax, rateLimited, early } = this.#state(credential);
    return { requests, running, runningMax, rateLimited, early };
  }

  all(): Record<string, Counters> {
    return Object.fromEntries([...this.#states.keys()].map((credential) => [credential, this.counters(credential)]));
  }

  /** Says whether it came too early. */
  enter(credential: string, nowMs: number): boolean {
    const state = this.#state(credential);
    state.requests++;
    state.running++;
    state.runningMax = Math.max(state.runningMax, state.running);
    const early = nowMs < state.waitUntilMs;
    if (early) state.early++;
    return early;
  }

  leave(credential: string): void {
    this.#state(credential).running--;
  }

  /** Lets a request in, or says why not. */
  admit(credential: string, tokens: number, nowMs: number): Refusal | null {
    const limit = this.#limits.get(credential);
    const state = this.#state(credential);
    if (limit === undefined) return null;
    const { windowMs, requestsMax = Infinity, tokensMax = Infinity, concurrentMax = Infinity } = limit;
    state.window = state.window.filter(({ atMs }) => atMs > nowMs - windowMs);
    const refuse = (what: "requests" | "tokens", max: number, ms: number): Refusal => ({
      kind: "rate-limit",
      what,
      limit: max,
      remaining: 0,
      retryAfter: { form: limit.form ?? "seconds", ms },
    });
    const opensInMs = (): number => (state.window[0]?.atMs ?? nowMs) + windowMs - nowMs;
    const used = state.window.reduce((sum, passed) => sum + passed.tokens, 0);
    if (state.running > concurrentMax) return refuse("requests", concurrentMax, 1000);
    if (state.window.length >= requestsMax) return refuse("requests", requestsMax, opensInMs());
    if (used + tokens > tokensMax) return refuse("tokens", tokensMax, opensInMs());
    state.window.push({ atMs: nowMs, tokens });
    return null;
  }

  /** Output counts too, once it is known. */
  spend(credential: string, tokens: number, nowMs: number): void {
    if (!this.#limits.has(credential)) return;
    const last = this.#state(credential).window.at(-1);
    if (last !== undefined) last.tokens += tokens;
    else this.#state(credential).window.push({ atMs: nowMs, tokens });
  }

  /** A 429 was sent. A wait that the client was not told binds nobody. */
  told(credential: string, refusal: Refusal, nowMs: number): void {
    const state = this.#state(credential);
    if (refusal.kind !== "rate-limit" && refusal.kind !== "quota") return;
    state.rateLimited++;
    if (refusal.kind === "quota") state.waitUntilMs = Math.max(state.waitUntilMs, refusal.untilMs);
    else if (refusal.retryAfter.form !== "none")
      state.waitUntilMs = Math.max(state.waitUntilMs, nowMs + refusal.retryAfter.ms);
  }

  #state(credential: string): State {
    let state = this.#states.get(credential);
    if (state === undefined) {
      state = { requests: 0, running: 0, runningMax: 0, rateLimited: 0, early: 0, waitUntilMs: 0, window: [] };
      this.#states.set(credential, state);
    }
    return state;
  }
}
