/** What an operator may do to a run, from any process, while its engine works. */
import type { Budget } from "../domain/budget.ts";
import { idText, type PlannerId, type RunId } from "../domain/ids.ts";
import { freshCredential } from "../domain/rate.ts";
import type { RunConfig } from "../domain/run-config.ts";
import { runCan } from "../domain/run.ts";
import { pauseRun } from "./pausing.ts";
import { deliver } from "./queueing.ts";
import type { Store, Transition } from "./store-port.ts";

/** `ok: false`: the state does not allow it; `why` is a sentence for the operator. */
export type Answer = { ok: true } | { ok: false; why: string };

export function pause(
  store: Store,
  run: RunId,
  reason: "operator" | "interrupted",
  graceMs: number | null,
): Promise<Answer> {
  return store.transition(run, async (tx) => {
    if (!runCan("pause", tx.run.state)) return refuse(tx, "pause");
    await pauseRun(
      tx,
      reason,
      reason === "operator" ? "paused by the operator" : "interrupted (Ctrl-C or SIGTERM)",
      graceMs ?? tx.run.config.limits.drainMs,
    );
    return { ok: true };
  });
}

/** `config`: a new one in place of the run's; `budget`: fields in place of that one's. Both are the operator's word. */
export type Changes = { config?: RunConfig; budget?: Partial<Budget> };

export function resume(store: Store, run: RunId, { config, budget }: Changes): Promise<Answer> {
  return store.transition(run, async (tx) => {
    if (!runCan("resume", tx.run.state)) return refuse(tx, "resume");
    const before = config ?? tx.run.config;
    await tx.updateRun({ config: { ...before, budget: { ...before.budget, ...budget } } });
    await forgetWaits(tx);
    if (tx.run.state.status === "paused") {
      await putOffDeadline(tx, tx.now - tx.run.state.cutAt);
      await tx.updateRun({ state: { status: "running" } });
    }
    await tx.addEvent("run.resumed", {}, { budget: tx.run.config.budget, newConfig: config !== undefined });
    return { ok: true };
  });
}

/** Nobody worked since the pause had cut what ran: whoever comes back after days finds the cycle's plan, and goes on with it. */
async function putOffDeadline(tx: Transition, restedMs: number): Promise<void> {
  const cycle = await tx.cycle();
  if (cycle?.state.status !== "working" || restedMs <= 0) return;
  await tx.setCycleState(cycle.id, { status: "working", deadlineAt: cycle.state.deadlineAt + restedMs });
}

/** Keys and quotas may be others now: nobody waits for what was known of them. */
async function forgetWaits(tx: Transition): Promise<void> {
  for (const name of Object.keys(await tx.credentials())) await tx.setCredential(name, freshCredential);
  const cycle = await tx.cycle();
  for (const { id, state } of cycle ? await tx.queuedSessions(cycle.id) : [])
    if (state.status === "queued" && state.readyAt > tx.now) await tx.requeueSession(id, tx.now);
}

/** Running sessions are cut, open tasks cancelled; what has landed is published. */
export function stop(store: Store, run: RunId, reason: string): Promise<Answer> {
  return store.transition(run, async (tx) => {
    if (!runCan("stop", tx.run.state)) return refuse(tx, "stop");
    await tx.updateRun({ state: { status: "stopping", reason } });
    await tx.addEvent("run.stopping", {}, { reason });
    return { ok: true };
  });
}

/** A message into a planner's inbox; wakes the planner, also one that was done, as long as its cycle works. */
export function send(store: Store, run: RunId, to: PlannerId | "root", text: string): Promise<Answer> {
  return store.transition(run, async (tx) => {
    if (!runCan("send", tx.run.state)) return refuse(tx, "send to");
    const max = tx.run.config.limits.messageBytesMax;
    if (Buffer.byteLength(text) > max)
      return { ok: false, why: `The message has ${Buffer.byteLength(text)} bytes; at most ${max} are allowed.` };
    const cycle = await tx.cycle();
    if (cycle?.state.status !== "working")
      return {
        ok: false,
        why: "No planner can read it now: the cycle is being judged. Send it again in the next cycle.",
      };
    const planners = await tx.plannersOfCycle(cycle.id);
    const planner = to === "root" ? planners.find((p) => p.parent === null) : planners.find((p) => p.id === to);
    if (!planner) {
      const known = planners.slice(0, 10).map((p) => `${idText("planner", p.id)} (${p.name})`);
      return {
        ok: false,
        why: `There is no planner ${to === "root" ? "root" : idText("planner", to)} in cycle ${cycle.number}. Its planners are ${known.join(", ")}${planners.length > 10 ? ", …" : ""}.`,
      };
    }
    if (planner.status === "cancelled")
      return {
        ok: false,
        why: `${idText("planner", planner.id)} (${planner.name}) was given up with the scope above it: nobody will read it. Send it to root.`,
      };
    await deliver(tx, planner.id, { kind: "operator", text });
    await tx.addEvent("message.sent", { planner: planner.id }, { text });
    return { ok: true };
  });
}

function refuse(tx: Transition, action: string): Answer {
  const { state } = tx.run;
  const now = state.status === "ended" ? `has ended (${state.outcome})` : `is ${state.status}`;
  return { ok: false, why: `Cannot ${action} run ${tx.run.id}: it ${now}.` };
}
