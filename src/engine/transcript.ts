/** Collects what a session prints and writes it to the store in batches, bounded: the start and the end are kept. */
import type { Claim } from "../domain/session.ts";
import { cutStart, leftOut } from "../domain/text.ts";
import type { Clock } from "./ports.ts";
import type { Store, TranscriptEntry, TranscriptKind } from "./store-port.ts";

const flushMs = 500;
const flushBytes = 65_536;

export class Transcript {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #claim: Claim;
  readonly #headBytesMax: number;
  readonly #tailBytesMax: number;
  #pending: TranscriptEntry[] = [];
  #pendingBytes = 0;
  #headBytes = 0;
  #tail: TranscriptEntry[] = [];
  #tailBytes = 0;
  #leftOutBytes = 0;
  #cancelTimer: (() => void) | null = null;
  #written: Promise<void> = Promise.resolve();
  #report: (error: unknown) => void;

  constructor(store: Store, clock: Clock, claim: Claim, bytesMax: number, report: (error: unknown) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#claim = claim;
    this.#headBytesMax = bytesMax / 2;
    this.#tailBytesMax = Math.floor(bytesMax / 2);
    this.#report = report;
  }

  add(kind: TranscriptKind, text: string): void {
    if (text === "") return;
    const entry = { at: this.#clock.now(), kind, text };
    const bytes = Buffer.byteLength(text);
    if (this.#leftOutBytes + this.#tailBytes > 0 || this.#headBytes + bytes > this.#headBytesMax) {
      this.#keepTail(entry, bytes);
      return;
    }
    this.#headBytes += bytes;
    this.#append(entry);
    this.#pendingBytes += bytes;
    if (this.#pendingBytes >= flushBytes) void this.#flush();
    else this.#cancelTimer ??= this.#clock.timer(flushMs, () => void this.#flush());
  }

  /** Writes everything that is left; after that nothing is added any more. Never rejects: a transcript is not worth a session. */
  async end(): Promise<void> {
    if (this.#leftOutBytes > 0)
      this.#pending.push({ at: this.#clock.now(), kind: "note", text: leftOut(this.#leftOutBytes) });
    this.#pending.push(...this.#tail);
    this.#tail = [];
    await this.#flush();
  }

  /** What a program or a model says comes in pieces as small as a word: between two writes they are one entry. */
  #append(entry: TranscriptEntry): void {
    const last = this.#pending.at(-1);
    const isOutput = entry.kind === "stdout" || entry.kind === "stderr";
    if (isOutput && last?.kind === entry.kind) last.text += entry.text;
    else this.#pending.push(entry);
  }

  #keepTail(entry: TranscriptEntry, bytes: number): void {
    const kept = bytes > this.#tailBytesMax ? { ...entry, text: cutStart(entry.text, this.#tailBytesMax) } : entry;
    const keptBytes = Buffer.byteLength(kept.text);
    this.#leftOutBytes += bytes - keptBytes;
    this.#tail.push(kept);
    this.#tailBytes += keptBytes;
    while (this.#tailBytes > this.#tailBytesMax && this.#tail.length > 1) {
      const dropped = Buffer.byteLength(this.#tail.shift()?.text ?? "");
      this.#tailBytes -= dropped;
      this.#leftOutBytes += dropped;
    }
  }

  #flush(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const entries = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (entries.length > 0)
      this.#written = this.#written.then(() => this.#store.appendTranscript(this.#claim, entries)).catch(this.#report);
    return this.#written;
  }
}
