/** The search for the first bad one among things in order, the last of which is known to be bad. */

/** Whether it may be searched for, when one look lasts `onceMs`. With one alone there is nothing to search. */
export function bisectionFits(count: number, onceMs: number, withinMs: number): boolean {
  return count > 1 && Math.ceil(Math.log2(count)) * onceMs <= withinMs;
}

export class Bisection<T> {
  readonly #ordered: readonly T[];
  /** All before it are good; it or one after it is the first bad one. */
  #from = 0;
  /** Known to be bad. */
  #to: number;

  /** `ordered`: oldest first, at least one. */
  constructor(ordered: readonly T[]) {
    if (ordered.length === 0) throw new Error("nothing to search");
    this.#ordered = ordered;
    this.#to = ordered.length - 1;
  }

  /** What to look at next; null: it is found. */
  next(): T | null {
    return this.#from < this.#to ? this.#at(this.#middle) : null;
  }

  /** What a look at `next` has shown. */
  saw(bad: boolean): void {
    if (bad) this.#to = this.#middle;
    else this.#from = this.#middle + 1;
  }

  /** Once `next` answers null. */
  get culprit(): T {
    return this.#at(this.#to);
  }

  get #middle(): number {
    return (this.#from + this.#to) >> 1;
  }

  #at(index: number): T {
    const found = this.#ordered[index];
    if (found === undefined) throw new Error("outside of what is searched");
    return found;
  }
}
