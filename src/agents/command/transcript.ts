/**
 * Owns how much of a session's output goes into its transcript: the first half of the bound as it comes, then the
 * end of each conversation when that is over. While text is held back, empty texts tell that the agent lives.
 */
import { cutStart } from "./text.ts";

type Stream = "stdout" | "stderr";
type Piece = { stream: Stream; text: string; bytes: number };

/** Room for the notes about what was left out: two for each conversation. */
const notesBytes = 2_048;

export class Transcript {
  readonly #onOutput: (stream: Stream, text: string) => void;
  #headLeft: number;
  /** Each conversation may use half of what is left, so that a later one is never without its end. */
  #tailLeft: number;
  #held: Piece[] = [];
  #heldBytes = 0;
  #omitted = 0;
  #holding = false;

  constructor(bytesMax: number, onOutput: (stream: Stream, text: string) => void) {
    this.#onOutput = onOutput;
    this.#headLeft = Math.max(0, Math.floor(Math.max(bytesMax - notesBytes, bytesMax * 0.75) / 2));
    this.#tailLeft = this.#headLeft;
  }

  add(stream: Stream, text: string): void {
    const bytes = Buffer.byteLength(text);
    if (!this.#holding && bytes <= this.#headLeft) {
      this.#headLeft -= bytes;
      this.#onOutput(stream, text);
      return;
    }
    if (!this.#holding) this.#onOutput("stderr", "\n[longhaul: too much output: from here on only its end is kept]\n");
    else this.#onOutput(stream, "");
    this.#holding = true;
    this.#hold({ stream, text, bytes });
  }

  /** The program has ended: hands over the end of what it printed. */
  endConversation(): void {
    if (!this.#holding) return;
    this.#onOutput("stderr", `\n[longhaul: ${this.#omitted} bytes left out]\n`);
    for (const piece of this.#held) this.#onOutput(piece.stream, piece.text);
    this.#tailLeft -= this.#heldBytes;
    this.#headLeft = 0;
    this.#held = [];
    this.#heldBytes = 0;
    this.#omitted = 0;
    this.#holding = false;
  }

  #hold(piece: Piece): void {
    const last = this.#held.at(-1);
    if (last?.stream === piece.stream && last.bytes < 4_096) {
      this.#held[this.#held.length - 1] = { stream: piece.stream, text: last.text + piece.text, bytes: last.bytes + piece.bytes };
    } else {
      this.#held.push(piece);
    }
    this.#heldBytes += piece.bytes;
    const bytesMax = Math.floor(this.#tailLeft / 2);
    let first = 0;
    while (this.#heldBytes > bytesMax && first < this.#held.length) {
      const oldest = this.#held[first]!;
      const text = cutStart(oldest.text, Math.max(0, oldest.bytes - (this.#heldBytes - bytesMax)));
      const bytes = Buffer.byteLength(text);
      this.#omitted += oldest.bytes - bytes;
      this.#heldBytes -= oldest.bytes - bytes;
      if (bytes > 0) {
        this.#held[first] = { stream: oldest.stream, text, bytes };
        break;
      }
      first++;
    }
    if (first > 0) this.#held.splice(0, first);
  }
}
