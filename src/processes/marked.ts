/**
 * Owns the search for processes by the marks in their environment, which is how those are found that left their
 * group (`setsid`, double fork). Waiting requests share one pass over `/proc`. A program that overwrites its own
 * environment escapes: only a sandbox with its own process ids helps against that.
 */
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { processLimits } from "../domain/limits.ts";
import type { Environment } from "../engine/ports.ts";
import { environmentOf, processIds } from "./proc.ts";

type Search = {
  needles: Buffer[];
  spared: ReadonlySet<number>;
  killed: Set<number>;
  until: number;
  found: boolean;
  answer(killed: number): void;
  fail(error: unknown): void;
};

export class MarkedProcesses {
  readonly #spared: () => readonly (number | null)[];
  #waiting: Search[] = [];
  #running = false;

  constructor(spared: () => readonly (number | null)[]) {
    this.#spared = spared;
  }

  /** Passes are repeated until one finds nothing; the last one begins after the call. */
  kill(marks: Environment, spared: ReadonlySet<number> = new Set()): Promise<number> {
    const needles = needlesOf(marks);
    return new Promise((answer, fail) => {
      const until = performance.now() + processLimits.markedGoneMs;
      this.#waiting.push({ needles, spared, killed: new Set(), until, found: false, answer, fail });
      if (!this.#running) void this.#run();
    });
  }

  /** In one pass: what is started meanwhile may be missing. */
  async find(marks: Environment): Promise<Set<number>> {
    const needles = needlesOf(marks);
    const found = new Set<number>();
    for (const [index, pid] of processIds().entries()) {
      if (index % processLimits.scanBatch === processLimits.scanBatch - 1) await turn();
      const environment = environmentOf(pid);
      if (needles.every((needle) => hasVariable(environment, needle))) found.add(pid);
    }
    return found;
  }

  async #run(): Promise<void> {
    this.#running = true;
    let searches: Search[] = [];
    try {
      await turn(); // Whoever else asks in this turn of the event loop joins the first pass.
      for (
        let pause: number = processLimits.pollMs;
        this.#waiting.length > 0;
        pause = Math.min(pause * 2, processLimits.pollMsMax)
      ) {
        searches = this.#waiting;
        this.#waiting = [];
        await this.#pass(searches);
        const again = searches.filter((search) => search.found && performance.now() < search.until);
        for (const search of searches) if (!again.includes(search)) search.answer(search.killed.size);
        this.#waiting.unshift(...again);
        if (again.length > 0) await sleep(pause);
      }
    } catch (error) {
      for (const search of [...searches, ...this.#waiting.splice(0)]) search.fail(error);
    } finally {
      this.#running = false;
    }
  }

  async #pass(searches: Search[]): Promise<void> {
    for (const search of searches) search.found = false;
    const spared = new Set([process.pid, ...this.#spared()]);
    for (const [index, pid] of processIds().entries()) {
      if (index % processLimits.scanBatch === processLimits.scanBatch - 1) await turn();
      if (spared.has(pid)) continue;
      const environment = environmentOf(pid);
      for (const search of searches) {
        if (search.spared.has(pid) || !search.needles.every((needle) => hasVariable(environment, needle))) continue;
        search.found = true;
        search.killed.add(pid);
        killProcess(pid);
      }
    }
  }
}

function needlesOf(marks: Environment): Buffer[] {
  const needles = Object.entries(marks).map(([name, value]) => Buffer.from(`${name}=${value}\0`));
  if (needles.length === 0) throw new Error("at least one mark is needed: without one, every process would be meant");
  return needles;
}

function hasVariable(environment: Buffer, needle: Buffer): boolean {
  for (let at = environment.indexOf(needle); at !== -1; at = environment.indexOf(needle, at + 1)) {
    if (at === 0 || environment[at - 1] === 0) return true;
  }
  return false;
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}
