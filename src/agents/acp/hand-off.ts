/** Owns whether a session is asked to hand off: once, and why. */
import type { Brief } from "../../domain/brief.ts";
import { renderHandOff, type Prompts } from "../prompts/prompts.ts";

export class HandOff {
  #state: "time" | "budget" | "told" | null = null;

  /** False: it has been asked before. */
  ask(why: "time" | "budget"): boolean {
    if (this.#state !== null) return false;
    this.#state = why;
    return true;
  }

  /** Asked, and the agent does not know it yet. */
  get isDue(): boolean {
    return this.#state === "time" || this.#state === "budget";
  }

  /** What the agent is told next: `text`, and to hand off when that is due. */
  added(text: string, prompts: Prompts, { role, deadline }: Brief, now: number): string {
    if (this.#state === null || this.#state === "told") return text;
    const why = this.#state === "budget" ? "budget" : { leftMs: deadline.hardAt - now };
    this.#state = "told";
    const told = renderHandOff(prompts, role, why);
    return text === "" ? told : `${text}\n\n${told}`;
  }
}
