/** Owns cutting a program's output into records of bounded size while it comes in. */

export class Records {
  readonly #end: string;
  readonly #lengthMax: number;
  readonly #onRecord: (record: string, whole: boolean) => void;
  #held = "";
  #overlong = false;

  /** `onRecord` gets records without their end; `whole` is false when only the first `lengthMax` characters are there. */
  constructor(end: "\n" | "\0", lengthMax: number, onRecord: (record: string, whole: boolean) => void) {
    this.#end = end;
    this.#lengthMax = lengthMax;
    this.#onRecord = onRecord;
  }

  add(text: string): void {
    let from = 0;
    for (let at = text.indexOf(this.#end); at !== -1; at = text.indexOf(this.#end, from)) {
      this.#hold(text.slice(from, at));
      this.#emit();
      from = at + 1;
    }
    this.#hold(text.slice(from));
  }

  /** A last record that has no end. */
  flush(): void {
    if (this.#held !== "") this.#emit();
  }

  #hold(part: string): void {
    const room = this.#lengthMax - this.#held.length;
    if (part.length > room) this.#overlong = true;
    this.#held += part.slice(0, room);
  }

  #emit(): void {
    this.#onRecord(this.#held, !this.#overlong);
    this.#held = "";
    this.#overlong = false;
  }
}
