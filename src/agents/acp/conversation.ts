/** Owns which program holds a session's conversation: the one that runs, one that joins it again, or a new one. */
import { describeFailure } from "../../domain/failure.ts";
import type { AgentFailure } from "../../engine/ports.ts";
import type { LiveSession } from "./live.ts";
import { closedEarly, openLive, type OpeningHost, type OpeningOrder } from "./opening.ts";
import type { SessionRecord } from "./record.ts";

/** `new`: it knows nothing; `rejoined`: it knows all but what happened to its program. */
export type Attached = { live: LiveSession; is: "new" | "rejoined" | "same" } | { failure: AgentFailure };

export class Conversation {
  readonly #host: OpeningHost;
  readonly #record: SessionRecord;
  #live: LiveSession | null = null;
  /** Of the protocol: what another program can go on with. */
  #id: string | null = null;
  #looked = false;

  constructor(host: OpeningHost, record: SessionRecord) {
    this.#host = host;
    this.#record = record;
  }

  get live(): LiveSession | null {
    return this.#live;
  }

  get canRejoin(): boolean {
    return this.#id !== null;
  }

  async attach(order: Omit<OpeningOrder, "rejoin">): Promise<Attached> {
    if (order.signal.aborted) return { failure: closedEarly };
    if (this.#live) return { live: this.#live, is: "same" };
    // Only a session that another engine had begins with a conversation.
    if (!this.#looked) this.#id = await this.#record.joined();
    this.#looked = true;
    if (this.#id !== null) {
      const joined = await openLive(this.#host, { ...order, rejoin: this.#id });
      if (joined.ok) return { live: (this.#live = joined.live), is: "rejoined" };
      if (joined.failure.kind === "suspended" || order.signal.aborted) return joined;
      const why = describeFailure(joined.failure);
      order.onWords(`\n[longhaul: it cannot go on in its conversation and begins anew: ${why}]\n`);
      this.#id = null;
    }
    const opened = await openLive(this.#host, { ...order, rejoin: null });
    if (!opened.ok) return opened;
    this.#live = opened.live;
    if (opened.canRejoin) {
      this.#id = opened.live.id;
      await this.#record.began(opened.live.id);
    }
    return { live: opened.live, is: "new" };
  }

  /** Ends the program, not the conversation. */
  async leave(graceMs: number): Promise<void> {
    const live = this.#live;
    this.#live = null;
    await live?.close(graceMs);
  }

  /** Nothing can go on in it: the next program begins anew. */
  async forget(): Promise<void> {
    this.#id = null;
    await this.leave(0);
  }
}
