/** Owns the end of a text that may grow without end. */
import { cutStart } from "../domain/text.ts";

export class Tail {
  readonly #bytesMax: number;
  #text = "";
  #bytes = 0;
  #added = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  add(text: string): void {
    const bytes = Buffer.byteLength(text);
    this.#text += text;
    this.#bytes += bytes;
    this.#added += bytes;
    if (this.#bytes > 2 * this.#bytesMax) this.#cut();
  }

  text(): string {
    this.#cut();
    return this.#text;
  }

  get omittedBytes(): number {
    this.#cut();
    return this.#added - this.#bytes;
  }

  #cut(): void {
    if (this.#bytes <= this.#bytesMax) return;
    this.#text = cutStart(this.#text, this.#bytesMax);
    this.#bytes = Buffer.byteLength(this.#text);
  }
}
