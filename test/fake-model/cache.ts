/**
 * The vendors' prompt caches, by segments of the prompt. A cache belongs to a credential and a model.
 *
 * `marked` (Anthropic): entries are written where the client put marks; a later prompt reads the longest entry that is a prefix
 * of it, found at a mark or up to 20 segments before one; what lies between that and the last mark is written. An entry lives
 * for the time of its mark, from its last use.
 * `automatic` (OpenAI, Google): every prompt is an entry with all its prefixes; whole steps of tokens are read, nothing is
 * charged as written.
 */
import { createHash } from "node:crypto";
import { inputOf, noUsage, tokensOfSegments, type Segment, type Usage } from "./tokens.ts";

export type CacheOptions = {
  /** A shorter prefix is not cached. */
  tokensMin: number;
  /** Automatic caches read in steps of so many tokens. */
  tokensStep: number;
  /** Of an entry of an automatic cache, from its last use. */
  automaticTtlMs: number;
};

export const cacheDefaults: CacheOptions = { tokensMin: 1024, tokensStep: 128, automaticTtlMs: 600_000 };

const lookbackSegments = 20;
const entriesMax = 200_000;

type Prefix = { key: string; tokens: number; segment: Segment };
type Entry = { expiresMs: number; ttlMs: number };

export class PromptCache {
  readonly #options: CacheOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: CacheOptions) {
    this.#options = options;
  }

  /** How the input of this prompt is charged; what it writes is there for the next. */
  use(kind: "marked" | "automatic", account: string, segments: readonly Segment[], nowMs: number): Usage {
    const prefixes = prefixesOf(account, segments);
    const split = kind === "marked" ? this.#useMarked(prefixes, nowMs) : this.#useAutomatic(prefixes, nowMs);
    return { ...split, noCache: tokensOfSegments(segments) - inputOf(split) };
  }

  #useMarked(prefixes: readonly Prefix[], nowMs: number): Usage {
    const marks = prefixes.flatMap(({ segment, tokens }, at) =>
      segment.mark !== null && tokens >= this.#options.tokensMin ? [at] : [],
    );
    const last = prefixes[marks.at(-1) ?? -1];
    if (last === undefined) return noUsage;
    const near = marks.flatMap((at) => prefixes.slice(Math.max(0, at - lookbackSegments), at + 1));
    const hit = near
      .filter(({ key }) => this.#live(key, nowMs))
      .reduce((best, { tokens }) => Math.max(best, tokens), 0);
    for (const prefix of near) this.#refresh(prefix.key, nowMs);
    for (const at of marks) {
      const { key, segment } = prefixes[at]!;
      this.#write(key, segment.mark?.ttlMs ?? 0, nowMs);
    }
    return { ...noUsage, cacheRead: hit, cacheWrite: last.tokens - hit };
  }

  #useAutomatic(prefixes: readonly Prefix[], nowMs: number): Usage {
    const { tokensMin, tokensStep, automaticTtlMs } = this.#options;
    const hit = prefixes.findLast(({ key }) => this.#live(key, nowMs))?.tokens ?? 0;
    for (const { key } of prefixes) this.#write(key, automaticTtlMs, nowMs);
    const whole = Math.floor(hit / tokensStep) * tokensStep;
    return { ...noUsage, cacheRead: whole >= tokensMin ? whole : 0 };
  }

  #live(key: string, nowMs: number): boolean {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.expiresMs > nowMs;
  }

  #refresh(key: string, nowMs: number): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined && entry.expiresMs > nowMs) entry.expiresMs = nowMs + entry.ttlMs;
  }

  #write(key: string, ttlMs: number, nowMs: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { ttlMs, expiresMs: nowMs + ttlMs });
    const oldest = this.#entries.keys().next().value;
    if (this.#entries.size > entriesMax && oldest !== undefined) this.#entries.delete(oldest);
  }
}

function prefixesOf(account: string, segments: readonly Segment[]): Prefix[] {
  let key = account;
  let tokens = 0;
  return segments.map((segment) => {
    key = createHash("sha256").update(key).update("\0").update(segment.text).digest("base64");
    tokens += segment.tokens;
    return { key, tokens, segment };
  });
}
