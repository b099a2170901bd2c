/**
 * What the server knows of every request, oldest first: the time line, and the bill that tests compare with the product's.
 *
 * `billed` is what a vendor would charge: everything, from the moment the model thought, also when the answer never arrived whole.
 * `reported` says whether the client was told. Their difference is what no client can know.
 */
import type { Stop } from "./brain.ts";
import type { Json, WireName } from "./request.ts";
import { addUsage, noUsage, type Usage } from "./tokens.ts";

export type Entry = {
  number: number;
  atMs: number;
  endedMs: number | null;
  wire: WireName;
  model: string;
  /** Null when the key is unknown. */
  credential: string | null;
  session: string | null;
  stream: boolean;
  brain: string | null;
  turn: number | null;
  /** The kind of the fault that struck. */
  fault: string | null;
  status: number | null;
  /** `cut`: the server broke it off. `left`: the client went away. */
  outcome: "open" | "answered" | "refused" | "cut" | "left";
  stop: Stop | null;
  billed: Usage;
  reported: boolean;
  /** Sent although an earlier 429 had asked the credential to wait longer. */
  early: boolean;
  /** As the request said it. */
  reasoning: Json;
};

export type Total = { requests: number; answered: number; billed: Usage; reported: Usage };

const noTotal: Total = { requests: 0, answered: 0, billed: noUsage, reported: noUsage };

export type TotalKey = "credential" | "model" | "session" | "brain" | "wire";

const entriesMax = 500_000;

export class Ledger {
  readonly #entries: Entry[] = [];

  add(entry: Entry): Entry {
    if (this.#entries.length >= entriesMax) throw new Error(`the fake model's ledger is full: ${entriesMax} requests`);
    this.#entries.push(entry);
    return entry;
  }

  entries(where: Partial<Entry> = {}): readonly Entry[] {
    const wanted = Object.entries(where);
    return this.#entries.filter((entry) => wanted.every(([key, value]) => entry[key as keyof Entry] === value));
  }

  total(where: Partial<Entry> = {}): Total {
    return this.entries(where).reduce(add, noTotal);
  }

  /** The key `''` holds what has none. */
  totals(key: TotalKey): Record<string, Total> {
    const totals: Record<string, Total> = {};
    for (const entry of this.#entries) {
      const name = entry[key] ?? "";
      totals[name] = add(totals[name] ?? noTotal, entry);
    }
    return totals;
  }
}

const add = (total: Total, entry: Entry): Total => ({
  requests: total.requests + 1,
  answered: total.answered + (entry.outcome === "answered" ? 1 : 0),
  billed: addUsage(total.billed, entry.billed),
  reported: entry.reported ? addUsage(total.reported, entry.billed) : total.reported,
});
