/**
 * Whole runs of the real engine on the real store, under a virtual clock, with simulated agents and trunk: every
 * choice comes from one seed. Engines are killed between any two steps, frozen and thawed after another took over,
 * and the operator pauses, resumes and writes. Invariants are checked after every step.
 */
import { sql } from "kysely";
import type { Commit, EngineId, PlannerId, RunId } from "../../src/domain/ids.ts";
import { pause, resume, send, stop } from "../../src/engine/control.ts";
import { startEngine, type EngineEnd, type Ports } from "../../src/engine/engine.ts";
import type { Exchange } from "../../src/engine/ports.ts";
import type { Store } from "../../src/engine/store-port.ts";
import type { Database } from "../../src/store/dialect.ts";
import { openSqlite } from "../../src/store/sqlite.ts";
import { openStore } from "../../src/store/store.ts";
import { SimAgents } from "./agents.ts";
import { quiet, VirtualClock } from "./clock.ts";
import { checkEnd, checkInvariants } from "./invariants.ts";
import { configOf, dayMs } from "./config.ts";
import { Dice } from "./random.ts";
import { SimTrunk } from "./trunk.ts";

const run = "sim" as RunId;
const stepsMax = 60_000;
/** Before and after the branch moves is where most can go wrong. */
const riskier = 20;

/** What a simulated run came to; equal for equal seeds. */
export type Report = {
  outcome: string;
  steps: number;
  crashes: number;
  takeovers: number;
  landed: number;
  cycles: number;
  conflicts: number;
  history: string;
};

export async function simulate(seed: number): Promise<Report> {
  const world = await World.make(seed);
  try {
    return await world.play();
  } finally {
    await world.database.close();
  }
}

/** One engine process: it dies at a step, or is frozen between two. */
type Process = { dead: boolean; thaw: Promise<void> | null; end: EngineEnd | null; error: unknown };

class World {
  readonly dice: Dice;
  readonly clock = new VirtualClock();
  readonly trunk: SimTrunk;
  readonly agents: SimAgents;
  readonly database: Database;
  readonly store: Store;
  readonly crashRate: number;
  readonly freezeRate: number;
  /** null: the run has no remote. */
  readonly remoteFaults: number | null;
  readonly jumpRate: number;
  engines = 0;
  /** By people, to the branch that is followed. */
  #pushes = 0;
  #checkedAt = -1;
  crashes = 0;
  takeovers = 0;

  private constructor(dice: Dice, database: Database, store: Store, clock: VirtualClock) {
    this.dice = dice;
    this.clock = clock;
    this.database = database;
    this.store = store;
    const faults = dice.pick([0, 0.02, 0.1, 0.25]);
    const diskFaults = dice.pick([0, 0, 0.02]);
    this.trunk = new SimTrunk(
      () => (dice.chance(0.5) ? clock.wait(dice.int(1, 30_000)) : Promise.resolve()),
      () => dice.chance(diskFaults),
    );
    this.agents = new SimAgents(dice, clock, this.trunk.edits, faults);
    this.crashRate = dice.pick([0, 0.002, 0.01]);
    this.freezeRate = dice.pick([0, 0, 0.001]);
    this.remoteFaults = dice.pick([null, null, 0, 0.5]);
    this.jumpRate = dice.pick([0, 0, 0.01]);
  }

  static async make(seed: number): Promise<World> {
    const clock = new VirtualClock();
    const database = openSqlite(":memory:", clock);
    const store = await openStore(database);
    return new World(new Dice(seed), database, store, clock);
  }

  async play(): Promise<Report> {
    await this.store.createRun({
      id: run,
      repository: "/sim",
      goal: "simulate",
      config: configOf(this.dice),
      base: this.trunk.root,
    });
    const zombies: Process[] = [];
    let process = this.#boot();
    let steps = 0;
    for (; steps < stepsMax; steps++) {
      await quiet();
      await this.#checkIfChanged();
      if (process.error)
        throw process.error instanceof Error ? process.error : new Error("engine failed", { cause: process.error });
      if (process.end?.kind === "ended") break;
      if (process.end || process.dead || process.thaw) {
        if (process.thaw) zombies.push(process);
        process = await this.#replace(process);
        continue;
      }
      if (this.dice.chance(0.01)) await this.#operate();
      if (this.dice.chance(this.jumpRate)) this.clock.jump(this.dice.pick([-3_600_000, -60_000, 60_000, 7_200_000]));
      if (!this.clock.next()) throw new Error("nothing will ever happen again, and the run has not ended");
    }
    if (process.end?.kind !== "ended")
      throw new Error(
        `the run did not end within ${stepsMax} steps; its last events:\n${(await this.#history()).split("\n").slice(-60).join("\n")}`,
      );
    while (zombies.some((zombie) => !zombie.end && !zombie.error && !zombie.dead) && this.clock.next()) await quiet();
    for (const zombie of zombies)
      if (zombie.error) throw zombie.error instanceof Error ? zombie.error : new Error("a stale engine failed");
    // What a stale engine leaves when it dies, the next one to come clears away.
    if (zombies.some((zombie) => zombie.dead)) this.trunk.open.clear();
    await checkEnd(this.database.db, this.trunk, this.agents.read);
    return this.#report(process.end, steps);
  }

  async #checkIfChanged(): Promise<void> {
    const { rows } = await sql<{ changes: number }>`select total_changes() as changes`.execute(this.database.db);
    const changes = rows[0]?.changes ?? 0;
    if (changes === this.#checkedAt) return;
    this.#checkedAt = changes;
    await checkInvariants(this.database.db, this.trunk, this.agents.read);
  }

  /** After a crash, a pause or a take-over: the next engine. */
  async #replace(old: Process): Promise<Process> {
    if (old.dead) this.crashes++;
    if (old.thaw) this.takeovers++;
    if (old.end?.kind === "paused") await resume(this.store, run, { budget: { microUsd: null, tokens: null } });
    if (this.dice.chance(0.3)) this.clock.timer(this.dice.int(1, 100_000), () => undefined);
    return this.#boot();
  }

  async #operate(): Promise<void> {
    switch (this.dice.int(0, 2)) {
      case 0:
        await this.#write();
        return;
      case 1:
        await pause(this.store, run, "operator", this.dice.pick([0, 30_000]));
        this.clock.timer(this.dice.int(1, 200_000), () => void resume(this.store, run, {}));
        return;
      default:
        if (this.dice.chance(0.2)) await stop(this.store, run, "enough");
    }
  }

  /** To any planner of any cycle, those that are done as well: it is refused or it wakes them. */
  async #write(): Promise<void> {
    const planners = await this.database.db
      .selectFrom("planners")
      .select("id")
      .orderBy("id", "desc")
      .limit(8)
      .execute();
    if (planners.length > 0) await send(this.store, run, this.dice.pick(planners).id as PlannerId, "how is it going?");
  }

  #boot(): Process {
    const process: Process = { dead: false, thaw: null, end: null, error: null };
    const me = { id: `e${++this.engines}` as EngineId, host: "sim", pid: this.engines };
    const ports = this.#ports(process);
    // Every other engine is dead or frozen, as a supervisor that starts a new one believes.
    startEngine(ports, { run, me, isDead: () => true })
      .then(async (start) => {
        if (!start.ok) throw new Error("the run is held");
        process.end = await start.engine.drive();
      })
      .catch((error: unknown) => {
        process.error = error;
      });
    return process;
  }

  async #exchange(): Promise<Exchange> {
    await this.clock.wait(this.dice.int(1, 200_000));
    const commit = this.trunk.tip();
    if (this.dice.chance((this.remoteFaults ?? 0) / 10)) throw new Error("the disk failed under the simulated remote");
    const fails = this.dice.chance(this.remoteFaults ?? 0);
    if (this.dice.chance(0.3)) this.#pushes++;
    const followed = fails || this.#pushes === 0 ? null : (`h${this.#pushes}` as Commit);
    return { pushed: fails ? [] : [{ branch: "sim", commit }], faults: fails ? ["no way"] : [], followed };
  }

  #ports(process: Process): Ports {
    const step = () => this.#step(process);
    const guard =
      <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        await step();
        const result = await work(...args);
        await step();
        return result;
      };
    const { store, clock } = this;
    return {
      trunk: this.trunk.port(step, () => this.#step(process, riskier)),
      agents: this.agents.port(step),
      leftovers: { killAll: guard(async () => this.agents.killAll()) },
      commands: {
        run: guard(async ({ signal }) => {
          const ms = this.dice.int(100, 60_000);
          await clock.wait(ms);
          return {
            exitCode: signal.aborted ? null : this.dice.chance(0.8) ? 0 : 1,
            timedOut: false,
            output: `score=${this.dice.int(0, 100)}\n`,
            ms,
          };
        }),
      },
      remote: this.remoteFaults === null ? null : { exchange: guard(() => this.#exchange()) },
      machine: { freeDiskBytes: async () => Infinity, freeMemoryBytes: () => Infinity },
      random: () => this.dice.int(0, 999) / 1000,
      clock: {
        now: () => clock.now(),
        elapsed: () => clock.elapsed(),
        timer: (ms, fire) =>
          clock.timer(ms, () => void (process.thaw ?? Promise.resolve()).then(() => process.dead || fire())),
      },
      store: {
        ...store,
        transition: guard(store.transition),
        heartbeat: guard(store.heartbeat),
        acquireRun: guard(store.acquireRun),
        releaseRun: guard(store.releaseRun),
        appendTranscript: guard(store.appendTranscript),
        onForeignChange: () => () => undefined,
      },
    };
  }

  /** A point between two steps of an engine: it may die here, or freeze until long after another took over. */
  async #step(process: Process, risk = 1): Promise<void> {
    if (process.dead) return new Promise(() => undefined);
    if (process.thaw) await process.thaw;
    if (process.dead) return new Promise(() => undefined);
    if (this.dice.chance(this.crashRate * risk)) {
      process.dead = true;
      this.agents.killAll();
      return new Promise(() => undefined);
    }
    if (this.dice.chance(this.freezeRate * risk)) {
      process.thaw = this.clock.wait(this.dice.int(1_000, 300_000)).then(() => undefined);
      await process.thaw;
    }
  }

  async #history(): Promise<string> {
    const events = await this.database.db.selectFrom("events").selectAll().orderBy("seq").execute();
    return events
      .map(
        (event) => `${event.at} ${event.type} ${event.session_id} ${event.task_id} ${event.planner_id} ${event.data}`,
      )
      .join("\n");
  }

  async #report(end: Extract<EngineEnd, { kind: "ended" }>, steps: number): Promise<Report> {
    const history = await this.#history();
    const { config } = await this.store.transition(run, async (tx) => tx.run);
    if (config.limits.cycleMs === dayMs && / cycle\.draining (?!.*"budget")/.test(history))
      throw new Error("a cycle went on until its bound of a day: something turns in a circle");
    const cycles = await this.database.db.selectFrom("cycles").select("id").execute();
    return {
      outcome: end.state.outcome,
      steps,
      crashes: this.crashes,
      takeovers: this.takeovers,
      landed: this.trunk.landings().length,
      cycles: cycles.length,
      conflicts: [...history.matchAll(/ landing\.conflict /g)].length,
      history,
    };
  }
}
