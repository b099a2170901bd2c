/**
 * What a session leaves for the case that its engine dies: the conversation that its program keeps, and from time to time the
 * workspace. The two may differ by what was done since; whoever goes on is told to look.
 */
import { z } from "zod";
import type { SessionHost } from "../../engine/ports.ts";
import { StaleClaimError } from "../../engine/session-end.ts";

type RecordParts = {
  keepMs: number;
  now(): number;
  /** Tells of a fault of our own; must not throw. */
  report(error: unknown): void;
  /** Files that cannot be kept, with reasons. */
  onLost(reasons: string[]): void;
};

const beganStep = z.object({ kind: z.literal("conversation"), body: z.object({ id: z.string() }) });

export class SessionRecord {
  readonly #host: SessionHost;
  readonly #parts: RecordParts;
  #keptAt: number;
  #keeping: Promise<void> | null = null;

  constructor(host: SessionHost, parts: RecordParts) {
    this.#host = host;
    this.#parts = parts;
    this.#keptAt = parts.now();
  }

  /** The conversation that it had, by whichever engine; null: it has not begun. */
  async joined(): Promise<string | null> {
    const steps = await this.#host.steps();
    const last = steps.findLast((step) => beganStep.safeParse(step).success);
    return last ? beganStep.parse(last).body.id : null;
  }

  async began(id: string): Promise<void> {
    await this.#host.record({ kind: "conversation", body: { id } }, { workspace: false });
  }

  /** The workspace stands on a new tip, with markers in it. */
  async sentBack(): Promise<void> {
    await this.#keep("sent_back");
  }

  /** A tool call has ended: its work may be kept, in the background. */
  worked(): void {
    const { now, keepMs, report } = this.#parts;
    if (this.#keeping || now() - this.#keptAt < keepMs) return;
    this.#keeping = this.#keep("kept")
      .catch((error: unknown) => {
        if (!(error instanceof StaleClaimError)) report(error);
      })
      .finally(() => (this.#keeping = null));
  }

  /** Nothing is being written any more. */
  async settled(): Promise<void> {
    await this.#keeping;
  }

  async #keep(kind: string): Promise<void> {
    this.#keptAt = this.#parts.now();
    const kept = await this.#host.record({ kind, body: {} }, { workspace: true });
    if (!kept.ok) this.#parts.onLost(kept.lost);
  }
}
