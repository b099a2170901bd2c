/** What follows when a budget is used up: the run pauses, the cycle ends, a planner's scope is given up, or the session ends. */
import { decideSpend, type Account, type Cost } from "../domain/budget.ts";
import type { Failure } from "../domain/failure.ts";
import { handoffOf } from "../domain/handoff.ts";
import type { PlannerId } from "../domain/ids.ts";
import { noUsage, type Session } from "../domain/session.ts";
import { cancelTask, drainCycle, settleCycle } from "./closing.ts";
import { pauseRun } from "./pausing.ts";
import { deliver } from "./queueing.ts";
import { endSession } from "./session-end.ts";
import type { Transition } from "./store-port.ts";

export type Reservation =
  | { kind: "reserved" }
  /** Something under way may still leave enough in this account. */
  | { kind: "wait"; account: Account }
  /** What follows has been done; the session ends with this failure, unless it has been ended already. */
  | { kind: "exhausted"; failure: Extract<Failure, { kind: "cut" | "over_budget" }> };

/** Reserves `ask` for the session when these accounts allow it, or does what their exhaustion asks for. */
export async function reserve(
  tx: Transition,
  session: Session,
  accounts: readonly Account[],
  ask: Cost,
): Promise<Reservation> {
  const decision = decideSpend(accounts, ask);
  switch (decision.kind) {
    case "fits":
      await tx.charge(session, { microUsd: 0, tokens: 0, reservedMicroUsd: ask.microUsd, reservedTokens: ask.tokens });
      return { kind: "reserved" };
    case "wait":
      return { kind: "wait", account: decision.account };
    case "exhausted":
      return { kind: "exhausted", failure: await exhaust(tx, decision.account, decision.detail) };
  }
}

async function exhaust(
  tx: Transition,
  account: Account,
  detail: string,
): Promise<Extract<Failure, { kind: "cut" | "over_budget" }>> {
  switch (account.of) {
    case "run":
      await pauseRun(tx, "budget", detail, tx.run.config.limits.hardDeadlineMs); // What is paid for may finish.
      return { kind: "cut", by: "pause" };
    case "cycle":
      await drainCycle(tx, detail);
      return { kind: "cut", by: "cycle_bound" };
    case "planner":
      await giveUpScope(tx, account.planner, detail);
      return { kind: "cut", by: "cancelled" };
    case "session":
      return { kind: "over_budget", detail };
  }
}

/** Ends the planner and everything below it; the planner above is told. */
async function giveUpScope(tx: Transition, id: PlannerId, detail: string): Promise<void> {
  const planner = await tx.planner(id);
  if (planner?.status !== "active") return;
  const all = await tx.plannersOfCycle(planner.cycle);
  const below = new Set<PlannerId>([id]);
  // Parents come before their children.
  for (const each of all) if (each.parent !== null && below.has(each.parent)) below.add(each.id);
  const reason = `the budget of its scope is used up (${detail})`;
  for (const each of all) {
    if (!below.has(each.id) || each.status !== "active") continue;
    const status = each.id === id ? "failed" : "cancelled";
    await tx.updatePlanner(each.id, { status });
    await tx.addEvent("planner.ended", { planner: each.id }, { status, reason });
    const turn = await tx.liveSession({ kind: "turn", planner: each.id }, planner.cycle);
    if (turn)
      await endSession(tx, turn, { outcome: "cancelled", failure: { kind: "cut", by: "cancelled" }, usage: noUsage });
  }
  for (const task of await tx.tasks(await tx.openTasksOfCycle(planner.cycle)))
    if (below.has(task.planner)) await cancelTask(tx, task.id, reason, "cancelled", below);
  const handoff = handoffOf(`Given up: ${reason}.`, {
    concerns: ["Written by Longhaul: what had landed stays on the trunk, everything else of this scope was cancelled."],
    suggestions: ["Narrow the question, or leave it to the next cycle; the same scope would use up its budget again."],
  });
  await tx.insertHandoff({
    cycle: planner.cycle,
    session: null,
    task: null,
    planner: id,
    status: "failed",
    handoff,
    synthetic: true,
  });
  if (planner.parent !== null)
    await deliver(tx, planner.parent, { kind: "planner_ended", planner: id, status: "failed", handoff });
  await settleCycle(tx);
}
