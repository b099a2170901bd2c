/** Everything that one fake model server knows, shared by its requests, its in-process control and its HTTP control. */
import type { NamedBrain } from "./brain.ts";
import { cacheDefaults, PromptCache, type CacheOptions } from "./cache.ts";
import { Faults } from "./faults.ts";
import { Ledger } from "./ledger.ts";
import type { JsonObject } from "./request.ts";
import { Traffic, type RateLimit } from "./traffic.ts";

export type ModelInfo = {
  id: string;
  /** A longer prompt is refused as the vendor refuses it. */
  contextTokensMax?: number;
};

export type FakeModelOptions = {
  /** The first that recognises a request answers it. None: the request is refused with 400, and the ledger says so. */
  brains: readonly NamedBrain[];
  /** Name → key. A key is good on every wire. */
  credentials?: Readonly<Record<string, string>>;
  /** When given, other models are not found; else any name is a model. */
  models?: readonly ModelInfo[];
  rateLimits?: Readonly<Record<string, RateLimit>>;
  cache?: Partial<CacheOptions>;
  seed?: number;
  /** The server's clock, in ms: windows, caches, headers and ledger follow it. Stalls are real time. */
  now?: () => number;
};

/** A request as it came, for tests of what a client sends. Keys are left out. */
export type Received = { number: number; path: string; headers: Record<string, string>; body: JsonObject };

export const defaultCredentials = { default: "fake-key" };
const receivedMax = 2000;

export class Mind {
  readonly brains: readonly NamedBrain[];
  readonly models: readonly ModelInfo[] | null;
  readonly seed: number;
  readonly now: () => number;
  readonly ledger = new Ledger();
  readonly traffic = new Traffic();
  readonly faults = new Faults();
  readonly cache: PromptCache;
  /** The last requests, oldest first. */
  readonly received: Received[] = [];
  readonly #credentials: Map<string, string>;
  #requests = 0;

  constructor(options: FakeModelOptions) {
    this.brains = options.brains;
    this.models = options.models ?? null;
    this.seed = options.seed ?? 1;
    this.now = options.now ?? Date.now;
    this.cache = new PromptCache({ ...cacheDefaults, ...options.cache });
    this.#credentials = new Map(
      Object.entries(options.credentials ?? defaultCredentials).map(([name, key]) => [key, name]),
    );
    for (const [credential, limit] of Object.entries(options.rateLimits ?? {}))
      this.traffic.setLimit(credential, limit);
  }

  credentialOf(key: string | null): string | null {
    return key === null ? null : (this.#credentials.get(key) ?? null);
  }

  modelOf(id: string): ModelInfo | null {
    return this.models === null ? { id } : (this.models.find((model) => model.id === id) ?? null);
  }

  nextNumber(): number {
    return ++this.#requests;
  }

  receive(received: Received): void {
    this.received.push(received);
    if (this.received.length > receivedMax) this.received.shift();
  }
}
