/**
 * Owns what was answered under each key of one session. Invariant: of the calls that come with one key, one runs, and
 * all get its answer, also while it still runs; for as long as the key is among the newest `keysMax`.
 */
import { toolServerLimits } from "../../domain/limits.ts";
import { refuse } from "../tools/answer.ts";
import type { ToolAnswer } from "../tools/tool.ts";

type Kept = { what: string; answer: Promise<ToolAnswer> };

export class KeyedAnswers {
  readonly #keysMax: number;
  /** The oldest first. */
  readonly #kept = new Map<string, Kept>();

  constructor(keysMax: number = toolServerLimits.keysMax) {
    this.#keysMax = keysMax;
  }

  /** null: the key is new. `what`: tells one call from another; the same key with something else is the caller's mistake. */
  before(key: string, what: string): ToolAnswer | Promise<ToolAnswer> | null {
    const kept = this.#kept.get(key);
    if (!kept || kept.what === what) return kept?.answer ?? null;
    return refuse("this key was used for another call: a key stands for one call and its repetitions");
  }

  keep(key: string, what: string, answer: Promise<ToolAnswer>): void {
    this.#kept.set(key, { what, answer });
    for (const [oldest] of this.#kept) {
      if (this.#kept.size <= this.#keysMax) break;
      this.#kept.delete(oldest);
    }
  }
}
