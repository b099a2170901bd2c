import { meterLimits } from "../../domain/limits.ts";

/**
 * Puts stars in place of a key in what comes back, as many as it has bytes, so that lengths stay true. Bytes come in pieces:
 * only what may be the beginning of the key waits for the next one.
 */
export class KeyMask {
  readonly #key: Buffer | null;
  #held: Buffer = Buffer.alloc(0);

  constructor(key: string | null) {
    const bytes = Buffer.from(key ?? "");
    this.#key = bytes.length < meterLimits.keyBytesMin ? null : bytes;
  }

  /** What may go on. May change `piece`. */
  pass(piece: Buffer): Buffer {
    if (this.#key === null) return piece;
    const bytes = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    for (let at = bytes.indexOf(this.#key); at !== -1; at = bytes.indexOf(this.#key, at + this.#key.length))
      bytes.fill("*", at, at + this.#key.length);
    const kept = bytes.length - heldBack(bytes, this.#key);
    this.#held = bytes.subarray(kept);
    return bytes.subarray(0, kept);
  }

  /** What still waits; nothing more comes. */
  rest(): Buffer {
    const held = this.#held;
    this.#held = Buffer.alloc(0);
    return held;
  }

  inText(text: string): string {
    return this.#key === null ? text : text.replaceAll(this.#key.toString(), "*".repeat(this.#key.length));
  }
}

/** How many of the last bytes may be the beginning of the key. */
function heldBack(bytes: Buffer, key: Buffer): number {
  for (let length = Math.min(key.length - 1, bytes.length); length > 0; length--)
    if (bytes.subarray(bytes.length - length).equals(key.subarray(0, length))) return length;
  return 0;
}
