/**
 * Watches one running session: soft deadline, hard deadline, stall, and cuts from outside. Keeps: once a session is
 * cut, whatever its agent answers later counts for nothing, and the reason of the first cut stays.
 */
import type { Brief } from "../domain/brief.ts";
import type { Failure } from "../domain/failure.ts";
import type { Limits } from "../domain/limits.ts";
import { noUsage } from "../domain/session.ts";
import type { AgentAnswer, AgentSession, Clock } from "./ports.ts";

export type WatchedAnswer =
  | Exclude<AgentAnswer, { kind: "failure" }>
  | { kind: "failure"; failure: Failure; usage: AgentAnswer["usage"] };

export class Watch {
  /** By the clock that the agent sees. */
  softAt = 0;
  hardAt = 0;
  /** In `elapsed`, later by the time that stood still. */
  #beganAt = 0;
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #report: (error: unknown) => void;
  #agent: AgentSession | null = null;
  #cut: Failure | null = null;
  readonly #cutting = new AbortController();
  #lastOutputAt = 0;
  #conversing = false;
  #waiting = 0;
  #timers: (() => void)[] = [];
  #stallTimer: (() => void) | null = null;

  constructor(clock: Clock, limits: Limits, report: (error: unknown) => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#report = report;
  }

  /** The agent's time begins; before that only `cut` ends the session. */
  begin(): void {
    this.#beganAt = this.#clock.elapsed();
    this.#arm();
  }

  /** The agent has answered, and what has to be done about it may take long: its time stands still meanwhile. */
  async standsStill<T>(work: Promise<T>): Promise<T> {
    const since = this.#clock.elapsed();
    this.#disarm();
    try {
      return await work;
    } finally {
      this.#beganAt += this.#clock.elapsed() - since;
      this.#arm();
    }
  }

  /** Why the session was cut, if it was. */
  get cutBy(): Failure | null {
    return this.#cut;
  }

  sawOutput(): void {
    this.#lastOutputAt = this.#clock.elapsed();
  }

  /** Waiting for others is no stall. Answers how to say that it is over. */
  waits(): () => void {
    this.#waiting++;
    return () => {
      this.#waiting--;
      this.sawOutput();
    };
  }

  /** Repeatable; only the first reason counts. */
  cut(failure: Failure): void {
    if (this.#cut) return;
    this.#cut = failure;
    this.#agent?.close().catch(this.#report);
    this.#cutting.abort();
  }

  /** Aborted when the session is cut. */
  get cutSignal(): AbortSignal {
    return this.#cutting.signal;
  }

  async converse(agent: AgentSession, brief: Brief): Promise<WatchedAnswer> {
    if (this.#cut) return { kind: "failure", failure: this.#cut, usage: noUsage };
    this.#agent = agent;
    this.#conversing = true;
    this.sawOutput();
    this.#armStall(this.#limits.stallMs);
    try {
      const answer = await agent.converse(brief);
      return this.#cut ? { kind: "failure", failure: this.#cut, usage: answer.usage } : answer;
    } finally {
      this.#conversing = false;
      this.#stallTimer?.();
    }
  }

  /** Ends the timers. */
  end(): void {
    this.#stallTimer?.();
    this.#disarm();
    this.#agent = null;
  }

  #arm(): void {
    const { softDeadlineMs, hardDeadlineMs } = this.#limits;
    const [now, spentMs] = [this.#clock.now(), this.#clock.elapsed() - this.#beganAt];
    const [softMs, hardMs] = [softDeadlineMs - spentMs, hardDeadlineMs - spentMs];
    [this.softAt, this.hardAt] = [now + softMs, now + hardMs];
    const soft = softMs > 0 ? [this.#clock.timer(softMs, () => this.#agent?.handOffNow())] : [];
    const late = () => this.cut({ kind: "timed_out", afterMs: hardDeadlineMs });
    this.#timers = [...soft, this.#clock.timer(Math.max(0, hardMs), late)];
  }

  #disarm(): void {
    for (const cancel of this.#timers) cancel();
  }

  #armStall(afterMs: number): void {
    this.#stallTimer = this.#clock.timer(afterMs, () => {
      if (!this.#conversing) return;
      if (this.#waiting > 0) this.sawOutput();
      const quietMs = this.#clock.elapsed() - this.#lastOutputAt;
      if (quietMs >= this.#limits.stallMs) this.cut({ kind: "stalled", afterMs: this.#limits.stallMs });
      else this.#armStall(this.#limits.stallMs - quietMs);
    });
  }
}
