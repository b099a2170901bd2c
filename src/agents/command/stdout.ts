/**
 * Owns what is kept of a program's stdout until it ends: all of it, up to a bound, when it begins with `{` and so
 * is an answer; otherwise its start and its end.
 */
import { commandAgentLimits } from "../../domain/limits.ts";
import { cutEnd, leftOut } from "../../domain/text.ts";
import { lastLines, plainText } from "../plain-text.ts";
import { Tail } from "../tail.ts";

export type Printed =
  | { kind: "nothing" }
  | { kind: "object"; text: string }
  | { kind: "object_too_long"; bytesMax: number }
  /** `text` is cut in the middle when long. */
  | { kind: "text"; text: string; lastLines: string };

export class Stdout {
  readonly #objectBytesMax: number;
  #kind: "nothing" | "object" | "object_too_long" | "text" = "nothing";
  #pieces: string[] = [];
  #bytes = 0;
  readonly #tail = new Tail(commandAgentLimits.freeTextBytesMax);

  constructor(objectBytesMax: number) {
    this.#objectBytesMax = objectBytesMax;
  }

  add(text: string): void {
    if (this.#kind === "nothing") {
      const begun = text.trimStart();
      if (begun === "") return;
      this.#kind = begun.startsWith("{") ? "object" : "text";
    }
    if (this.#kind === "object_too_long") return;
    if (this.#kind === "object") this.#addObject(text);
    else this.#addText(text);
  }

  read(): Printed {
    switch (this.#kind) {
      case "nothing":
        return { kind: "nothing" };
      case "object":
        return { kind: "object", text: this.#pieces.join("").trim() };
      case "object_too_long":
        return { kind: "object_too_long", bytesMax: this.#objectBytesMax };
      case "text":
        return {
          kind: "text",
          text: this.#text(),
          lastLines: lastLines(this.#end(), commandAgentLimits.linesMax, commandAgentLimits.linesBytesMax),
        };
    }
  }

  #addObject(text: string): void {
    this.#bytes += Buffer.byteLength(text);
    this.#pieces.push(text);
    if (this.#bytes <= this.#objectBytesMax) return;
    this.#kind = "object_too_long";
    this.#pieces = [];
  }

  #addText(text: string): void {
    const head = cutEnd(text, commandAgentLimits.freeTextBytesMax - this.#bytes);
    if (head !== "") this.#pieces.push(head);
    this.#bytes += Buffer.byteLength(head);
    if (head.length < text.length) {
      this.#bytes = commandAgentLimits.freeTextBytesMax; // From here on everything is the end.
      this.#tail.add(text.slice(head.length));
    }
  }

  #text(): string {
    const omitted = this.#tail.omittedBytes;
    const middle = omitted > 0 ? `\n${leftOut(omitted)}\n` : "";
    return plainText(`${this.#pieces.join("")}${middle}${this.#tail.text()}`).trim();
  }

  #end(): string {
    return this.#tail.omittedBytes > 0 ? this.#tail.text() : this.#pieces.join("") + this.#tail.text();
  }
}
