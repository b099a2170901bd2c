/**
 * One step of the scheduler, as one transition: bounds are enforced, lost sessions are queued again, and sessions are
 * claimed up to the free capacity. What it answers is for the engine to carry out.
 */
import type { Failure } from "../domain/failure.ts";
import type { EngineId, PlannerId, SessionId } from "../domain/ids.ts";
import { rateLimits } from "../domain/limits.ts";
import type { RunStatus } from "../domain/run.ts";
import { noUsage, plannerOf, type Claim, type Session, type SessionKind } from "../domain/session.ts";
import { failAttempt } from "./attempts.ts";
import { reserve } from "./budgets.ts";
import { abandonWork, drainCycle, settleCycle } from "./closing.ts";
import { endRun, failJudgement } from "./judgements.ts";
import { queueAttempt } from "./queueing.ts";
import { aboutSession } from "./session-end.ts";
import { endTurnFailed } from "./turns.ts";
import type { Transition } from "./store-port.ts";

/** Sessions that may be added, by the slots that they take. */
export type Capacity = { [S in Slot]: number };
type Slot = "planner" | "worker" | "judge";
export const slotOf: { [K in SessionKind]: Slot } = {
  turn: "planner",
  attempt: "worker",
  arbitration: "worker",
  judgement: "judge",
};

/** What the engine knows of an agent, by its name. `admit`: there is room on the machine, and it is taken. */
export type Admits = { credentialOf(agent: string): string | null; admit(agent: string): boolean };

export type Step = {
  state: RunStatus;
  /** Now ours to run. */
  claims: Claim[];
  /** Ours until now, but ended by somebody else: to be cut. */
  gone: SessionId[];
  /** Every running session is to be cut, for this reason. */
  cut: Extract<Failure, { kind: "cut" }>["by"] | null;
  /** Ms until something is due by time alone; null: nothing is. */
  nextMs: number | null;
};

/** `mine`: the sessions that this engine really runs. */
export async function advance(
  tx: Transition,
  engine: EngineId,
  free: Capacity,
  mine: ReadonlyMap<SessionId, unknown>,
  { credentialOf, admit }: Admits,
): Promise<Step> {
  const running = await tx.runningSessions();
  for (const session of running) if (isLost(session, engine, mine, tx.now)) await loseSession(tx, session);
  if (tx.run.state.status === "stopping") await stopIfDry(tx, tx.run.state.reason);
  const claims: Claim[] = [];
  if (tx.run.state.status === "running") {
    await drainCycle(tx, null);
    await settleCycle(tx);
    claims.push(...(await claimSessions(tx, engine, free, { credentialOf, admit })));
    if (running.length + claims.length === 0) await releaseStranded(tx);
  }
  const held = new Set((await tx.runningSessions()).map((session) => session.id));
  return {
    state: tx.run.state,
    claims,
    gone: [...mine.keys()].filter((session) => !held.has(session)),
    cut: await cutDue(tx),
    nextMs: await nextDue(tx),
  };
}

/** A holder that no longer renews its lease, or that is this engine but has forgotten the session (a commit whose answer was lost). */
function isLost(session: Session, engine: EngineId, mine: ReadonlyMap<SessionId, unknown>, now: number): boolean {
  if (session.state.status !== "running") return false;
  return session.state.holder === engine ? !mine.has(session.id) : session.state.leaseUntil < now;
}

export async function loseSession(tx: Transition, session: Session): Promise<void> {
  if (session.state.status !== "running") return;
  const failure: Failure = { kind: "lost" };
  switch (session.subject.kind) {
    case "turn": {
      const { id, run, cycle, subject, agent, token } = session;
      const { holder, startedAt } = session.state;
      await endTurnFailed(tx, { session: id, run, cycle, subject, agent, token, holder, startedAt }, failure, noUsage);
      return;
    }
    case "attempt":
    case "arbitration": {
      const task = await tx.task(session.subject.task);
      if (task) await failAttempt(tx, session, task, failure, noUsage);
      return;
    }
    case "judgement":
      await failJudgement(tx, session, failure, noUsage);
  }
}

async function claimSessions(
  tx: Transition,
  engine: EngineId,
  free: Capacity,
  { credentialOf, admit }: Admits,
): Promise<Claim[]> {
  const cycle = await tx.cycle();
  // What lost again and again goes before what has not begun: it is finished work.
  const working: SessionKind[] = ["turn", "arbitration", "attempt"];
  const kinds: SessionKind[] =
    cycle?.state.status === "judging" ? ["judgement"] : cycle?.state.status === "working" ? working : [];
  const left = { ...free };
  const { agents, limits } = tx.run.config;
  const resting = await restingAgents(tx, credentialOf);
  const claims: Claim[] = [];
  // Whose scope waits for money: what else is queued does not stand in line behind them.
  const waiting = new Set<PlannerId>();
  const next = (kind: SessionKind) => tx.claimable(kind, left[slotOf[kind]], resting, [...waiting]);
  for (const kind of kinds) {
    const queue = left[slotOf[kind]] > 0 ? await next(kind) : [];
    for (let session = queue.shift(); session; session = queue.shift()) {
      const planner = plannerOf(session.subject);
      if ((planner !== null && waiting.has(planner)) || !admit(session.agent)) continue;
      const agent = agents[session.agent];
      // A session whose own budget is used up is claimed as well: ending it is its holder's part.
      const accounts = (await tx.accounts(session)).filter((account) => account.of !== "session");
      const ask = { microUsd: agent && agent.kind !== "model" ? agent.costMicroUsd : 0, tokens: 0 };
      const reservation = await reserve(tx, session, accounts, ask);
      if (reservation.kind === "exhausted") return claims; // What was claimable may be ended now; look again.
      if (reservation.kind === "wait") {
        if (planner === null || reservation.account.of !== "planner") continue;
        waiting.add(planner);
        queue.splice(0, Infinity, ...(await next(kind)));
        continue;
      }
      const claim = await tx.claim(session, engine, tx.now + limits.leaseMs);
      if ("task" in session.subject)
        await tx.setTask(session.subject.task, { state: { status: "running", session: session.id } });
      await tx.addEvent("session.started", aboutSession(session), { kind, agent: session.agent });
      claims.push(claim);
      left[slotOf[kind]]--;
    }
  }
  return claims;
}

/** Agents whose credential takes no call for now: their sessions would only sit in their slots. */
async function restingAgents(tx: Transition, credentialOf: (agent: string) => string | null): Promise<string[]> {
  const credentials = await tx.credentials();
  return Object.keys(tx.run.config.agents).filter((agent) => {
    const name = credentialOf(agent);
    const credential = name === null ? undefined : credentials[name];
    return credential && credential.until > tx.now + rateLimits.waitInSlotMs;
  });
}

async function stopIfDry(tx: Transition, reason: string): Promise<void> {
  if ((await tx.runningSessions()).length > 0) return;
  const cycle = await tx.cycle();
  if (cycle && cycle.state.status !== "ended") {
    await abandonWork(tx, cycle.id, "the run was stopped", "stop");
    await tx.setCycleState(cycle.id, { status: "ended", commit: tx.run.tip, at: tx.now });
  }
  await endRun(tx, "stopped", reason);
}

/** The safety net under the counting of blockers: a task that waits for nothing is made ready, and said. */
async function releaseStranded(tx: Transition): Promise<void> {
  const cycle = await tx.cycle();
  if (cycle?.state.status !== "working") return;
  for (const task of await tx.tasks(await tx.strandedTasks(cycle.id))) {
    await tx.addEvent(
      "engine.problem",
      { task: task.id },
      { detail: "a blocked task had no unfinished dependency; made ready" },
    );
    await tx.setTask(task.id, { state: { status: "ready" } });
    await queueAttempt(tx, task, tx.now);
  }
}

async function cutDue(tx: Transition): Promise<Step["cut"]> {
  const { state } = tx.run;
  if (state.status === "stopping" || state.status === "ended") return "stop";
  if (state.status === "paused") return tx.now >= state.cutAt ? "pause" : null;
  const cycle = await tx.cycle();
  return cycle?.state.status === "draining" && tx.now >= cycle.state.cutAt ? "cycle_bound" : null;
}

async function nextDue(tx: Transition): Promise<number | null> {
  const { state } = tx.run;
  const due: (number | null)[] = [];
  if (state.status === "paused") due.push(state.cutAt);
  if (state.status === "running") {
    const cycle = await tx.cycle();
    due.push(await tx.nextReadyAt());
    if (cycle?.state.status === "working") due.push(cycle.state.deadlineAt);
    if (cycle?.state.status === "draining") due.push(cycle.state.cutAt);
  }
  // What is past has been seen to in this very step; waiting 0 ms for it would spin.
  const ahead = due.filter((at) => at !== null).filter((at) => at > tx.now);
  return ahead.length === 0 ? null : Math.min(...ahead) - tx.now;
}
