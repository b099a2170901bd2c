/**
 * The engine drives one run: one loop that renews leases, advances the run by one transition, and starts what was
 * claimed. Everything it knows is in the store; it may be killed at any moment and another engine goes on.
 */
import type { Failure } from "../domain/failure.ts";
import type { Commit, EngineId, RunId, SessionId } from "../domain/ids.ts";
import type { RunConfig } from "../domain/run-config.ts";
import type { EngineLease, RunStatus } from "../domain/run.ts";
import type { Claim } from "../domain/session.ts";
import { advance, loseSession, slotOf, type Admits, type Capacity, type Step } from "./advance.ts";
import { Calls } from "./calls.ts";
import { Checks } from "./checks.ts";
import { pause } from "./control.ts";
import { message, type Desk } from "./desk.ts";
import { execute, type Execution } from "./execute.ts";
import { Following } from "./following.ts";
import { Lane } from "./lane.ts";
import { Maintenance } from "./maintenance.ts";
import { Mirror } from "./mirror.ts";
import type { Agents, Clock, Commands, Leftovers, Machine, Remote, Trunk } from "./ports.ts";
import { Preparing } from "./preparing.ts";
import { publish } from "./publish.ts";
import { MachineRoom } from "./room.ts";
import { startCycle } from "./queueing.ts";
import type { Store } from "./store-port.ts";

export type Ports = {
  store: Store;
  trunk: Trunk;
  /** Where the run is published beside the user's repository; null: nowhere. */
  remote: Remote | null;
  agents: Agents;
  commands: Commands;
  machine: Machine;
  leftovers: Leftovers;
  clock: Clock;
  /** In [0, 1): spreads those who try again. */
  random(): number;
};

export type EngineOptions = {
  run: RunId;
  me: Omit<EngineLease, "leaseUntil">;
  /** Whether the process that holds a lease is known to be dead, so that nobody has to wait for the lease to end. */
  isDead(holder: EngineLease): boolean;
};

export type EngineEnd =
  | { kind: "ended"; state: Extract<RunStatus, { status: "ended" }> }
  /** The run can be resumed. */
  | { kind: "paused"; state: Extract<RunStatus, { status: "paused" }> }
  /** Another engine drives the run now. */
  | { kind: "taken_over" };

export type EngineStart = { ok: true; engine: Engine } | { ok: false; holder: EngineLease };

/** Takes the run over: nobody else drives it, what died is cleaned away, what the trunk has is recorded. */
export async function startEngine(ports: Ports, options: EngineOptions): Promise<EngineStart> {
  const { store, trunk, leftovers } = ports;
  const { run, me } = options;
  const { config, base } = await store.transition(run, async (tx) => tx.run);
  const holder = await store.acquireRun(run, me, config.limits.leaseMs, options.isDead);
  if (holder) return { ok: false, holder };
  const killed = await leftovers.killAll(run);
  await trunk.begin(run, base);
  await trunk.takeOver(run, me.id);
  await trunk.clearLeftovers(run);
  const engine = new Engine(ports, run, me.id, config);
  await engine.recover(killed);
  return { ok: true, engine };
}

/** A pause for these reasons leaves nothing for the engine to wait for: it ends, and `resume` starts a new one. */
const endsEngine: readonly string[] = ["interrupted", "budget", "planner", "judge", "environment"];

export class Engine {
  readonly #ports: Ports;
  readonly #run: RunId;
  readonly #me: EngineId;
  readonly #desk: Desk;
  readonly #room: MachineRoom;
  readonly #preparing: Preparing;
  readonly #following: Following;
  readonly #executions = new Map<SessionId, Execution>();
  #wake: () => void = () => undefined;
  #woken = false;
  #lastHeartbeatAt = -Infinity;
  #fatal: unknown = null;
  #interrupted = false;
  #pausing: Promise<unknown> | null = null;

  constructor(ports: Ports, run: RunId, me: EngineId, config: RunConfig) {
    this.#ports = ports;
    this.#run = run;
    this.#me = me;
    const { store, trunk, remote, agents, commands, machine, clock } = ports;
    const { limits, publish: published } = config;
    const report = (error: unknown) => this.#report(error);
    const checks = new Checks({ store, trunk, commands, clock, run, config, report });
    this.#desk = {
      store,
      trunk,
      agents,
      commands,
      machine,
      clock,
      config,
      report,
      checks,
      lane: new Lane({ store, trunk, clock, run, checks, config, report }),
      maintenance: new Maintenance({ store, trunk, clock, run, limits, report }),
      mirror: new Mirror({ store, remote, clock, run, limits, follows: Boolean(published?.follow), report }),
      calls: new Calls(store, clock, run, limits.pollMs, ports.random),
    };
    this.#room = new MachineRoom(this.#desk, run);
    this.#following = new Following({ store, lane: this.#desk.lane, clock, run, limits, report });
    this.#preparing = new Preparing({ store, trunk, commands, clock, run, config, report, wake: () => this.wake() });
  }

  /** @internal Called by `startEngine`. */
  async recover(killed: number): Promise<void> {
    await this.#desk.lane.readBack();
    await this.#ports.store.transition(this.#run, async (tx) => {
      const lost = await tx.runningSessions();
      for (const session of lost) await loseSession(tx, session);
      if (!(await tx.cycle())) await startCycle(tx, 1, "");
      await tx.addEvent("engine.started", {}, { engine: this.#me, lostSessions: lost.length, killedProcesses: killed });
    });
  }

  /** Drives the run until it ends, is paused for good, or is taken over. Rejects when the store can no longer be used. */
  async drive(): Promise<EngineEnd> {
    const stopListening = this.#ports.store.onForeignChange(() => this.wake());
    try {
      return await this.#loop();
    } finally {
      stopListening();
      this.#cutAll("pause");
      await Promise.allSettled([...this.#executions.values()].map(({ done }) => done));
      const { checks, maintenance, mirror } = this.#desk;
      await Promise.all([
        checks.stop(),
        maintenance.stop(),
        mirror.settled(),
        this.#preparing.stop(),
        this.#following.settled(),
      ]);
    }
  }

  async #loop(): Promise<EngineEnd> {
    for (;;) {
      if (this.#fatal)
        throw this.#fatal instanceof Error
          ? this.#fatal
          : new Error("a session could not be recorded", { cause: this.#fatal });
      if (!(await this.#heartbeat())) return { kind: "taken_over" };
      this.#woken = false;
      const step = await this.#step();
      if (!step) return { kind: "taken_over" };
      if (this.#preparing.waitedFor === null) this.#desk.checks.tipMoved(step.tip);
      this.#desk.mirror.look(step);
      if (step.state.status === "running") this.#following.look(this.#desk.mirror.followed);
      this.#desk.maintenance.look();
      this.#preparing.tipMoved(step.tip);
      if (step.state.status === "running" && !this.#pausing) this.#interrupted = false; // Taken back by a resume.
      if (step.cut) this.#cutAll(step.cut);
      const end = this.#endOf(step.state);
      if (end && this.#executions.size === 0 && (await this.#leave(end))) return end;
      await this.#sleep(step.nextMs);
    }
  }

  /** Something has changed; look now. */
  wake(): void {
    this.#woken = true;
    this.#wake();
  }

  /** First call: no new sessions, running ones finish. Second call: they are cut. `drive` then answers `paused`. */
  async interrupt(): Promise<void> {
    if (this.#interrupted) {
      this.#cutAll("pause");
    } else {
      this.#interrupted = true;
      this.#pausing = pause(this.#ports.store, this.#run, "interrupted", null); // Refused where nothing has to be paused.
      await this.#pausing;
      this.#pausing = null;
    }
    this.wake();
  }

  /** Null: the run is not ours any more. */
  async #step(): Promise<(Step & { tip: Commit; green: Commit | null }) | null> {
    const mine = new Map(this.#executions);
    const { store, agents } = this.#ports;
    const admission = await this.#room.look(mine.values());
    const admits: Admits = {
      credentialOf: (agent) => agents.traits(agent).credential,
      admit: (agent) => admission.admit(this.#room.needsOf(agent)),
    };
    const step = await store.transition(this.#run, async (tx) => {
      if (tx.run.engine?.id !== this.#me) return null;
      const advanced = await advance(tx, this.#me, this.#free(), mine, admits);
      await this.#room.tell(tx, admission, this.#preparing.waitedFor);
      return { ...advanced, tip: tx.run.tip, green: tx.run.green };
    });
    if (!step) return null;
    for (const session of step.gone) mine.get(session)?.watch.cut({ kind: "cut", by: "cancelled" });
    for (const claim of step.claims) this.#start(claim);
    return step;
  }

  #start(claim: Claim): void {
    const execution = execute(this.#desk, claim);
    this.#executions.set(claim.session, execution);
    void execution.done
      .catch((error: unknown) => (this.#fatal ??= error))
      .finally(() => {
        this.#executions.delete(claim.session);
        this.wake();
      });
  }

  #free(): Capacity {
    const { workers, planners } = this.#desk.config.parallel;
    const canWork = this.#preparing.waitedFor === null;
    const free: Capacity = { planner: planners, worker: canWork ? workers : 0, judge: canWork ? 1 : 0 };
    for (const { claim } of this.#executions.values()) free[slotOf[claim.subject.kind]]--;
    return free;
  }

  /** False: the run is not ours any more. */
  async #heartbeat(): Promise<boolean> {
    const { leaseMs } = this.#desk.config.limits;
    const now = this.#ports.clock.elapsed();
    if (now - this.#lastHeartbeatAt < leaseMs / 3) return true;
    this.#lastHeartbeatAt = now;
    return this.#ports.store.heartbeat(this.#run, this.#me, leaseMs);
  }

  #cutAll(by: Extract<Failure, { kind: "cut" }>["by"]): void {
    for (const { watch } of this.#executions.values()) watch.cut({ kind: "cut", by });
  }

  #endOf(state: RunStatus): Extract<EngineEnd, { kind: "ended" | "paused" }> | null {
    if (state.status === "ended") return { kind: "ended", state };
    return state.status === "paused" && (this.#interrupted || endsEngine.includes(state.reason))
      ? { kind: "paused", state }
      : null;
  }

  /** False: somebody resumed the run while the engine was about to leave; it goes on. */
  async #leave(end: Extract<EngineEnd, { kind: "ended" | "paused" }>): Promise<boolean> {
    const { store } = this.#ports;
    await publish(this.#desk, this.#run);
    await this.#desk.mirror.finish();
    if (end.kind === "ended") await this.#desk.maintenance.finish();
    if (!(await store.releaseRun(this.#run, this.#me, end.state.status))) return false;
    await store.transition(this.#run, (tx) => tx.addEvent("engine.stopped", {}, { engine: this.#me }));
    return true;
  }

  #sleep(nextMs: number | null): Promise<void> {
    if (this.#woken) return Promise.resolve();
    const { leaseMs, pollMs } = this.#desk.config.limits;
    const ms = Math.min(nextMs ?? pollMs, pollMs, leaseMs / 3);
    return new Promise((resolve) => {
      const cancel = this.#ports.clock.timer(ms, () => this.#wake());
      this.#wake = () => {
        this.#wake = () => undefined;
        cancel();
        resolve();
      };
    });
  }

  #report(error: unknown): void {
    const detail = message(error);
    this.#ports.store
      .transition(this.#run, async (tx) => {
        // What fails us when another engine has the run is none of the run's problems.
        const holder = tx.run.engine;
        if (holder === null || holder.id === this.#me) await tx.addEvent("engine.problem", {}, { detail });
      })
      .catch((cause: unknown) => (this.#fatal ??= cause));
  }
}
