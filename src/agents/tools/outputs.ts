/** Owns the full outputs of one session, as files in a folder of its own outside of the workspace. */
import { createHash } from "node:crypto";
import { mkdir, open, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { toolLimits } from "../../domain/limits.ts";
import { characterEnd, characterStart, cutMiddle } from "../../domain/text.ts";
import type { OutputPart, Outputs } from "./tool.ts";

export class FileOutputs implements Outputs {
  readonly #folder: string;
  readonly #bytesMax: number;
  /** By call, the oldest first. */
  readonly #kept = new Map<string, number>();
  #bytes = 0;

  /** `folder`: absolute, nobody else's; made when it is needed. */
  constructor(folder: string, bytesMax: number = toolLimits.outputsBytesMax) {
    this.#folder = folder;
    this.#bytesMax = bytesMax;
  }

  async keep(call: string, text: string): Promise<void> {
    const bytes = Buffer.from(cutMiddle(text, toolLimits.outputBytesMax));
    await this.#forget(call);
    for (const [oldest] of this.#kept) {
      if (this.#bytes + bytes.length <= this.#bytesMax) break;
      await this.#forget(oldest);
    }
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await writeFile(this.#fileOf(call), bytes, { mode: 0o600 });
    this.#kept.set(call, bytes.length);
    this.#bytes += bytes.length;
  }

  async read(call: string, offset: number, bytesMax: number): Promise<OutputPart | null> {
    const totalBytes = this.#kept.get(call);
    if (totalBytes === undefined) return null;
    const file = await open(this.#fileOf(call), "r");
    try {
      const from = Math.min(Math.max(0, offset), totalBytes);
      const buffer = Buffer.alloc(Math.min(bytesMax, totalBytes - from));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
      const bytes = buffer.subarray(0, bytesRead);
      const start = characterStart(bytes, 0);
      const end = Math.max(start, from + bytesRead === totalBytes ? bytesRead : characterEnd(bytes, bytesRead));
      return { text: bytes.toString("utf8", start, end), start: from + start, end: from + end, totalBytes };
    } finally {
      await file.close();
    }
  }

  /** With the session. Repeatable. */
  async remove(): Promise<void> {
    this.#kept.clear();
    this.#bytes = 0;
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #forget(call: string): Promise<void> {
    const bytes = this.#kept.get(call);
    if (bytes === undefined) return;
    this.#kept.delete(call);
    this.#bytes -= bytes;
    await rm(this.#fileOf(call), { force: true });
  }

  /** A call's name comes from a provider and may be anything. */
  #fileOf(call: string): string {
    return join(this.#folder, createHash("sha256").update(call).digest("hex"));
  }
}
