/**
 * The messages between us and an agent's program, one JSON object on a line. What is no message never reaches the
 * library, which would print it on the operator's console: it is handed to `onNoise`.
 */
import type { AnyMessage, Stream } from "@agentclientprotocol/sdk";
import { acpLimits } from "../../domain/limits.ts";

export class Wire {
  readonly stream: Stream;
  readonly #onNoise: (text: string) => void;
  /** Of our requests that are not answered. */
  readonly #asked = new Set<number | string>();
  #controller!: ReadableStreamDefaultController<AnyMessage>;
  #parts: string[] = [];
  #length = 0;
  #closed = false;

  constructor(onNoise: (text: string) => void, say: (text: string) => Promise<void>) {
    this.#onNoise = onNoise;
    this.stream = {
      readable: new ReadableStream({ start: (controller) => void (this.#controller = controller) }),
      writable: new WritableStream({
        write: (message) => {
          if ("method" in message && "id" in message && message.id !== null) this.#asked.add(message.id);
          return say(`${JSON.stringify(message)}\n`);
        },
      }),
    };
  }

  /** What the program printed, as it came. False: it said more in one line than it may. */
  hear(text: string): boolean {
    const [first = "", ...rest] = text.split("\n");
    for (const start of [first, ...rest].slice(0, -1)) {
      const line = this.#parts.join("") + start;
      [this.#parts, this.#length] = [[], 0];
      this.#read(line);
    }
    const last = rest.at(-1) ?? first;
    if (last !== "") this.#parts.push(last);
    this.#length += last.length;
    return this.#length <= acpLimits.messageBytesMax;
  }

  /** The program has ended: what waits for an answer will get none. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const rest = this.#parts.join("");
    if (rest.trim() !== "") this.#onNoise(`${rest}\n`);
    this.#controller.close();
  }

  #read(line: string): void {
    if (this.#closed || line.trim() === "") return;
    const message = parsed(line);
    if (message && this.#isForUs(message)) this.#controller.enqueue(message as AnyMessage);
    else this.#onNoise(`${line}\n`);
  }

  #isForUs(message: { [key: string]: unknown }): boolean {
    if (typeof message["method"] === "string") return true;
    const { id } = message;
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
