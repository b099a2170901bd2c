/**
 * A simulated agent that keeps a record: it works through `SessionHost` in steps, as a model does, with calls that fail in
 * every way, and goes on where an earlier engine left it.
 */
import { noTokens, type CallFault } from "../../src/domain/call.ts";
import type { PlannerAction } from "../../src/domain/plan.ts";
import type { AgentAnswer, AgentFailure, CallPermit, SessionHost } from "../../src/engine/ports.ts";
import type { VirtualClock } from "./clock.ts";
import type { Dice } from "./random.ts";

export const vendor = "vendor";
/** What one call may cost at most; it never costs more. */
export const atMost = { microUsd: 400, tokens: 100 };

export type Thinking = { ok: true } | { ok: false; failure: AgentFailure };

export class Mind {
  readonly #dice: Dice;
  readonly #clock: VirtualClock;
  readonly #faults: number;
  readonly #host: SessionHost;
  readonly #dead: () => boolean;
  /** Steps recorded so far. */
  #recorded = 0;

  constructor(parts: { dice: Dice; clock: VirtualClock; faults: number; host: SessionHost }, dead: () => boolean) {
    this.#dice = parts.dice;
    this.#clock = parts.clock;
    this.#faults = parts.faults;
    this.#host = parts.host;
    this.#dead = dead;
  }

  /** True: an earlier engine has begun. What it recorded has to be whole and in order. */
  async resume(): Promise<boolean> {
    const steps = await this.#host.steps();
    steps.forEach(({ body }, at) => {
      if (body !== at) throw new Error(`step ${at} of a record is ${JSON.stringify(body)}: one was lost or done twice`);
    });
    this.#recorded = steps.length;
    return steps.length > 0;
  }

  /** A few calls, each recorded. */
  async think(): Promise<Thinking> {
    for (let left = this.#dice.int(1, 4); left > 0; left--) {
      const thought = await this.#call();
      if (!thought.ok) return thought;
    }
    return { ok: true };
  }

  async note(workspace: boolean): Promise<void> {
    await this.#host.record({ kind: "note", body: this.#recorded++ }, { workspace });
  }

  /** Under a key that is used again when the session is continued: it must not act twice. */
  async act(actions: PlannerAction[]): Promise<void> {
    const again = this.#dice.chance(0.3);
    const first = await this.#host.act("plan", actions);
    const second = again ? await this.#host.act("plan", actions) : first;
    if (JSON.stringify(first) !== JSON.stringify(second)) throw new Error("an action was answered in two ways");
    await this.#host.consider([]);
  }

  async #call(): Promise<Thinking> {
    for (let tries = 1; ; tries++) {
      const permit: CallPermit = await this.#host.beginCall({ credential: vendor, model: "vendor/m", atMost });
      if (!permit.ok) return permit;
      await this.#clock.wait(this.#dice.int(10, 20_000));
      if (this.#dead()) return { ok: false, failure: { kind: "provider", detail: "killed" } };
      const fault = this.#dice.chance(this.#faults) ? this.#fault() : null;
      const billed = fault === null || fault.kind === "broken";
      const again = await this.#host.endCall(
        permit.call,
        {
          tokens: billed ? { ...noTokens, input: this.#dice.int(1, 60), output: this.#dice.int(1, 40) } : noTokens,
          microUsd: billed ? this.#dice.int(1, atMost.microUsd) : 0,
          priceSource: "known",
          fault,
          tries,
        },
        fault === null ? { kind: "reply", body: this.#recorded } : null,
      );
      if (fault === null) {
        this.#recorded++;
        return { ok: true };
      }
      if (!again?.again)
        return { ok: false, failure: again?.failure ?? { kind: "provider", detail: "no advice for a fault" } };
      await this.#clock.wait(again.waitMs);
      if (this.#dead()) return { ok: false, failure: { kind: "provider", detail: "killed" } };
    }
  }

  #fault(): CallFault {
    const retryAfterMs = this.#dice.pick([null, 100, 5_000, 90_000, 3_600_000]);
    return this.#dice.pick<CallFault>([
      { kind: "rate_limited", retryAfterMs, detail: "too much" },
      { kind: "quota", retryAfterMs, detail: "used up" },
      { kind: "unavailable", retryAfterMs, detail: "529" },
      { kind: "broken", detail: "cut" },
      { kind: "broken", detail: "empty" },
      { kind: "bad_request", detail: "400" },
      { kind: "key_refused", detail: "401" },
    ]);
  }
}

export const unfinished = (failure: AgentFailure): AgentAnswer => ({
  kind: "failure",
  failure,
  usage: { microUsd: 0, tokens: 0 },
});
