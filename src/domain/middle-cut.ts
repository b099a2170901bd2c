/** Owns a text that grows without end in bounded memory: its start and its end are kept, the middle is counted. */
import { characterEnd, characterStart, leftOut, leftOutBytesMax } from "./text.ts";

export class MiddleCut {
  readonly #bytesMax: number;
  readonly #headMax: number;
  readonly #head: Buffer[] = [];
  #headBytes = 0;
  #tail: Buffer[] = [];
  #tailBytes = 0;
  #omitted = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#headMax = Math.max(0, Math.floor((bytesMax - leftOutBytesMax) / 2));
  }

  add(text: string): void {
    let bytes = Buffer.from(text);
    const room = this.#headMax - this.#headBytes;
    if (room > 0) {
      this.#head.push(bytes.subarray(0, room));
      this.#headBytes += Math.min(room, bytes.length);
      bytes = bytes.subarray(room);
    }
    if (bytes.length === 0) return;
    this.#tail.push(bytes);
    this.#tailBytes += bytes.length;
    // Twice the bound, so that joining is rare.
    if (this.#tailBytes > 2 * Math.max(this.#bytesMax, 65_536)) this.#trim(this.#bytesMax);
  }

  /** At most `bytesMax` bytes, and no half characters. */
  text(): string {
    if (this.#omitted === 0 && this.#headBytes + this.#tailBytes <= this.#bytesMax) {
      return Buffer.concat([...this.#head, ...this.#tail]).toString();
    }
    const head = Buffer.concat(this.#head);
    const tail = Buffer.concat(this.#tail);
    const keptHead = head.subarray(0, characterEnd(head, head.length));
    const from = characterStart(tail, Math.max(0, tail.length - this.#headMax));
    const omitted = this.#omitted + (head.length - keptHead.length) + from;
    return `${keptHead.toString()}\n${leftOut(omitted)}\n${tail.subarray(from).toString()}`;
  }

  #trim(bytes: number): void {
    const joined = Buffer.concat(this.#tail);
    const from = Math.max(0, joined.length - bytes);
    this.#omitted += from;
    // A copy, so that the whole is not kept alive by its part.
    this.#tail = [Buffer.from(joined.subarray(from))];
    this.#tailBytes = joined.length - from;
  }
}
