/**
 * Trunk checks: run behind the landings on the newest tip only, so that a burst of landings costs one check. Green
 * advances when they pass; when they fail after they had passed, those whose tasks landed in between hear of it.
 */
import { idText, type Commit, type RunId } from "../domain/ids.ts";
import type { Limits } from "../domain/limits.ts";
import type { CheckCommand, RunConfig } from "../domain/run-config.ts";
import { readScore, type AcceptanceResult } from "../domain/verdict.ts";
import type { Commands, Trunk } from "./ports.ts";
import { deliver } from "./queueing.ts";
import type { LandedTask, Store, Transition } from "./store-port.ts";

type CheckOrder = {
  commands: Commands;
  run: RunId;
  list: CheckCommand[];
  directory: string;
  limits: Limits;
  signal: AbortSignal;
};

/** Runs the commands one after the other; an abort ends the rest as failed. */
export async function runChecks({
  commands,
  run,
  list,
  directory,
  limits,
  signal,
}: CheckOrder): Promise<AcceptanceResult[]> {
  const results: AcceptanceResult[] = [];
  for (const { name, command, timeoutMs } of list) {
    const result = await commands.run({
      run,
      command,
      directory,
      timeoutMs: timeoutMs ?? limits.commandMs,
      outputBytesMax: limits.evidenceBytesMax,
      signal,
    });
    const timedOut = result.timedOut ? `\n(killed after ${timeoutMs ?? limits.commandMs} ms)` : "";
    results.push({
      name,
      command,
      passed: result.exitCode === 0,
      exitCode: result.exitCode,
      score: readScore(result.output),
      ms: result.ms,
      output: result.output + timedOut,
    });
  }
  return results;
}

export class Checks {
  readonly #store: Store;
  readonly #trunk: Trunk;
  readonly #commands: Commands;
  readonly #run: RunId;
  readonly #config: RunConfig;
  readonly #report: (error: unknown) => void;
  readonly #stopped = new AbortController();
  #last: { commit: Commit; results: AcceptanceResult[] } | null = null;
  #wanted: Commit | null = null;
  #working: Promise<void> | null = null;
  #checkouts = 0;

  constructor(
    store: Store,
    trunk: Trunk,
    commands: Commands,
    run: RunId,
    config: RunConfig,
    report: (error: unknown) => void,
  ) {
    this.#store = store;
    this.#trunk = trunk;
    this.#commands = commands;
    this.#run = run;
    this.#config = config;
    this.#report = report;
  }

  /** The trunk's tip is now `tip`; cheap, coalesced. */
  tipMoved(tip: Commit): void {
    if (this.#config.checks.length === 0 || this.#stopped.signal.aborted || tip === this.#last?.commit) return;
    this.#wanted = tip;
    this.#working ??= this.#work().finally(() => (this.#working = null));
  }

  /** The results on exactly this commit, run now if they are not known; none when aborted. */
  async resultsFor(commit: Commit, signal: AbortSignal): Promise<AcceptanceResult[]> {
    await Promise.race([this.#working, aborted(signal)]);
    if (signal.aborted) return [];
    if (this.#last?.commit === commit) return this.#last.results;
    return this.#check(commit, signal);
  }

  /** Cuts what runs and waits for it. Repeatable. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#working;
  }

  async #work(): Promise<void> {
    while (this.#wanted && !this.#stopped.signal.aborted) {
      const commit = this.#wanted;
      this.#wanted = null;
      if (commit === this.#last?.commit) continue;
      try {
        await this.#check(commit, this.#stopped.signal);
      } catch (error) {
        this.#report(error);
      }
    }
  }

  async #check(commit: Commit, signal: AbortSignal): Promise<AcceptanceResult[]> {
    const workspace = await this.#trunk.openWorkspace(this.#run, `checks-${++this.#checkouts}`, commit);
    try {
      const list = this.#config.checks;
      const results = await runChecks({
        commands: this.#commands,
        run: this.#run,
        list,
        directory: workspace.path,
        limits: this.#config.limits,
        signal,
      });
      if (!signal.aborted) await this.#record(commit, results);
      return results;
    } finally {
      await workspace.remove();
    }
  }

  async #record(commit: Commit, results: AcceptanceResult[]): Promise<void> {
    const failed = results.filter((result) => !result.passed);
    this.#last = { commit, results };
    await this.#store.transition(this.#run, async (tx) => {
      const redSince = await tx.redSince();
      await tx.insertChecks(commit, failed.length === 0, results);
      if (failed.length === 0) {
        await tx.updateRun({ green: commit });
        await tx.verifyLandings(commit);
        await tx.addEvent("checks.passed", {}, { commit, ...(redSince !== null && { redMs: tx.now - redSince }) });
        return;
      }
      const { landings, omitted } = await tx.landingsBetween(tx.run.green, commit, suspectsMax);
      const suspects = landings.map(({ task }) => idText("task", task));
      await tx.addEvent(
        "checks.failed",
        {},
        { commit, failed: failed.map(({ name }) => name), suspects, suspectsOmitted: omitted },
      );
      // Who was told that it is red need not hear it again with every landing.
      if (redSince === null) await tellOfRed(tx, commit, failed, { landings, omitted });
    });
  }
}

/** Landings between green and red that are named; more of them make it unclear whose fault it is. */
const suspectsMax = 10;

/** The planners whose tasks may have broken it; the root when there are too many, or none of them is there any more. */
async function tellOfRed(
  tx: Transition,
  red: Commit,
  failed: AcceptanceResult[],
  { landings, omitted }: { landings: LandedTask[]; omitted: number },
): Promise<void> {
  const cycle = await tx.cycle();
  if (cycle?.state.status !== "working") return;
  const planners = await tx.plannersOfCycle(cycle.id);
  const suspected = new Set(landings.map(({ planner }) => planner));
  const theirs = planners.filter(({ id, status }) => suspected.has(id) && status === "active");
  const told = omitted === 0 && theirs.length > 0 ? theirs : planners.filter(({ parent }) => parent === null);
  const message = {
    kind: "trunk_red",
    red,
    green: tx.run.green,
    detail: failed.map((result) => `${result.name}:\n${result.output}`).join("\n\n"),
    suspects: landings.map(({ task, title, commit }) => ({ task, title, commit })),
    suspectsOmitted: omitted,
  } as const;
  for (const { id } of told) await deliver(tx, id, message);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
