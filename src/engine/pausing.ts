/** Pauses a run, once: a run that is already paused, stopping or ended stays as it is. */
import type { PauseReason } from "../domain/run.ts";
import type { Transition } from "./store-port.ts";

/** Running sessions may finish for `graceMs`, then they are cut. */
export async function pauseRun(tx: Transition, reason: PauseReason, detail: string, graceMs: number): Promise<void> {
  if (tx.run.state.status !== "running") return;
  await tx.updateRun({ state: { status: "paused", reason, detail, cutAt: tx.now + graceMs } });
  await tx.addEvent("run.paused", {}, { reason, detail });
}
