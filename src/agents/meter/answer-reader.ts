/**
 * Reads an answer beside its way to the agent, for what it used; never changes or delays it. Bounded: what is too long to be
 * read is not kept, and then its use is estimated.
 */
import { StringDecoder } from "node:string_decoder";
import { meterLimits } from "../../domain/limits.ts";
import { noteEvent, noteWhole, nothingSaid, type Said, type Wire } from "./wires.ts";

export class AnswerReader {
  readonly said: Said = nothingSaid();
  readonly #wire: Wire;
  readonly #bytesMax: number;
  readonly #decoder = new StringDecoder("utf8");
  /** By its first character: servers are not exact about types, and a client that wants a stream may get an object. */
  #form: "events" | "object" | null = null;
  #bytes = 0;
  /** Of an object: all of it. Of a stream: the line that has begun. */
  #text = "";
  /** Of the event that has begun; null: it is too long to be read. */
  #data: string[] | null = [];
  #dataLength = 0;

  constructor(wire: Wire, bytesMax: number = meterLimits.eventBytesMax) {
    this.#wire = wire;
    this.#bytesMax = bytesMax;
  }

  /** Answers whether output came. */
  read(chunk: Buffer): boolean {
    this.#bytes += chunk.length;
    const text = this.#decoder.write(chunk);
    const [first] = text.trimStart();
    this.#form ??= first === undefined ? null : first === "{" || first === "[" ? "object" : "events";
    if (this.#form === "events") return this.#readLines(text);
    this.#keep(text);
    if (this.#form === null) return false;
    this.said.outputBytes = this.#bytes;
    return true;
  }

  /** No more comes. */
  end(): void {
    if (this.#form === "events") {
      this.#readLines("\n\n"); // The last event may lack its empty line.
      return;
    }
    const body = this.#data === null ? undefined : parsed(this.#text);
    if (body !== undefined) noteWhole(this.#wire, body, this.said);
    else if (this.#data === null) this.said.ended = true; // Too long to be read, and not cut: by its own length or chunks.
  }

  #readLines(text: string): boolean {
    let isOutput = false;
    const [first = "", ...more] = text.split("\n");
    this.#keep(first);
    for (const next of more) {
      const line = this.#text.endsWith("\r") ? this.#text.slice(0, -1) : this.#text;
      this.#text = "";
      if (line === "") isOutput = this.#endEvent() || isOutput;
      else if (line.startsWith("data:")) this.#data?.push(line.slice("data:".length));
      this.#keep(next);
    }
    return isOutput;
  }

  #keep(text: string): void {
    this.#dataLength += text.length;
    if (this.#dataLength > this.#bytesMax) {
      this.#data = null;
      this.#text = this.#form === "events" ? text : "";
    } else this.#text += text;
  }

  #endEvent(): boolean {
    const data = this.#data?.join("\n").trim() ?? "";
    this.#data = [];
    this.#dataLength = 0;
    if (data === "[DONE]") this.said.ended = true;
    const event = data === "" || data === "[DONE]" ? undefined : parsed(data);
    return event !== undefined && noteEvent(this.#wire, event, this.said);
  }
}

/** undefined: no JSON. What to make of that is the agent's business. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
