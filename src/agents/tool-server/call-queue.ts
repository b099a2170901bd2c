/** Owns when each call of one session runs: the order of `nextTogether`, for calls that come at any time. */
import { nextTogether } from "../tools/together.ts";
import type { Tool } from "../tools/tool.ts";

type Waiting = { effect: Tool["effect"]; begin: () => void };

export class CallQueue {
  readonly #waiting: Waiting[] = [];
  #looks = 0;
  /** A call that runs with nothing beside it. */
  #alone = false;

  /** `run` rejects only for bugs of its own. */
  async run<T>(effect: Tool["effect"], run: () => Promise<T>): Promise<T> {
    await new Promise<void>((begin) => {
      this.#waiting.push({ effect, begin });
      this.#beginNext();
    });
    try {
      return await run();
    } finally {
      if (effect === "look") this.#looks--;
      else this.#alone = false;
      this.#beginNext();
    }
  }

  #beginNext(): void {
    if (this.#alone) return;
    const [first, ...more] = nextTogether(this.#waiting, ({ effect }) => effect);
    if (first?.effect === "look") return [first, ...more].forEach((call) => this.#begin(call));
    if (first && this.#looks === 0) this.#begin(first);
  }

  #begin(call: Waiting): void {
    this.#waiting.splice(this.#waiting.indexOf(call), 1);
    if (call.effect === "look") this.#looks++;
    else this.#alone = true;
    call.begin();
  }
}
