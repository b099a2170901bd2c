/**
 * The messages between us and an agent's program, one JSON object on a line. The library gets what it answers or waits for
 * and nothing else: what it does not understand it prints on the operator's console.
 */
import type { AnyMessage, Stream } from "@agentclientprotocol/sdk";
import { acpLimits } from "../../domain/limits.ts";

export type WireParts = {
  /** Lines that are no message for us. */
  onNoise(text: string): void;
  onNotification(method: string, params: unknown): void;
  /** To the program. */
  say(text: string): Promise<void>;
};

export class Wire {
  readonly stream: Stream;
  readonly #parts: WireParts;
  /** Of our requests that are not answered. */
  readonly #asked = new Set<number | string>();
  #controller!: ReadableStreamDefaultController<AnyMessage>;
  /** Of the line that is not whole yet. */
  #pieces: string[] = [];
  #length = 0;
  /** Requests of the program, until it has read what it was answered. */
  #unanswered = 0;
  #closed = false;

  constructor(parts: WireParts) {
    this.#parts = parts;
    this.stream = {
      readable: new ReadableStream({
        start: (controller) => void (this.#controller = controller),
        cancel: () => void (this.#closed = true),
      }),
      writable: new WritableStream({
        write: async (message) => {
          if ("method" in message && "id" in message && message.id !== null) this.#asked.add(message.id);
          await parts.say(`${JSON.stringify(message)}\n`);
          if (!("method" in message)) this.#unanswered--;
        },
      }),
    };
  }

  /** What the program printed, as it came. False: it says more in one line, or asks more at once, than it may. */
  hear(text: string): boolean {
    const [first = "", ...rest] = text.split("\n");
    for (const start of [first, ...rest].slice(0, -1)) {
      const line = this.#pieces.join("") + start;
      [this.#pieces, this.#length] = [[], 0];
      this.#read(line);
    }
    const last = rest.at(-1) ?? first;
    if (last !== "") this.#pieces.push(last);
    this.#length += last.length;
    return this.#length <= acpLimits.messageBytesMax && this.#unanswered <= acpLimits.requestsAtOnceMax;
  }

  /** The program has ended: what waits for an answer will get none. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const rest = this.#pieces.join("");
    if (rest.trim() !== "") this.#parts.onNoise(`${rest}\n`);
    this.#controller.close();
  }

  #read(line: string): void {
    if (this.#closed || line.trim() === "") return;
    const message = parsed(line);
    if (message === null) return this.#parts.onNoise(`${line}\n`);
    const { method, id, params } = message;
    if (typeof method === "string" && id === undefined) this.#parts.onNotification(method, params);
    else if (typeof method === "string" || this.#isAwaited(id)) {
      if (typeof method === "string") this.#unanswered++;
      this.#controller.enqueue(message as AnyMessage);
    } else this.#parts.onNoise(`${line}\n`);
  }

  #isAwaited(id: unknown): boolean {
    return (typeof id === "number" || typeof id === "string") && this.#asked.delete(id);
  }
}

function parsed(line: string): { [key: string]: unknown } | null {
  try {
    const value: unknown = JSON.parse(line);
    const isMessage = typeof value === "object" && value !== null && "jsonrpc" in value && value.jsonrpc === "2.0";
    return isMessage ? { ...value } : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
